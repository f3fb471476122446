//! How services recognise each other: sixty-second tokens, each service with a key of its own.
//!
//! The keys are derived from the master key, which every process of the platform holds, so nothing needs to be
//! exchanged before the first call. Routes under `/internal/` accept only these tokens.

use std::collections::HashMap;

use chrono::Duration;
use jsonwebtoken::{Algorithm, DecodingKey};
use kernel::config::SERVICES;
use kernel::keys::Keyring;
use kernel::{TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::TokenError;
use crate::keys::SigningKey;
use crate::token::{decode, in_force};

const LIFETIME: Duration = Duration::seconds(60);
/// The command line speaks to internal routes as well.
const OPERATOR: &str = "cairn";

/// The claims of a service's token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServiceClaims {
    /// The calling service.
    pub iss: String,
    /// The service that is called.
    pub aud: String,
    /// The tenant it is about; absent for platform-wide work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tid: Option<TenantId>,
    /// The person behind the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<UserId>,
    /// Not before, seconds.
    pub nbf: i64,
    /// Expires, seconds.
    pub exp: i64,
}

/// Makes tokens in the name of one service.
#[derive(Debug, Clone)]
pub struct ServiceSigner {
    service: &'static str,
    key: SigningKey,
}

impl ServiceSigner {
    /// The signer of a service.
    ///
    /// # Errors
    /// When the key cannot be made.
    pub fn new(keys: &Keyring, service: &'static str) -> Result<Self, TokenError> {
        Ok(Self { service, key: service_key(keys, service)? })
    }

    /// A token for calling `audience`, valid for a minute.
    ///
    /// # Errors
    /// When signing fails.
    pub fn sign(
        &self,
        audience: &str,
        tenant: Option<TenantId>,
        act: Option<UserId>,
        now: Timestamp,
    ) -> Result<String, TokenError> {
        self.key.sign(&ServiceClaims {
            iss: self.service.to_owned(),
            aud: audience.to_owned(),
            tid: tenant,
            act,
            nbf: now.timestamp(),
            exp: (now + LIFETIME).timestamp(),
        })
    }
}

/// Verifies the tokens of other services.
pub struct ServiceVerifier {
    audience: &'static str,
    keys: HashMap<String, (&'static str, DecodingKey)>,
}

impl ServiceVerifier {
    /// The verifier of the service `audience`.
    ///
    /// # Errors
    /// When a key cannot be made.
    pub fn new(keys: &Keyring, audience: &'static str) -> Result<Self, TokenError> {
        let mut known = HashMap::new();
        for service in SERVICES.into_iter().chain([OPERATOR]) {
            let public = service_key(keys, service)?.public();
            let key = DecodingKey::from_ed_components(&public.x).map_err(|_| TokenError::Key)?;
            known.insert(public.kid, (service, key));
        }
        Ok(Self { audience, keys: known })
    }

    /// Verifies a token; returns its claims and the calling service.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<(ServiceClaims, &'static str), TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        if header.alg != Algorithm::EdDSA {
            return Err(TokenError::Invalid);
        }
        let (service, key) = header.kid.and_then(|kid| self.keys.get(&kid)).ok_or(TokenError::UnknownKey)?;
        let claims = decode::<ServiceClaims>(token, key, service, self.audience)?;
        in_force(claims.nbf, claims.exp, now)?;
        Ok((claims, service))
    }
}

fn service_key(keys: &Keyring, service: &str) -> Result<SigningKey, TokenError> {
    SigningKey::from_seed(format!("service-{service}"), &keys.current.derive(&format!("service key {service}")))
}
