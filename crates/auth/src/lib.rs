//! Who is asking, and what they may do.
//!
//! Identity signs short-lived tokens; every service verifies them itself and trusts no header in their place. What a
//! caller may do is a list of patterns in the token ([`Patterns`]), matched against the [`Permission`] that a handler
//! names in its signature.

mod keys;
mod patterns;
mod permission;
mod revocations;
mod service_token;
mod token;

pub use keys::{Jwk, Jwks, SigningKey};
pub use patterns::Patterns;
pub use permission::{Permission, PermissionInfo};
pub use revocations::{Revocation, Revocations, Revoked};
pub use service_token::{ServiceClaims, ServiceSigner, ServiceVerifier};
pub use token::{AUDIENCE, Claims, ISSUER, Principal, TOKEN_LIFETIME, TokenError, Verifier};
