//! Rules that make values of a partner's metrics.

use std::collections::BTreeMap;

use kernel::{AssignmentId, MetricRuleId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Aggregate, EventType};

/// A rule: points of this metric under these conditions are values of this attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricRuleView {
    /// The rule's id.
    pub id: MetricRuleId,
    /// Raised by every change.
    pub version: i64,
    /// The name of the metric.
    pub metric: String,
    /// What attributes of the point or its resource must say.
    pub conditions: BTreeMap<String, String>,
    /// The assignment the values are about.
    pub assignment_id: Option<AssignmentId>,
    /// In its place: the attribute of the point or its resource that says the assignment's id or external key.
    pub assignment_from: Option<String>,
    /// The telemetry attribute of the assignment's plan, by name.
    pub attribute_name: String,
    /// The task that has it, where several have one of that name.
    pub task_name: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Aggregate for MetricRuleView {
    fn id(&self) -> Uuid {
        self.id.0
    }
    fn version(&self) -> i64 {
        self.version
    }
}

const READ: &str = "telemetry:metric-rule:read";

/// A rule was made.
pub const METRIC_RULE_CREATED: EventType<MetricRuleView> =
    EventType::new("telemetry.metric-rule.created", "A rule for a partner's metrics was made.", READ);
/// A rule was changed.
pub const METRIC_RULE_CHANGED: EventType<MetricRuleView> =
    EventType::new("telemetry.metric-rule.changed", "A rule for a partner's metrics was changed.", READ);
/// A rule was deleted.
pub const METRIC_RULE_DELETED: EventType<MetricRuleView> =
    EventType::new("telemetry.metric-rule.deleted", "A rule for a partner's metrics was deleted.", READ);
