//! Sessions and memberships whose tokens stopped counting before they expired.

use std::collections::HashMap;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};

use kernel::{SessionId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::token::{Principal, TOKEN_LIFETIME};

/// Whose tokens no longer count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Revocation {
    /// One sign-in.
    Session(SessionId),
    /// All sign-ins of a member in one tenant: suspended, or other roles.
    Member(TenantId, UserId),
    /// Everybody in a tenant: suspended, or closing.
    Tenant(TenantId),
}

impl Revocation {
    const fn key(self) -> (Uuid, Uuid) {
        match self {
            Self::Session(session) => (session.0, Uuid::nil()),
            Self::Member(tenant, user) => (tenant.0, user.0),
            Self::Tenant(tenant) => (tenant.0, Uuid::nil()),
        }
    }
}

/// Tokens that were issued up to a moment no longer count: as identity lists them for verifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revoked {
    /// Whose tokens.
    pub what: Revocation,
    /// The moment.
    pub not_before: Timestamp,
}

/// What was revoked within a token's life; older tokens have expired by themselves.
#[derive(Debug, Default)]
pub struct Revocations {
    not_before_ms: RwLock<HashMap<(Uuid, Uuid), i64>>,
    known: AtomicBool,
}

impl Revocations {
    /// Notes a revocation: tokens issued up to and including `not_before` are refused.
    pub fn add(&self, what: Revocation, not_before: Timestamp, now: Timestamp) {
        let forget_before = (now - TOKEN_LIFETIME * 2).timestamp_millis();
        let mut all = self.not_before_ms.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        all.retain(|_, at| *at >= forget_before);
        let at = all.entry(what.key()).or_default();
        *at = (*at).max(not_before.timestamp_millis());
    }

    /// Notes what identity lists: from here on nothing is missing that it revoked before.
    pub fn load(&self, listed: &[Revoked], now: Timestamp) {
        listed.iter().for_each(|revoked| self.add(revoked.what, revoked.not_before, now));
        self.known.store(true, Ordering::Release);
    }

    /// Whether identity's list has been loaded.
    #[must_use]
    pub fn are_known(&self) -> bool {
        self.known.load(Ordering::Acquire)
    }

    /// Whether a token no longer counts.
    #[must_use]
    pub fn revoked(&self, principal: &Principal) -> bool {
        let all = self.not_before_ms.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if all.is_empty() {
            return false;
        }
        let at = |what: Revocation| all.get(&what.key());
        // A session never comes back, whenever its last token was made; a member or a tenant goes on with newer tokens.
        let ended = |what| at(what).is_some_and(|at| principal.issued_ms <= *at);
        at(Revocation::Session(principal.session)).is_some()
            || ended(Revocation::Member(principal.tenant, principal.user))
            || ended(Revocation::Tenant(principal.tenant))
    }
}
