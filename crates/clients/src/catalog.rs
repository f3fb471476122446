//! Asking catalog.

use std::time::Duration;

use contracts::catalog::{Blueprint, CatalogReach, OwnerId, Rehearsal};
use kernel::{Actor, ImportId, OutcomeId, Problem, ProductId, SolutionId};

use crate::caller::{Caller, Line, PATIENCE};

/// How long it may take to do an import and to undo it.
const REHEARSAL: Duration = Duration::from_secs(20);

/// A line to catalog.
#[derive(Debug, Clone)]
pub struct Catalog(Line);

impl Catalog {
    /// A line to catalog at these addresses.
    #[must_use]
    pub fn new(caller: Caller, upstreams: Vec<String>) -> Self {
        Self(Line::new(caller, "catalog", "The catalog", upstreams))
    }

    /// Everything a plan of this product, or of a solution's own tasks, is made from, at one moment; `None` when the tenant
    /// has no such owner.
    ///
    /// # Errors
    /// 503 when catalog is away.
    pub async fn blueprint(&self, who: &Actor, owner: OwnerId) -> Result<Option<Blueprint>, Problem> {
        self.0.get(who, &format!("{}/blueprint", path(owner))).await
    }

    /// The outcomes of a product, or a solution's own; `None` when the tenant has no such owner.
    ///
    /// # Errors
    /// 503 when catalog is away.
    pub async fn outcomes_of(&self, who: &Actor, owner: OwnerId) -> Result<Option<Vec<OutcomeId>>, Problem> {
        self.0.get(who, &format!("{}/outcome-ids", path(owner))).await
    }

    /// The solutions that bundle a product; `None` when the tenant has no such product.
    ///
    /// # Errors
    /// 503 when catalog is away.
    pub async fn solutions_of(&self, who: &Actor, product: ProductId) -> Result<Option<Vec<SolutionId>>, Problem> {
        self.0.get(who, &format!("products/{product}/solution-ids")).await
    }

    /// The products of a solution, in its order; `None` when the tenant has no such solution.
    ///
    /// # Errors
    /// 503 when catalog is away.
    pub async fn products_of(&self, who: &Actor, solution: SolutionId) -> Result<Option<Vec<ProductId>>, Problem> {
        self.0.get(who, &format!("solutions/{solution}/product-ids")).await
    }

    /// What an import of the caller with this token would make of its product or solution; `None` when they have no such
    /// import.
    ///
    /// # Errors
    /// 503 when catalog is away.
    pub async fn rehearse(&self, token: &str, import: ImportId) -> Result<Option<Rehearsal>, Problem> {
        self.0.get_as(token, &format!("imports/{import}/rehearsal"), REHEARSAL).await
    }

    /// What the caller with this token sees; `None` when that is nothing.
    ///
    /// # Errors
    /// 503 when catalog is away.
    pub async fn reach(&self, token: &str) -> Result<Option<CatalogReach>, Problem> {
        self.0.get_as(token, "reach", PATIENCE).await
    }
}

fn path(owner: OwnerId) -> String {
    match owner {
        OwnerId::Product(product) => format!("products/{product}"),
        OwnerId::Solution(solution) => format!("solutions/{solution}"),
    }
}
