//! What telemetry tells: the facts of a customer task; and what it answers.

use kernel::{AssignmentId, CustomerAttributeId, CustomerTaskId, RefusalId, Timestamp};
use rules::DataType;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::adoption::TaskStatus;
use crate::{Aggregate, EventSpec, EventType};

mod batches;
mod metric_rules;
mod settings;

pub use batches::{BATCH_RETRACTED, BatchView};
pub use metric_rules::{METRIC_RULE_CHANGED, METRIC_RULE_CREATED, METRIC_RULE_DELETED, MetricRuleView};
pub use settings::{SETTINGS_CHANGED, SettingsView};

/// What the values say about one customer task. Adoption decides the status from this alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskFacts {
    /// The customer task.
    pub customer_task_id: CustomerTaskId,
    /// The assignment of its plan.
    pub assignment_id: AssignmentId,
    /// Raised whenever it says something else.
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
    /// Where the task stands by its values alone, in whatever order they came: what the rules end in when each observation
    /// comes in the order of its moment. What a person has said goes before it.
    pub standing: TaskStatus,
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

kernel::text_enum! {
    /// Why a value was refused.
    pub enum RefusalCode {
        /// Not JSON, a field that is missing, unknown or of the wrong type.
        ValueMalformed = "VALUE_MALFORMED",
        /// An event id, source or note that is too long or holds control characters.
        TextInvalid = "TEXT_INVALID",
        /// It says another source than the one that its key is confined to.
        SourceDenied = "SOURCE_DENIED",
        /// `observedAt` is missing or not an RFC 3339 time with its offset.
        ObservedAtInvalid = "OBSERVED_AT_INVALID",
        /// Older than values are kept.
        ObservedAtTooEarly = "OBSERVED_AT_TOO_EARLY",
        /// More than five minutes ahead of our clock.
        ObservedAtInFuture = "OBSERVED_AT_IN_FUTURE",
        /// Larger than 4 KiB.
        ValueTooLarge = "VALUE_TOO_LARGE",
        /// Not of the attribute's type.
        ValueTypeWrong = "VALUE_TYPE_WRONG",
        /// The tenant has no such assignment, or it was removed.
        AssignmentUnknown = "ASSIGNMENT_UNKNOWN",
        /// The assignment's plan has no such attribute.
        AttributeUnknown = "ATTRIBUTE_UNKNOWN",
        /// Several tasks of the plan have an attribute of this name.
        AttributeAmbiguous = "ATTRIBUTE_AMBIGUOUS",
    }
}

/// What became of a batch: `accepted + duplicate + refused = sent`, always.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchReceipt {
    /// The batch: values and refusals carry it.
    pub batch_id: Uuid,
    /// Values sent.
    pub sent: usize,
    /// Values stored now.
    pub accepted: usize,
    /// Values that were stored before.
    pub duplicate: usize,
    /// Values that were refused; they are kept, and can be replayed.
    pub refused: usize,
    /// Whether the batch's `complete` declaration was applied. It is not when a value was refused.
    pub completed: bool,
    /// The first 100 refusals; GET /telemetry/v1/refusals?batchId= lists all.
    pub refusals: Vec<RefusedValue>,
}

/// One refused value of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefusedValue {
    /// The refusal: POST /telemetry/v1/refusals/{id}/replay tries again.
    pub id: RefusalId,
    /// Its place in the batch, counted from 0.
    pub index: i32,
    /// Why.
    pub code: RefusalCode,
    /// What is wrong and what to do.
    pub detail: String,
}

/// A refused value as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefusalView {
    /// The refusal's id.
    pub id: RefusalId,
    /// The batch it came in.
    pub batch_id: Uuid,
    /// When it came.
    pub received_at: Timestamp,
    /// Its place in the batch, counted from 0.
    pub index: i32,
    /// Why it was refused, at its last try.
    pub code: RefusalCode,
    /// What is wrong and what to do.
    pub detail: String,
    /// The value as it was sent first.
    pub payload: String,
    /// When a replay succeeded.
    pub replayed_at: Option<Timestamp>,
}

/// A telemetry attribute of a customer's plan, with what the values say of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
// The catalog has an `AttributeView` as well, and the merged contract one list of names.
#[schema(as = CustomerAttributeView)]
pub struct AttributeView {
    /// The attribute's id in the plan: what values are sent for.
    pub id: CustomerAttributeId,
    /// The assignment of the plan.
    pub assignment_id: AssignmentId,
    /// The customer task it belongs to.
    pub customer_task_id: CustomerTaskId,
    /// The name of that task.
    pub task_name: String,
    /// Its name, unique in the task.
    pub name: String,
    /// The type of its values.
    pub data_type: DataType,
    /// Whether the task needs it to be met.
    pub is_required: bool,
    /// Inactive attributes take values but do not count.
    pub is_active: bool,
    /// Whether a latest value exists that no complete feed has left out since.
    pub has_data: bool,
    /// Whether the latest value meets the criterion.
    pub is_met: bool,
    /// The value observed last; null when there is none.
    pub latest_value: Value,
    /// When it was observed.
    pub latest_observed_at: Option<Timestamp>,
    /// When it was last held against the criterion.
    pub last_checked_at: Option<Timestamp>,
    /// When the outcome could change with the same value.
    pub recheck_at: Option<Timestamp>,
}

/// How fresh the data of an assignment are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssignmentFreshness {
    /// The assignment.
    pub assignment_id: AssignmentId,
    /// Its attributes that ever had a value and still count.
    pub attributes: i64,
    /// Those of them that had one since the moment that was asked about.
    pub fresh: i64,
}

/// One value of an attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValueView {
    /// The value's identity, made from the attribute, `observedAt` and the sender's event id.
    pub event_id: Uuid,
    /// When it was observed.
    pub observed_at: Timestamp,
    /// The value.
    pub value: Value,
    /// Where it came from, as the sender says.
    pub source: Option<String>,
    /// The sender's remarks.
    pub notes: Option<String>,
    /// The batch it came in first.
    pub batch_id: Uuid,
    /// When it came.
    pub received_at: Timestamp,
}

/// The facts of a customer task changed.
pub const TASK_FACTS_CHANGED: EventType<TaskFacts> = EventType::new(
    "telemetry.task-facts.changed",
    "The values received say something new about a customer task.",
    "telemetry:value:read",
);

/// The event types of this service.
#[must_use]
pub fn events() -> Vec<EventSpec> {
    vec![
        TASK_FACTS_CHANGED.spec(),
        BATCH_RETRACTED.spec(),
        METRIC_RULE_CREATED.spec(),
        METRIC_RULE_CHANGED.spec(),
        METRIC_RULE_DELETED.spec(),
        SETTINGS_CHANGED.spec(),
    ]
}
