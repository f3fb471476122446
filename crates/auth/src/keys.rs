//! Ed25519 keys: how tokens are signed, and their public halves as JWKS (RFC 7517, RFC 8037).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};

use crate::TokenError;

/// A public key as JWKS lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Jwk {
    /// Key type: always `OKP`.
    pub kty: String,
    /// Curve: always `Ed25519`.
    pub crv: String,
    /// Key id, as tokens name it in their header.
    pub kid: String,
    /// Algorithm: always `EdDSA`.
    pub alg: String,
    /// Use: always `sig`.
    #[serde(rename = "use")]
    pub usage: String,
    /// The public key, base64url.
    pub x: String,
}

/// The public keys that tokens may be signed with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
}

/// A private key with its id.
#[derive(Clone)]
pub struct SigningKey {
    kid: String,
    secret: ed25519_dalek::SigningKey,
    encoding: EncodingKey,
}

impl SigningKey {
    /// The key of a 32-byte seed.
    ///
    /// # Errors
    /// When the key cannot be encoded; no seed is known to cause it.
    pub fn from_seed(kid: impl Into<String>, seed: &[u8; 32]) -> Result<Self, TokenError> {
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let der = secret.to_pkcs8_der().map_err(|_| TokenError::Key)?;
        Ok(Self { kid: kid.into(), encoding: EncodingKey::from_ed_der(der.as_bytes()), secret })
    }

    /// Signs claims as a compact JWT whose header names this key.
    ///
    /// # Errors
    /// When the claims do not serialise.
    pub fn sign<T: Serialize>(&self, claims: &T) -> Result<String, TokenError> {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &self.encoding).map_err(|_| TokenError::Key)
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> Jwk {
        Jwk {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            kid: self.kid.clone(),
            alg: "EdDSA".to_owned(),
            usage: "sig".to_owned(),
            x: URL_SAFE_NO_PAD.encode(self.secret.verifying_key().as_bytes()),
        }
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}
