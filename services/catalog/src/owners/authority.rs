//! What somebody may do by an import, written down when they ask for it: the work may be done later, without them.
//!
//! An import can do nothing that its caller could not do by single commands: change an owner with WRITE on it, make one with
//! WRITE on all of its kind, and give products to a solution or take them out as its routes allow.

use db::Conn;
use grants::Scope;
use kernel::problem::PERMISSION_DENIED;
use kernel::{Problem, ProductId};
use serde::{Deserialize, Serialize};
use web::Allow;

use crate::owners::{Owner, OwnerKind, scope_of};
use crate::permissions::{CatalogAdmin, CatalogWrite};
use crate::products;

/// What somebody may do by an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Authority {
    makes_products: bool,
    makes_solutions: bool,
    writes_products: Scope,
    writes_solutions: Scope,
    /// The products that may be given to whoever holds a solution.
    gives: Scope,
    /// The solutions that products may be taken from.
    takes: Scope,
}

impl Authority {
    /// What a caller may do now.
    ///
    /// # Errors
    /// 403 for a caller who could change nothing at all, whatever their file says.
    pub(super) async fn of(who: &Allow<CatalogWrite>, conn: &Conn) -> Result<Self, Problem> {
        let granted = grants::of(conn, who).await?;
        let makes = |kind: OwnerKind| grants::require(who, &granted, (kind.into(), None), &[], "owner").is_ok();
        let reach = async |kind, permission| scope_of(who, conn, &granted, (kind, permission)).await;
        let mut authority = Self {
            makes_products: makes(OwnerKind::Product),
            makes_solutions: makes(OwnerKind::Solution),
            writes_products: reach(OwnerKind::Product, CatalogWrite::NAME).await?,
            writes_solutions: reach(OwnerKind::Solution, CatalogWrite::NAME).await?,
            gives: reach(OwnerKind::Product, CatalogAdmin::NAME).await?,
            takes: reach(OwnerKind::Solution, CatalogAdmin::NAME).await?,
        };
        // A grant may outlive what it is on.
        if let Scope::Some(ids) = &mut authority.writes_products {
            let named: Vec<ProductId> = ids.iter().copied().map(ProductId).collect();
            let live = products::live_among(conn, who.tenant, &named).await?;
            ids.retain(|id| live.contains(&ProductId(*id)));
        }
        let nowhere = Scope::Some(Vec::new());
        let nothing = authority.writes_products == nowhere && authority.writes_solutions == nowhere;
        if nothing && !authority.makes_products && !authority.makes_solutions {
            return Err(denied());
        }
        Ok(authority)
    }

    /// Whether an owner and what hangs on it may be changed.
    pub(super) fn writes(&self, owner: Owner) -> bool {
        match owner {
            Owner::Product(id) => self.writes_products.includes(id.0),
            Owner::Solution(id) => self.writes_solutions.includes(id.0),
        }
    }

    /// Whether an owner of a kind may be made.
    pub(super) fn makes(&self, kind: OwnerKind) -> bool {
        match kind {
            OwnerKind::Product => self.makes_products,
            OwnerKind::Solution => self.makes_solutions,
        }
    }

    /// Whether a product may be given to whoever holds a solution.
    pub(super) fn gives(&self, product: ProductId) -> bool {
        self.gives.includes(product.0)
    }

    /// Whether products may be taken out of a solution.
    pub(super) fn takes(&self, solution: Owner) -> bool {
        self.takes.includes(solution.id())
    }
}

/// The refusal, in the words that a single command has for it.
pub(super) fn denied() -> Problem {
    PERMISSION_DENIED.detail(format!("This needs the permission {} here.", CatalogWrite::NAME))
}
