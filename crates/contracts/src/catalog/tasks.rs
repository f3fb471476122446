//! Tasks, and what their telemetry must show.

use kernel::{AttributeId, Hundredths, OutcomeId, ProductId, ReleaseId, SolutionId, TagId, TaskId, Timestamp};
use rules::DataType;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::LicenseLevel;

/// A task as partners see it: one adoption step of a product or a solution.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskView {
    /// The task's id.
    pub id: TaskId,
    /// Raised by every change of the task, its links or its telemetry attributes.
    pub version: i64,
    /// The owner's `revision` at this change: whoever copied the owner earlier has seen less.
    #[serde(default)]
    pub revision: i64,
    /// The product that owns it; null when a solution does.
    pub product_id: Option<ProductId>,
    /// The solution that owns it; null when a product does.
    pub solution_id: Option<SolutionId>,
    /// The caller's own key, unique per tenant.
    pub external_key: Option<String>,
    /// What is to be done.
    pub name: String,
    /// More about it.
    pub description: Option<String>,
    /// Remarks for those who do it.
    pub notes: Option<String>,
    /// Percent of the owner's whole, 0 to 100 with two places.
    pub weight: Hundredths,
    /// Its place among the owner's tasks, from 1; 0 when it is deleted.
    pub sequence_number: i32,
    /// The licence level that includes it.
    pub license_level: LicenseLevel,
    /// Estimated minutes.
    pub est_minutes: i32,
    /// Links to documents.
    pub how_to_doc: Vec<String>,
    /// Links to videos.
    pub how_to_video: Vec<String>,
    /// The outcomes it serves; empty means all.
    pub outcome_ids: Vec<OutcomeId>,
    /// The releases it belongs to; empty means all.
    pub release_ids: Vec<ReleaseId>,
    /// Its tags.
    pub tag_ids: Vec<TagId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was deleted, if it was.
    pub deleted_at: Option<Timestamp>,
}

/// A telemetry attribute of a task: what is measured, and what proves the step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttributeView {
    /// The attribute's id.
    pub id: AttributeId,
    /// Raised by every change.
    pub version: i64,
    /// The task it belongs to.
    pub task_id: TaskId,
    /// The caller's own key, unique per tenant.
    pub external_key: Option<String>,
    /// Unique in the task.
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

super::aggregates! { TaskView, AttributeView }
