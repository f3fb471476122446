//! Access tokens: EdDSA JWTs of ten minutes, verified by every service and cached until they expire.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::Duration;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use kernel::{CustomerId, SessionId, TenantId, Timestamp, UserId};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::decide::is_grantable;
use crate::keys::Jwks;
use crate::patterns::Patterns;
use crate::revocations::Revocations;

/// Who signs the tokens of people.
pub const ISSUER: &str = "cairn-identity";
/// Whom the tokens of people are for.
pub const AUDIENCE: &str = "cairn";
/// How long an access token lives.
pub const TOKEN_LIFETIME: Duration = Duration::minutes(10);
/// Clocks of two machines may differ by this much.
const LEEWAY_SECONDS: i64 = 5;
const CACHED_TOKENS: usize = 20_000;

/// The claims of an access token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// The user.
    pub sub: UserId,
    /// The tenant.
    pub tid: TenantId,
    /// The session.
    pub sid: SessionId,
    /// What the bearer may do.
    pub perms: Patterns,
    /// The bearer must change the password before anything else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pwc: bool,
    /// The bearer must set up a second factor before anything else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub enr: bool,
    /// The bearer is a partner's program: `sub` is its service account, `sid` the key it came with.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cli: bool,
    /// Whose grants count for the bearer, when there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grt: Option<Granted>,
    /// What the bearer's key is confined to, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub con: Option<Confined>,
    /// When the bearer last proved who they are, seconds.
    #[serde(default)]
    pub auth_time: i64,
    /// Issued at, seconds.
    pub iat: i64,
    /// Issued at, milliseconds: what revocations are compared with.
    pub ims: i64,
    /// Not before, seconds.
    pub nbf: i64,
    /// Expires, seconds.
    pub exp: i64,
}

/// Whose grants count for a caller: the grants themselves are kept where the things are that they are about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// The caller's own id and those of their roles, as far as they have grants.
    #[serde(rename = "s")]
    pub subjects: Vec<Uuid>,
    /// What a key allows at most, whatever its account is granted.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Patterns>,
}

/// What a key is confined to: to send telemetry so, and to do nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confined {
    /// For these customers; when there are none, for all that the caller may send for.
    #[serde(rename = "c", default, skip_serializing_if = "Vec::is_empty")]
    pub customers: Vec<CustomerId>,
    /// From this source.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A verified caller.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The tenant the caller acts in.
    pub tenant: TenantId,
    /// The person.
    pub user: UserId,
    /// The sign-in.
    pub session: SessionId,
    /// What the caller may do.
    pub permissions: Patterns,
    /// Whose grants count for the caller.
    pub granted: Option<Granted>,
    /// What the caller's key is confined to: whoever takes such a caller keeps within it, and nobody else takes them.
    pub confined: Option<Confined>,
    /// A partner's program, not a person: `user` is its service account, `session` the key it came with.
    pub is_client: bool,
    /// Nothing but changing the password is allowed yet.
    pub must_change_password: bool,
    /// Nothing but setting up a second factor is allowed yet.
    pub must_enrol: bool,
    /// When the caller last proved who they are, in seconds.
    pub authenticated_at: i64,
    /// When the token was issued, in milliseconds.
    pub issued_ms: i64,
    expires: i64,
}

impl Principal {
    /// Whether the caller may do something by a grant, on some thing or other.
    #[must_use]
    pub fn may_somewhere(&self, permission: &str) -> bool {
        let within = |granted: &Granted| granted.within.as_ref().is_none_or(|within| within.allow(permission));
        self.granted.as_ref().is_some_and(within) && is_grantable(permission)
    }
}

/// Why a token does not count. The caller is told no more than that it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a JWT, not EdDSA, a wrong signature, issuer or audience.
    #[error("the token is not one of ours")]
    Invalid,
    /// It has expired or is not valid yet.
    #[error("the token has expired, or is not valid yet")]
    Expired,
    /// Its session has ended.
    #[error("the session has ended")]
    Revoked,
    /// Signed with a key we have not seen: load the keys again and try once more.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// A key could not be used.
    #[error("the key cannot be used")]
    Key,
}

