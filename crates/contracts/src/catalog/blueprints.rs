//! Blueprints: what plans are made from.

use kernel::{OutcomeId, ProductId, ReleaseId, SolutionId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AttributeView, LicenseView, ProductView, SolutionView, TaskView};

kernel::text_enum! {
    /// What kind of thing owns tasks.
    pub enum OwnerKind {
        /// A product.
        Product = "PRODUCT",
        /// A solution.
        Solution = "SOLUTION",
    }
}

/// What owns tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OwnerId {
    /// A product.
    Product(ProductId),
    /// A solution.
    Solution(SolutionId),
}

/// Everything a plan is made from, at one moment: the answer of catalog's internal blueprint routes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Blueprint {
    /// Whose tasks they are, with the revision that this blueprint shows.
    #[serde(flatten)]
    pub owner: BlueprintOwner,
    /// Its own tasks that are not deleted, in order.
    pub tasks: Vec<TaskBlueprint>,
    /// Ids of all its outcomes: a selection must be among them.
    pub outcome_ids: Vec<OutcomeId>,
    /// Ids of all its releases: a selection must be among them.
    pub release_ids: Vec<ReleaseId>,
    /// Its licences, in order: a solution's say which licences of its products they include. Empty in what was kept before
    /// blueprints had them.
    #[serde(default)]
    pub licenses: Vec<LicenseView>,
}

/// A product or a solution, in a field of its name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BlueprintOwner {
    /// A product.
    Product(ProductView),
    /// A solution.
    Solution(SolutionView),
}

/// What an import would make of a product or a solution: the answer of catalog's internal rehearsal route.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rehearsal {
    /// It could be done.
    Went {
        /// As it is now; none when the import makes it.
        before: Option<Box<Blueprint>>,
        /// As it would be.
        after: Box<Blueprint>,
    },
    /// It cannot be done as things stand: why, and what to do about it.
    Refused(String),
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

impl OwnerId {
    /// From the two columns in which rows name their owner.
    #[must_use]
    pub const fn of(kind: OwnerKind, id: Uuid) -> Self {
        match kind {
            OwnerKind::Product => Self::Product(ProductId(id)),
            OwnerKind::Solution => Self::Solution(SolutionId(id)),
        }
    }

    /// What kind of thing it is.
    #[must_use]
    pub const fn kind(self) -> OwnerKind {
        match self {
            Self::Product(_) => OwnerKind::Product,
            Self::Solution(_) => OwnerKind::Solution,
        }
    }

    /// Its id, whatever it is.
    #[must_use]
    pub const fn id(self) -> Uuid {
        match self {
            Self::Product(id) => id.0,
            Self::Solution(id) => id.0,
        }
    }

    /// The product, if it is one.
    #[must_use]
    pub const fn product(self) -> Option<ProductId> {
        match self {
            Self::Product(id) => Some(id),
            Self::Solution(_) => None,
        }
    }

    /// The solution, if it is one.
    #[must_use]
    pub const fn solution(self) -> Option<SolutionId> {
        match self {
            Self::Product(_) => None,
            Self::Solution(id) => Some(id),
        }
    }
}

impl Blueprint {
    /// Whose tasks they are.
    #[must_use]
    pub const fn owner_id(&self) -> OwnerId {
        match &self.owner {
            BlueprintOwner::Product(product) => OwnerId::Product(product.id),
            BlueprintOwner::Solution(solution) => OwnerId::Solution(solution.id),
        }
    }

    /// What the owner is called.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.owner {
            BlueprintOwner::Product(product) => &product.name,
            BlueprintOwner::Solution(solution) => &solution.name,
        }
    }

    /// The owner's revision that this shows.
    #[must_use]
    pub const fn revision(&self) -> i64 {
        match &self.owner {
            BlueprintOwner::Product(product) => product.revision,
            BlueprintOwner::Solution(solution) => solution.revision,
        }
    }
}
