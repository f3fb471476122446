//! What catalog tells: products, solutions, tasks and what hangs on them.

mod blueprints;
mod events;
mod owners;
mod parts;
mod tasks;

pub use blueprints::{Blueprint, BlueprintOwner, OwnerId, OwnerKind, Rehearsal, TaskBlueprint};
pub use events::*;
pub use owners::{ProductView, Resource, SolutionView, TaskOrderView, VersionView};
pub use parts::{CustomAttributeView, CustomDataType, LicenseLevel, LicenseView, OutcomeView, ReleaseView, TagView};
pub use tasks::{AttributeView, TaskView};

use serde::{Deserialize, Serialize};

use crate::identity::Scope;

/// What a caller sees of the catalog: the answer of its internal reach route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CatalogReach {
    /// The products, and everything under them.
    pub products: Scope,
    /// The solutions, and everything under them.
    pub solutions: Scope,
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
