//! Sessions and memberships whose tokens stopped counting before they expired.

use std::collections::HashMap;
use std::sync::RwLock;

use kernel::{SessionId, TenantId, Timestamp, UserId};
use uuid::Uuid;

use crate::token::{Principal, TOKEN_LIFETIME};

/// Tokens of a session, or of a user in a tenant, that were issued before a moment no longer count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// One sign-in.
    Session(SessionId),
    /// All sign-ins of a member in one tenant: suspended, or other roles.
    Member(TenantId, UserId),
}

impl Revocation {
    const fn key(self) -> (Uuid, Uuid) {
        match self {
            Self::Session(session) => (session.0, Uuid::nil()),
            Self::Member(tenant, user) => (tenant.0, user.0),
        }
    }
}

/// What was revoked within a token's life; older tokens have expired by themselves.
#[derive(Debug, Default)]
pub struct Revocations {
    not_before_ms: RwLock<HashMap<(Uuid, Uuid), i64>>,
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

    /// Whether a token no longer counts.
    #[must_use]
    pub fn revoked(&self, principal: &Principal) -> bool {
        let all = self.not_before_ms.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if all.is_empty() {
            return false;
        }
        [Revocation::Session(principal.session), Revocation::Member(principal.tenant, principal.user)]
            .iter()
            .any(|what| all.get(&what.key()).is_some_and(|at| principal.issued_ms <= *at))
    }
}
