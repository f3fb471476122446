//! How much each part of a customer's health weighs.

use kernel::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Aggregate;

/// The weights of a tenant. They sum to 100.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthWeightsView {
    /// Whose they are.
    pub tenant_id: TenantId,
    /// Raised by every change; 0 while the tenant has the defaults.
    pub version: i64,
    /// Of how far the assigned products have come.
    pub adoption: i32,
    /// Of how fast tasks are done.
    pub velocity: i32,
    /// Of how fresh the telemetry is.
    pub freshness: i32,
    /// Of open tickets.
    pub tickets: i32,
    /// When they last changed.
    pub updated_at: Option<Timestamp>,
}

impl Aggregate for HealthWeightsView {
    fn id(&self) -> Uuid {
        self.tenant_id.0
    }
    fn version(&self) -> i64 {
        self.version
    }
}
