//! Owners: products and solutions, as what hangs on them sees them.
//!
//! Tasks, licences, outcomes, releases, tags and custom attributes belong to a product or to a solution and behave the
//! same under both, so they know an [`Owner`] and nothing more; their routes are registered once per kind of owner.
//! Whoever writes under an owner first [`enter`]s it: one statement that raises its revision, locks its row until the end
//! and finds out whether it is there. What must hold of all its tasks together is decided under that lock.

mod access;
mod authority;
mod body;
mod list;
mod lock;
mod noun;
mod path;

pub(crate) use access::{may, may_make, scope, scope_of};
pub(crate) use authority::{Authority, denied};
pub(crate) use body::{CreateOwner, OwnerPatch};
pub(crate) use list::{Deleted, OwnerQuery, Sort};
pub(crate) use lock::{enter, hold, must_exist, raise, revision};
pub(crate) use noun::owner_noun;

use contracts::identity::LockedType;
use kernel::problem::ProblemKind;
use kernel::{Problem, ProductId, SolutionId, TenantId, Timestamp};
use uuid::Uuid;

static PRODUCT_DELETED: ProblemKind = ProblemKind::new("PRODUCT_DELETED", 409, "The product is deleted");
static SOLUTION_DELETED: ProblemKind = ProblemKind::new("SOLUTION_DELETED", 409, "The solution is deleted");

kernel::text_enum! {
    /// What kind of owner.
    pub enum OwnerKind {
        /// A product.
        Product = "PRODUCT",
        /// A solution.
        Solution = "SOLUTION",
    }
}

impl From<OwnerKind> for LockedType {
    fn from(kind: OwnerKind) -> Self {
        match kind {
            OwnerKind::Product => Self::Product,
            OwnerKind::Solution => Self::Solution,
        }
    }
}

/// Whose tasks, licences, outcomes, releases and tags they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A product's.
    Product(ProductId),
    /// A solution's.
    Solution(SolutionId),
}

impl Owner {
    /// From the two columns in which rows name their owner.
    pub(crate) fn of(kind: OwnerKind, id: Uuid) -> Self {
        match kind {
            OwnerKind::Product => Self::Product(ProductId(id)),
            OwnerKind::Solution => Self::Solution(SolutionId(id)),
        }
    }

    pub(crate) fn kind(self) -> OwnerKind {
        match self {
            Self::Product(_) => OwnerKind::Product,
            Self::Solution(_) => OwnerKind::Solution,
        }
    }

    pub(crate) fn id(self) -> Uuid {
        match self {
            Self::Product(id) => id.0,
            Self::Solution(id) => id.0,
        }
    }

    /// What people call it.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Product(_) => "product",
            Self::Solution(_) => "solution",
        }
    }

    /// Neither a deleted owner nor anything under it is changed.
    pub(crate) fn deleted(self) -> Problem {
        let (kind, owners, id) = match self {
            Self::Product(id) => (&PRODUCT_DELETED, "products", id.0),
            Self::Solution(id) => (&SOLUTION_DELETED, "solutions", id.0),
        };
        kind.detail(format!("Restore it first: POST /catalog/v1/{owners}/{id}/restore."))
    }

    /// As views name it: the product's id or the solution's.
    pub(crate) fn ids(self) -> (Option<ProductId>, Option<SolutionId>) {
        match self {
            Self::Product(id) => (Some(id), None),
            Self::Solution(id) => (None, Some(id)),
        }
    }
}

impl From<ProductId> for Owner {
    fn from(id: ProductId) -> Self {
        Self::Product(id)
    }
}

impl From<SolutionId> for Owner {
    fn from(id: SolutionId) -> Self {
        Self::Solution(id)
    }
}

/// An owner whose row is locked, at the revision and the moment of the running command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Under {
    pub(crate) tenant: TenantId,
    pub(crate) owner: Owner,
    pub(crate) revision: i64,
    pub(crate) now: Timestamp,
}

#[cfg(test)]
impl Under {
    /// Some product, for tests of pure rules.
    pub(crate) fn test() -> Self {
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        Self { tenant: TenantId::fresh(), owner: Owner::Product(ProductId::fresh()), revision: 7, now }
    }
}
