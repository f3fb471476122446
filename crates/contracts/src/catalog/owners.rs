//! Products and solutions: what owns tasks.

use kernel::{ProductId, SolutionId, TaskId, Timestamp, VersionId};
use serde::{Deserialize, Serialize};

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

/// A solution as partners see it, over HTTP and in events.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SolutionView {
    /// The solution's id.
    pub id: SolutionId,
    /// Raised by every change of the solution itself.
    pub version: i64,
    /// Raised by every change of the solution or of anything under it.
    pub revision: i64,
    /// The caller's own key, unique per tenant.
    pub external_key: Option<String>,
    /// What it is called; names may repeat.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// Links that help, in order.
    pub resources: Vec<Resource>,
    /// The products it bundles, in order.
    pub product_ids: Vec<ProductId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was deleted, if it was.
    pub deleted_at: Option<Timestamp>,
}

/// The one order of all tasks of a solution: its own and its products'.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskOrderView {
    /// The solution's id.
    pub id: SolutionId,
    /// The solution's id, as what hangs on it names it.
    pub solution_id: SolutionId,
    /// Raised by every change; 0 when nobody has put them into an order yet.
    pub version: i64,
    /// The solution's `revision` at this change.
    pub revision: i64,
    /// The tasks as they were put; those that came since stand behind them.
    pub task_ids: Vec<TaskId>,
}

/// A version: a product or a solution, with all that hangs on it, as it was when somebody gave that a name.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VersionView {
    /// Its id.
    pub id: VersionId,
    /// Raised by every change of it.
    pub version: i64,
    /// The owner's `revision` that it keeps.
    pub revision: i64,
    /// The product that it keeps; null when it keeps a solution.
    pub product_id: Option<ProductId>,
    /// The solution that it keeps; null when it keeps a product.
    pub solution_id: Option<SolutionId>,
    /// Unique among the versions of its owner.
    pub name: String,
    /// More about it.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
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

super::aggregates! { ProductView, SolutionView, TaskOrderView, VersionView }
