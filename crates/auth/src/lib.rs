//! Who is asking, and what they may do.
//!
//! Identity signs short-lived tokens; every service verifies them itself and trusts no header in their place. What a
//! caller may do is a list of patterns in the token ([`Patterns`]), matched against the [`Permission`] that a handler
//! names in its signature. Grants narrow that to single things: [`decide()`] says whether they are enough, and why.

mod decide;
mod keys;
mod patterns;
mod permission;
mod revocations;
mod service_token;
mod token;

pub use decide::{Decision, Grant, LookedAt, Question, Rule, decide, gives, is_grantable, level_held, needed};
pub use keys::{Jwk, Jwks, SigningKey};
pub use patterns::Patterns;
pub use permission::{Permission, PermissionInfo};
pub use revocations::{Revocation, Revocations, Revoked};
pub use service_token::{ServiceClaims, ServiceSigner, ServiceVerifier};
pub use token::{AUDIENCE, Claims, Confined, Granted, ISSUER, Principal, TOKEN_LIFETIME, TokenError, Verifier};
