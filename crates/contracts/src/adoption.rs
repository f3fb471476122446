//! What adoption tells: customers, assignments, plans, their syncs, and customer tasks.

mod deployments;
mod events;
mod health;
mod notes;
mod outcomes;
mod solutions;
mod syncs;

pub use deployments::*;
pub use events::*;
pub use health::*;
pub use notes::*;
pub use outcomes::*;
pub use solutions::*;
pub use syncs::*;

use kernel::{
    AssignmentId, AttributeId, CustomerAttributeId, CustomerId, CustomerTaskId, Hundredths, OutcomeId, PlanId,
    ProductId, ReleaseId, SolutionId, SolutionPlanId, TagId, TaskId, Timestamp, UserId,
};
use rules::DataType;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::Aggregate;
use crate::catalog::LicenseLevel;

kernel::text_enum! {
    /// Where a customer stands with a task.
    pub enum TaskStatus {
        /// Nothing is known yet.
        NotStarted = "NOT_STARTED",
        /// Begun.
        InProgress = "IN_PROGRESS",
        /// Done; `COMPLETED` is accepted on input and never returned.
        Done = "DONE" | "COMPLETED",
        /// Left out of every sum.
        NotApplicable = "NOT_APPLICABLE",
        /// Was proved by telemetry; the proof has vanished.
        NoLongerUsing = "NO_LONGER_USING",
    }
}

kernel::text_enum! {
    /// Who set a status. Taken from the path a change came by, never from the caller.
    pub enum StatusSource {
        /// A person.
        Manual = "MANUAL",
        /// The evaluation of telemetry.
        Telemetry = "TELEMETRY",
        /// An import.
        Import = "IMPORT",
        /// The platform: the first status, also when all that telemetry had said of it was taken back, and eligibility.
        System = "SYSTEM",
    }
}

impl TaskStatus {
    /// Whether the catalog no longer has the task for this customer: only a sync says of the platform's own accord that a task
    /// is not applicable.
    #[must_use]
    pub fn is_retired(self, source: StatusSource) -> bool {
        self == Self::NotApplicable && source == StatusSource::System
    }
}

/// A plan's own copy of a telemetry attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerAttribute {
    /// Its id in this plan: what telemetry is sent for.
    pub id: CustomerAttributeId,
    /// The catalog's attribute it was copied from.
    pub original_attribute_id: AttributeId,
    /// Its name, unique in the task.
    pub name: String,
    /// What it measures.
    pub description: Option<String>,
    /// The type of its values.
    pub data_type: DataType,
    /// Whether the task needs it to be met.
    pub is_required: bool,
    /// The criterion in its canonical form; null: it is only recorded.
    pub success_criteria: Option<Value>,
    /// Its place among the task's attributes.
    pub display_order: i32,
    /// Inactive attributes are not evaluated.
    pub is_active: bool,
}

/// A customer task: a plan's own copy of a task, with a status.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerTaskView {
    /// The customer task's id.
    pub id: CustomerTaskId,
    /// Raised by every change.
    pub version: i64,
    /// The plan it belongs to.
    pub plan_id: PlanId,
    /// The assignment of that plan: what telemetry is sent for.
    pub assignment_id: AssignmentId,
    /// The catalog's task it was copied from.
    pub original_task_id: TaskId,
    /// What is to be done.
    pub name: String,
    /// More about it.
    pub description: Option<String>,
    /// Remarks for those who do it.
    pub notes: Option<String>,
    /// Percent of the product's whole, with two places.
    pub weight: Hundredths,
    /// Its place in the plan.
    pub sequence_number: i32,
    /// The licence level that includes it.
    pub license_level: LicenseLevel,
    /// Estimated minutes.
    pub est_minutes: i32,
    /// Links to documents.
    pub how_to_doc: Vec<String>,
    /// Links to videos.
    pub how_to_video: Vec<String>,
    /// The outcomes it serves.
    pub outcome_ids: Vec<OutcomeId>,
    /// The releases it belongs to.
    pub release_ids: Vec<ReleaseId>,
    /// Its tags.
    #[serde(default)]
    pub tag_ids: Vec<TagId>,
    /// Where the customer stands.
    pub status: TaskStatus,
    /// Who set the status.
    pub status_source: StatusSource,
    /// When the status last changed.
    pub status_updated_at: Timestamp,
    /// The person who last set it; null for telemetry and the platform.
    pub status_updated_by: Option<UserId>,
    /// When it was done, while it is.
    pub completed_at: Option<Timestamp>,
    /// Its telemetry attributes, in order.
    pub attributes: Vec<CustomerAttribute>,
    /// How far they are met; null when none counts.
    pub telemetry: Option<TelemetryProgress>,
}

/// Where a customer task stands, and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusOf {
    /// The customer task.
    pub id: CustomerTaskId,
    /// Where the customer stands.
    pub status: TaskStatus,
    /// Who set the status.
    pub status_source: StatusSource,
}

