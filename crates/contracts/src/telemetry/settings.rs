//! What a tenant says about its telemetry.

use kernel::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Aggregate, EventType};

/// The telemetry settings of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TelemetrySettingsView)]
pub struct SettingsView {
    /// The tenant.
    pub tenant_id: TenantId,
    /// Raised by every change; 0 before the first.
    pub version: i64,
    /// Days that values are kept; null for as long as the platform keeps them.
    pub retention_days: Option<i32>,
    /// When they last changed; null before the first change.
    pub updated_at: Option<Timestamp>,
}

impl Aggregate for SettingsView {
    fn id(&self) -> Uuid {
        self.tenant_id.0
    }
    fn version(&self) -> i64 {
        self.version
    }
}

/// The telemetry settings were changed.
pub const SETTINGS_CHANGED: EventType<SettingsView> = EventType::new(
    "telemetry.settings.changed",
    "A tenant's telemetry settings were changed.",
    "telemetry:settings:read",
);
