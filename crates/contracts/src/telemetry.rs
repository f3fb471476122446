//! What telemetry tells: the facts of a customer task.

use kernel::{AssignmentId, CustomerTaskId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Aggregate, EventSpec, EventType};

/// What the latest values say about one customer task. Adoption decides the status from these counts alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskFacts {
    /// The customer task.
    pub customer_task_id: CustomerTaskId,
    /// The assignment of its plan.
    pub assignment_id: AssignmentId,
    /// Raised whenever the counts change.
    pub version: i64,
    /// Active attributes.
    pub active: i32,
    /// Active attributes that are required.
    pub required: i32,
    /// Active attributes that have data.
    pub with_data: i32,
    /// Required attributes that have data.
    pub required_with_data: i32,
    /// Active attributes whose criterion is met.
    pub met: i32,
    /// Required attributes whose criterion is met.
    pub required_met: i32,
    /// When this was evaluated.
    pub evaluated_at: Timestamp,
}

impl Aggregate for TaskFacts {
    fn id(&self) -> Uuid {
        self.customer_task_id.0
    }
    fn version(&self) -> i64 {
        self.version
    }
}

/// The facts of a customer task changed.
pub const TASK_FACTS_CHANGED: EventType<TaskFacts> =
    EventType::new("telemetry.task-facts.changed", "The values received say something new about a customer task.");

/// The event types of this service.
#[must_use]
pub fn events() -> Vec<EventSpec> {
    vec![TASK_FACTS_CHANGED.spec()]
}
