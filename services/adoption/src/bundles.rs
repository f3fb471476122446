//! What is assigned, as the catalog shows it: a product, or a solution with its products.

use std::collections::HashSet;

use clients::Catalog;
use contracts::catalog::{Blueprint, BlueprintOwner, LicenseLevel, LicenseView, OwnerId};
use futures_util::{StreamExt, TryStreamExt, stream};
use kernel::{Actor, LicenseId, Problem};

/// Owners asked for at once.
const ASKED_AT_ONCE: usize = 4;

/// A product or a solution, with the products that the solution bundles.
pub(crate) struct Bundle {
    pub(crate) owner: Blueprint,
    /// In the solution's order; those that are deleted are left out.
    pub(crate) products: Vec<Blueprint>,
}

impl Bundle {
    /// What the catalog shows now; `None` when it has no such owner.
    ///
    /// # Errors
    /// 503 when the catalog is away.
    pub(crate) async fn ask(catalog: &Catalog, who: &Actor, owner: OwnerId) -> Result<Option<Self>, Problem> {
        let Some(owner) = catalog.blueprint(who, owner).await? else { return Ok(None) };
        let products = match &owner.owner {
            BlueprintOwner::Product(_) => Vec::new(),
            BlueprintOwner::Solution(solution) => solution.product_ids.clone(),
        };
        let products = ask_each(catalog, who, products.into_iter().map(OwnerId::Product)).await?;
        Ok(Some(Self { owner, products }))
    }

    /// The level of a product for who has the solution at a level: that of the highest licence of the product which the
    /// solution's licences of that level include, else the solution's own.
    pub(crate) fn level_of(&self, product: &Blueprint, level: LicenseLevel) -> LicenseLevel {
        let of_level = |license: &&LicenseView| license.is_active && license.license_level == Some(level);
        let included: HashSet<LicenseId> = self
            .owner
            .licenses
            .iter()
            .filter(of_level)
            .flat_map(|license| license.product_license_ids.clone())
            .collect();
        let theirs = product.licenses.iter().filter(|license| included.contains(&license.id));
        theirs.filter_map(|license| license.license_level).max().unwrap_or(level)
    }

    /// All of its owners of tasks.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Blueprint> + Clone {
        std::iter::once(&self.owner).chain(&self.products)
    }
}

/// Products and solutions as the catalog shows them now, in this order; those that it has no more are left out.
///
/// # Errors
/// 503 when the catalog is away.
pub(crate) async fn ask_each(
    catalog: &Catalog,
    who: &Actor,
    of: impl IntoIterator<Item = OwnerId>,
) -> Result<Vec<Blueprint>, Problem> {
    let asked = stream::iter(of).map(async |owner| catalog.blueprint(who, owner).await);
    let answers: Vec<_> = asked.buffered(ASKED_AT_ONCE).try_collect().await?;
    Ok(answers.into_iter().flatten().collect())
}
