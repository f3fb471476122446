//! What catalog tells: products, solutions, tasks and what hangs on them.

mod events;
mod owners;
mod parts;
mod tasks;

pub use events::*;
pub use owners::{ProductView, Resource, SolutionView};
pub use parts::{CustomAttributeView, CustomDataType, LicenseLevel, LicenseView, OutcomeView, ReleaseView, TagView};
pub use tasks::{AttributeView, TaskView};

use kernel::{OutcomeId, ReleaseId};
use serde::{Deserialize, Serialize};

use crate::identity::Scope;

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

/// What a caller sees of the catalog: the answer of its internal reach route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CatalogReach {
    /// The products, and everything under them.
    pub products: Scope,
    /// The solutions, and everything under them.
    pub solutions: Scope,
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

/// Every view here has its identity and version in fields of these names.
macro_rules! aggregates {
    ($($view:ty),+) => {
        $(
            impl crate::Aggregate for $view {
                fn id(&self) -> uuid::Uuid {
                    self.id.0
                }
                fn version(&self) -> i64 {
                    self.version
                }
            }
        )+
    };
}
use aggregates;