/// Verifies access tokens with the keys of JWKS. Shared by all workers of a process.
pub struct Verifier {
    keys: ArcSwap<HashMap<String, DecodingKey>>,
    cache: Cache<[u8; 32], Arc<Principal>>,
    revocations: Revocations,
}

impl Default for Verifier {
    fn default() -> Self {
        Self { keys: ArcSwap::default(), cache: Cache::new(CACHED_TOKENS), revocations: Revocations::default() }
    }
}

impl Verifier {
    /// Replaces the keys.
    pub fn set_keys(&self, jwks: &Jwks) {
        let keys = jwks
            .keys
            .iter()
            .filter_map(|key| DecodingKey::from_ed_components(&key.x).ok().map(|decoding| (key.kid.clone(), decoding)));
        self.keys.store(Arc::new(keys.collect()));
    }

    /// Whether any key is known yet.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.keys.load().is_empty()
    }

    /// What has been revoked.
    #[must_use]
    pub fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    /// Verifies a token; the signature only the first time it is seen, expiry and revocation every time.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Arc<Principal>, TokenError> {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let principal = match self.cache.get(&hash) {
            Some(principal) => principal,
            None => {
                let principal = Arc::new(self.read(token, now)?);
                self.cache.insert(hash, Arc::clone(&principal));
                principal
            }
        };
        self.still_counts(&principal, now)?;
        Ok(principal)
    }

    /// Whether a caller who was verified before may go on: for what lasts longer than a request.
    ///
    /// # Errors
    /// When the token has expired or its session has ended.
    pub fn still_counts(&self, principal: &Principal, now: Timestamp) -> Result<(), TokenError> {
        if principal.expires.saturating_add(LEEWAY_SECONDS) <= now.timestamp() {
            return Err(TokenError::Expired);
        }
        if self.revocations.revoked(principal) {
            return Err(TokenError::Revoked);
        }
        Ok(())
    }

    fn read(&self, token: &str, now: Timestamp) -> Result<Principal, TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        if header.alg != Algorithm::EdDSA {
            return Err(TokenError::Invalid);
        }
        let kid = header.kid.ok_or(TokenError::Invalid)?;
        let keys = self.keys.load();
        let key = keys.get(&kid).ok_or(TokenError::UnknownKey)?;
        let claims = decode::<Claims>(token, key, ISSUER, AUDIENCE)?;
        in_force(claims.nbf, claims.exp, now)?;
        Ok(Principal {
            tenant: claims.tid,
            user: claims.sub,
            session: claims.sid,
            permissions: claims.perms,
            granted: claims.grt,
            confined: claims.con,
            is_client: claims.cli,
            must_change_password: claims.pwc,
            must_enrol: claims.enr,
            authenticated_at: claims.auth_time,
            issued_ms: claims.ims,
            expires: claims.exp,
        })
    }
}

/// Checks signature, issuer and audience. Times are checked by [`in_force`], against our own clock.
pub(crate) fn decode<T: serde::de::DeserializeOwned + Clone>(
    token: &str,
    key: &DecodingKey,
    issuer: &str,
    audience: &str,
) -> Result<T, TokenError> {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.validate_exp = false;
    jsonwebtoken::decode::<T>(token, key, &validation).map(|data| data.claims).map_err(|_| TokenError::Invalid)
}

pub(crate) fn in_force(not_before: i64, expires: i64, now: Timestamp) -> Result<(), TokenError> {
    let now = now.timestamp();
    if expires.saturating_add(LEEWAY_SECONDS) <= now || not_before > now + LEEWAY_SECONDS {
        return Err(TokenError::Expired);
    }
    Ok(())
}
