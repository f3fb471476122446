//! Asking identity.

use contracts::identity::settings::QuotaSettings;
use kernel::{Actor, Problem, Secret};
use serde::Deserialize;
use serde_json::json;

use crate::caller::{Caller, Line};

/// A line to identity.
#[derive(Debug, Clone)]
pub struct Identity(Line);

/// A token that a key was exchanged for.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyToken {
    /// The token.
    pub access_token: Secret<String>,
    /// Seconds until it expires.
    pub expires_in: i64,
}

impl Identity {
    /// A line to identity at these addresses.
    #[must_use]
    pub fn new(caller: Caller, upstreams: Vec<String>) -> Self {
        Self(Line::new(caller, "identity", "Identity", upstreams))
    }

    /// Exchanges an API key that came from an address for a token; `None` when the key does not count there.
    ///
    /// # Errors
    /// 503 when identity is away.
    pub async fn exchange_key(&self, key: &Secret<String>, address: &str) -> Result<Option<KeyToken>, Problem> {
        self.0.post("key-tokens", &json!({ "key": key.reveal(), "address": address })).await
    }

    /// How often one may ask in the tenant; `None` of an identity that does not tell that yet.
    ///
    /// # Errors
    /// 503 when identity is away.
    pub async fn quota_settings(&self, who: &Actor) -> Result<Option<QuotaSettings>, Problem> {
        self.0.get(who, "settings").await
    }
}
