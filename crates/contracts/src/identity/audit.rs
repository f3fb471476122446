//! What a tenant decides about its audit trail.

use kernel::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{EventSpec, EventType};

/// How long a tenant keeps its audit trail and its sign-in activity.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditPolicyView {
    /// The tenant.
    pub id: TenantId,
    /// Raised by every change; 0 while nothing was decided.
    pub version: i64,
    /// Older rows are removed, once a day.
    pub retention_days: i32,
    /// When it last changed; null while nothing was decided.
    pub updated_at: Option<Timestamp>,
}

super::aggregates!(AuditPolicyView);

/// The trail is kept for a longer or shorter time.
pub const AUDIT_POLICY_CHANGED: EventType<AuditPolicyView> =
    EventType::new("identity.audit-policy.changed", "The audit trail is kept for a longer or shorter time.");

pub(super) fn events() -> Vec<EventSpec> {
    vec![AUDIT_POLICY_CHANGED.spec()]
}
