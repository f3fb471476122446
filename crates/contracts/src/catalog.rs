//! What catalog tells: products, solutions, tasks and what hangs on them.

use kernel::{AttributeId, Hundredths, OutcomeId, ProductId, ReleaseId, SolutionId, TagId, TaskId, Timestamp};
use rules::DataType;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{Aggregate, EventSpec, EventType};

/// A product as partners see it, over HTTP and in events.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductView {
    /// The product's id.
    pub id: ProductId,
    /// Raised by every change of the product itself.
    pub version: i64,
    /// Raised by every change of the product or of anything under it.
    pub revision: i64,
    /// The caller's own key, unique per tenant.
    pub external_key: Option<String>,
    /// Unique among the tenant's products that are not deleted.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// Links that help, in order.
    pub resources: Vec<Resource>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was deleted, if it was.
    pub deleted_at: Option<Timestamp>,
}

/// A labelled link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// What the link is called.
    pub label: String,
    /// Where it leads: http or https.
    pub url: String,
}

kernel::text_enum! {
    /// How much a licence includes; each level includes the ones before it.
    pub enum LicenseLevel {
        /// The basics.
        Essential = "ESSENTIAL",
        /// More.
        Advantage = "ADVANTAGE",
        /// Everything.
        Signature = "SIGNATURE",
    }
}

/// A task as partners see it: one adoption step of a product or a solution.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskView {
    /// The task's id.
    pub id: TaskId,
    /// Raised by every change of the task, its links or its telemetry attributes.
    pub version: i64,
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
    /// Its place among the owner's tasks, from 1.
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

/// Everything a plan is made from, at one moment: the answer of catalog's internal blueprint route.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductBlueprint {
    /// The product, with the revision that this blueprint shows.
    pub product: ProductView,
    /// Its tasks that are not deleted, in order.
    pub tasks: Vec<TaskBlueprint>,
    /// Ids of all its outcomes: a selection must be among them.
    pub outcome_ids: Vec<OutcomeId>,
    /// Ids of all its releases: a selection must be among them.
    pub release_ids: Vec<ReleaseId>,
}

/// A task with its telemetry attributes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskBlueprint {
    /// The task.
    pub task: TaskView,
    /// Its telemetry attributes, in order.
    pub attributes: Vec<AttributeView>,
}

impl Aggregate for TaskView {
    fn id(&self) -> Uuid {
        self.id.0
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Aggregate for ProductView {
    fn id(&self) -> Uuid {
        self.id.0
    }
    fn version(&self) -> i64 {
        self.version
    }
}

/// A product was made.
pub const PRODUCT_CREATED: EventType<ProductView> = EventType::new("catalog.product.created", "A product was made.");
/// A product's own fields changed.
pub const PRODUCT_CHANGED: EventType<ProductView> = EventType::new("catalog.product.changed", "A product's own fields changed.");
/// A product was deleted; it can be restored.
pub const PRODUCT_DELETED: EventType<ProductView> = EventType::new("catalog.product.deleted", "A product was deleted; it can be restored.");
/// A deleted product came back.
pub const PRODUCT_RESTORED: EventType<ProductView> = EventType::new("catalog.product.restored", "A deleted product came back.");

/// The event types of this service.
#[must_use]
pub fn events() -> Vec<EventSpec> {
    vec![PRODUCT_CREATED.spec(), PRODUCT_CHANGED.spec(), PRODUCT_DELETED.spec(), PRODUCT_RESTORED.spec()]
}
