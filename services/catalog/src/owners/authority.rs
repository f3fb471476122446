//! What somebody may do with owners, written down when they ask for something: the work may be done later, without them.
//!
//! An import can do nothing that its caller could not do by single commands, and neither can taking a change set back: change
//! an owner with WRITE on it, make one with WRITE on all of its kind; delete one or bring it back, give a product to a
//! solution or take products out of one with ADMIN on it.

use db::Conn;
use grants::Scope;
use kernel::problem::PERMISSION_DENIED;
use kernel::{Problem, ProductId};
use serde::{Deserialize, Serialize};
use web::Allow;

use super::{Owner, OwnerKind, scope_of};
use crate::permissions::{CatalogAdmin, CatalogWrite};
use crate::products;

/// What somebody may do with owners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Authority {
    makes_products: bool,
    makes_solutions: bool,
    writes_products: Scope,
    writes_solutions: Scope,
    #[serde(alias = "gives")]
    administers_products: Scope,
    #[serde(alias = "takes")]
    administers_solutions: Scope,
}

impl Authority {
    /// What a caller may do now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn of(who: &Allow<CatalogWrite>, conn: &Conn) -> Result<Self, Problem> {
        let granted = grants::of(conn, who).await?;
        let makes = |kind: OwnerKind| grants::require(who, &granted, (kind.into(), None), &[], "owner").is_ok();
        let reach = async |kind, permission| scope_of(who, conn, &granted, (kind, permission)).await;
        let mut authority = Self {
            makes_products: makes(OwnerKind::Product),
            makes_solutions: makes(OwnerKind::Solution),
            writes_products: reach(OwnerKind::Product, CatalogWrite::NAME).await?,
            writes_solutions: reach(OwnerKind::Solution, CatalogWrite::NAME).await?,
            administers_products: reach(OwnerKind::Product, CatalogAdmin::NAME).await?,
            administers_solutions: reach(OwnerKind::Solution, CatalogAdmin::NAME).await?,
        };
        // A grant may outlive what it is on.
        if let Scope::Some(ids) = &mut authority.writes_products {
            let named: Vec<ProductId> = ids.iter().copied().map(ProductId).collect();
            let live = products::live_among(conn, who.tenant, &named).await?;
            ids.retain(|id| live.contains(&ProductId(*id)));
        }
        Ok(authority)
    }

    /// Refuses a caller who could change nothing at all, whatever they ask for.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn writes_something(&self) -> Result<(), Problem> {
        let nowhere = Scope::Some(Vec::new());
        let nothing = self.writes_products == nowhere && self.writes_solutions == nowhere;
        if nothing && !self.makes_products && !self.makes_solutions { Err(denied(CatalogWrite::NAME)) } else { Ok(()) }
    }

    /// Whether an owner and what hangs on it may be changed.
    pub(crate) fn writes(&self, owner: Owner) -> bool {
        match owner {
            Owner::Product(id) => self.writes_products.includes(id.0),
            Owner::Solution(id) => self.writes_solutions.includes(id.0),
        }
    }

    /// Whether an owner of a kind may be made.
    pub(crate) fn makes(&self, kind: OwnerKind) -> bool {
        match kind {
            OwnerKind::Product => self.makes_products,
            OwnerKind::Solution => self.makes_solutions,
        }
    }

    /// Whether an owner may be deleted and brought back, a product given to whoever holds a solution, and products taken out of
    /// a solution.
    pub(crate) fn administers(&self, owner: Owner) -> bool {
        match owner {
            Owner::Product(id) => self.administers_products.includes(id.0),
            Owner::Solution(id) => self.administers_solutions.includes(id.0),
        }
    }
}

/// The refusal, in the words that a single command has for it.
pub(crate) fn denied(permission: &str) -> Problem {
    PERMISSION_DENIED.detail(format!("This needs the permission {permission} here."))
}