/// How far the telemetry attributes of a customer task are met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TelemetryProgress {
    /// Active attributes.
    pub active: i32,
    /// Those of them that are required.
    pub required: i32,
    /// Those that have data.
    pub with_data: i32,
    /// Those whose criterion is met.
    pub met: i32,
    /// Required ones whose criterion is met.
    pub required_met: i32,
    /// Percent of the active ones that are met, with two places.
    pub percent: Hundredths,
    /// Whether there are required ones and all of them are met.
    pub all_required_met: bool,
    /// When telemetry last had something new to tell; null when it never had.
    pub evaluated_at: Option<Timestamp>,
}

/// A customer.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerView {
    /// The customer's id.
    pub id: CustomerId,
    /// Raised by every change.
    pub version: i64,
    /// The caller's own key, unique per tenant.
    pub external_key: Option<String>,
    /// What the customer is called.
    pub name: String,
    /// More about the customer.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was deleted, if it was.
    pub deleted_at: Option<Timestamp>,
}

/// A product or a solution assigned to a customer.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssignmentView {
    /// The assignment's id: what telemetry is sent for.
    pub id: AssignmentId,
    /// Raised by every change.
    pub version: i64,
    /// The caller's own key, unique per tenant.
    pub external_key: Option<String>,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// The product; null when a solution is assigned.
    pub product_id: Option<ProductId>,
    /// The solution; null when a product is assigned.
    #[serde(default)]
    pub solution_id: Option<SolutionId>,
    /// The product's name as of the last sync, or the solution's.
    pub product_name: String,
    /// What this deployment is called; the same product may be assigned several times. A part that was made for a solution is
    /// named after the solution's assignment, the solution and the product, and is named anew when these are called otherwise,
    /// until somebody gives it a name. When it has left the solution it keeps the name that it had then.
    pub name: String,
    /// The licence level the customer holds.
    pub license_level: LicenseLevel,
    /// Of a part of a solution plan: the level that the customer has of the product by itself, below which the solution does
    /// not take it: the one that it came with, unless it was changed since. Null when the customer has no more than the
    /// solution gives, and for what is no part.
    #[serde(default)]
    pub own_license_level: Option<LicenseLevel>,
    /// Chosen outcomes; empty means all.
    pub outcome_ids: Vec<OutcomeId>,
    /// Chosen releases; empty means all.
    pub release_ids: Vec<ReleaseId>,
    /// The plan, once there is one; a solution's is that of its own tasks.
    pub plan_id: Option<PlanId>,
    /// The solution plan that it is a part of; null when it stands alone.
    #[serde(default)]
    pub solution_plan_id: Option<SolutionPlanId>,
    /// When the customer bought it.
    #[serde(default)]
    pub purchased_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An adoption plan with its sums. Its tasks are read apart.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanView {
    /// The plan's id.
    pub id: PlanId,
    /// Raised by every change of the plan or of its sums.
    pub version: i64,
    /// The assignment it serves.
    pub assignment_id: AssignmentId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// The product; null when the tasks are a solution's own.
    pub product_id: Option<ProductId>,
    /// The solution whose own tasks these are; null when they are a product's.
    #[serde(default)]
    pub solution_id: Option<SolutionId>,
    /// The solution plan that it is a part of; null when it stands alone.
    #[serde(default)]
    pub solution_plan_id: Option<SolutionPlanId>,
    /// The product's name when the plan was last made equal to the catalog, or the solution's.
    pub product_name: String,
    /// The catalog revision that it was last made equal to; after that was undone, an earlier one.
    pub catalog_revision: i64,
    /// The licence level that it is for.
    pub license_level: LicenseLevel,
    /// Chosen outcomes; empty means all.
    pub outcome_ids: Vec<OutcomeId>,
    /// Chosen releases; empty means all.
    pub release_ids: Vec<ReleaseId>,
    /// Tasks that count: all but NOT_APPLICABLE.
    pub total_tasks: i32,
    /// Tasks that are DONE.
    pub completed_tasks: i32,
    /// Weight of the tasks that count.
    pub total_weight: Hundredths,
    /// Weight of the tasks that are DONE.
    pub completed_weight: Hundredths,
    /// completedWeight / totalWeight in percent, rounded half up to two places.
    pub progress_percentage: Hundredths,
    /// When it was last made equal to the catalog.
    pub last_synced_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

macro_rules! aggregates {
    ($($view:ty),+) => {
        $(impl Aggregate for $view {
            fn id(&self) -> Uuid {
                self.id.0
            }
            fn version(&self) -> i64 {
                self.version
            }
        })+
    };
}

aggregates!(CustomerView, AssignmentView, PlanView, CustomerTaskView, SyncOperationView, SolutionPlanView);
