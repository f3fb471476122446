//! How a person's credentials stand; never what they are.

use kernel::{TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Aggregate, EventType};

/// A person's credentials, as seen from the tenant in which they were changed.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CredentialsView {
    /// The person.
    pub user_id: UserId,
    /// Where they were signed in.
    pub tenant_id: TenantId,
    /// Milliseconds of the change: credentials belong to no tenant that could count.
    pub version: i64,
    /// When the password was last changed.
    pub password_changed_at: Timestamp,
    /// The password must be changed before anything else.
    pub must_change_password: bool,
    /// An authenticator app is set up.
    pub authenticator: bool,
    /// How many passkeys there are.
    pub passkeys: i64,
    /// Recovery codes that were not used yet.
    pub recovery_codes_left: i64,
}

impl Aggregate for CredentialsView {
    fn id(&self) -> Uuid {
        self.user_id.0
    }
    fn version(&self) -> i64 {
        self.version
    }
}

/// A person's password or second factors changed.
pub const CREDENTIALS_CHANGED: EventType<CredentialsView> = EventType::new(
    "identity.credentials.changed",
    "A person changed their password or second factors.",
    "identity:member:read",
);
