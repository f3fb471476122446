//! Asking identity.

use contracts::identity::settings::QuotaSettings;
use kernel::{Actor, Problem};

use crate::caller::{Caller, Line};

/// A line to identity.
#[derive(Debug, Clone)]
pub struct Identity(Line);

impl Identity {
    /// A line to identity at these addresses.
    #[must_use]
    pub fn new(caller: Caller, upstreams: Vec<String>) -> Self {
        Self(Line::new(caller, "identity", "Identity", upstreams))
    }

    /// How often one may ask in the tenant; `None` of an identity that does not tell that yet.
    ///
    /// # Errors
    /// 503 when identity is away.
    pub async fn quota_settings(&self, who: &Actor) -> Result<Option<QuotaSettings>, Problem> {
        self.0.get(who, "settings").await
    }
}
