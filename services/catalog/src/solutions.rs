//! Solutions: bundles of products that are adopted together.
//!
//! A solution owns tasks and what they are sorted by just as a product does, and lists its products in an order of its
//! own. Its name may repeat. Deleting keeps the row; restoring brings it back as it was.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post, put};
use contracts::catalog::{
    ProductView, Resource, SOLUTION_CHANGED, SOLUTION_CREATED, SOLUTION_DELETED, SOLUTION_PRODUCTS_ASSIGNED,
    SOLUTION_RESTORED, SolutionView,
};
use db::{Db, Json, Tx};
use diesel::prelude::*;
use kernel::problem::{PERMISSION_DENIED, Problem, ProblemKind};
use kernel::{Check, Page, ProductId, SolutionId, TenantId, Timestamp};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use crate::owners::{Authority, CreateOwner, Owner, OwnerPatch, OwnerQuery, may, must_exist, owner_noun};
use crate::permissions::{CatalogAdmin, CatalogRead, CatalogWrite};
use crate::products;
use crate::refusals::Refusal;
use crate::schema::solutions;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create_solution)
        .service(list_solutions)
        .service(show_solution)
        .service(change_solution)
        .service(delete_solution)
        .service(restore_solution)
        .service(list_solution_products)
        .service(assign_solution_products);
}

/// A row of `solutions`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = solutions, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Solution {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: SolutionId,
    pub(crate) version: i64,
    pub(crate) revision: i64,
    pub(crate) external_key: Option<String>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) resources: Json<Vec<Resource>>,
    pub(crate) product_ids: Vec<ProductId>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) deleted_at: Option<Timestamp>,
}

/// The most products a solution bundles: one page of them.
const MOST_PRODUCTS: usize = 200;

static KEY_TAKEN: ProblemKind =
    ProblemKind::new("SOLUTION_EXTERNAL_KEY_TAKEN", 409, "Another solution has this external key");

/// What two solutions of a tenant cannot share.
static REFUSALS: &[Refusal] = &[(
    "solutions_external_key_key",
    &KEY_TAKEN,
    "GET /catalog/v1/solutions?externalKey=… finds the solution that has it.",
)];

/// The products of a solution, in order.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AssignProducts {
    /// Replaces the list; up to 200, none twice.
    product_ids: Vec<ProductId>,
}

owner_noun! {
    Solution, "solution", in solutions, by SolutionId, shown as SolutionView, at "/catalog/v1/solutions";
    made with { product_ids: Vec::new() };
    told by SOLUTION_CREATED, SOLUTION_CHANGED, SOLUTION_DELETED, SOLUTION_RESTORED;
}

impl Solution {
    /// With other products in its bundle. Each must be among `known`.
    fn bundle(self, product_ids: Vec<ProductId>, known: &[ProductId], now: Timestamp) -> Result<Self, Problem> {
        let mut check = Check::new();
        check.that(product_ids.len() <= MOST_PRODUCTS, "/productIds", "TOO_MANY", || {
            format!("give {MOST_PRODUCTS} at most")
        });
        check.distinct("/productIds", &product_ids);
        for (index, id) in product_ids.iter().enumerate() {
            let pointer = format!("/productIds/{index}");
            check.that(known.contains(id), &pointer, "NOT_FOUND", || {
                format!("{id} is deleted, or no product that you may give to others")
            });
        }
        check.finish()?;
        Ok(Self { product_ids, ..self.touched(now) })
    }
}

/// Gives a locked solution other products. What it has may stay, deleted or not.
///
/// # Errors
/// 403 when they may not take out what is missing, 422 naming each product that they may not give to others.
pub(crate) async fn assign(
    tx: &mut Tx,
    authority: &Authority,
    before: Solution,
    product_ids: Vec<ProductId>,
) -> Result<Solution, Problem> {
    // Whoever holds the solution holds what it bundles: it takes ADMIN to give a product to them.
    let mut known = products::live_among(tx.conn(), tx.tenant(), &product_ids).await?;
    known.retain(|product| authority.administers(Owner::Product(*product)));
    known.extend(&before.product_ids);
    // And whoever holds every product holds the solution: it takes ADMIN to leave one out.
    let leaves_one_out = !before.product_ids.iter().all(|product| product_ids.contains(product));
    if leaves_one_out && !authority.administers(Owner::Solution(before.id)) {
        let how = "Taking products out of the solution needs catalog:product:admin on it.";
        return Err(PERMISSION_DENIED.detail(how));
    }
    let after = before.clone().bundle(product_ids, &known, tx.now())?;
    store::update(tx, &after).await?;
    tx.announce(&SOLUTION_PRODUCTS_ASSIGNED, Some(&before.into()), &after.clone().into()).await?;
    Ok(after)
}

impl From<Solution> for SolutionView {
    fn from(row: Solution) -> Self {
        let Solution {
            tenant_id: _,
            id,
            version,
            revision,
            external_key,
            name,
            description,
            resources: Json(resources),
            product_ids,
            created_at,
            updated_at,
            deleted_at,
        } = row;
        Self {
            id,
            version,
            revision,
            external_key,
            name,
            description,
            resources,
            product_ids,
            created_at,
            updated_at,
            deleted_at,
        }
    }
}

/// Make a solution
///
/// It starts as an empty bundle; PUT its products next.
#[utoipa::path(tag = "solutions", request_body = CreateOwner, security(("bearer" = [CatalogWrite::NAME])), responses((status = 201, body = SolutionView), (status = 409, description = "The external key is taken.")))]
#[post("/solutions")]
async fn create_solution(who: Allow<CatalogWrite>, db: Data<Db>, Body(command): Body<CreateOwner>) -> Answer {
    commands::create(&who, &db, command).await
}

/// List solutions
///
/// In the order they were made, unless `sort` asks for another.
#[utoipa::path(tag = "solutions", params(OwnerQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = Page<SolutionView>)))]
#[get("/solutions")]
async fn list_solutions(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<OwnerQuery>,
) -> Answer {
    commands::list(&who, &db, &context, &query).await
}

/// Show a solution
///
/// Deleted solutions are shown too, with `deletedAt`.
#[utoipa::path(tag = "solutions", security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = SolutionView)))]
#[get("/solutions/{solutionId}")]
async fn show_solution(who: Allow<CatalogRead>, db: Data<Db>, Path(id): Path<SolutionId>) -> Answer {
    commands::show(&who, &db, id).await
}

/// Change a solution
///
/// A JSON merge patch: what is left out stays, `null` clears. `If-Match` is honoured when sent.
#[utoipa::path(tag = "solutions", request_body = OwnerPatch, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = SolutionView), (status = 409, description = "The external key is taken, or the solution is deleted."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/solutions/{solutionId}")]
async fn change_solution(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    Path(id): Path<SolutionId>,
    Body(patch): Body<OwnerPatch>,
) -> Answer {
    commands::change(&who, &db, id, patch).await
}

/// Delete a solution
///
/// It can be restored; plans made from it are not touched.
#[utoipa::path(tag = "solutions", security(("bearer" = [CatalogAdmin::NAME])), responses((status = 204, description = "Deleted.")))]
#[delete("/solutions/{solutionId}")]
async fn delete_solution(who: Allow<CatalogAdmin>, db: Data<Db>, Path(id): Path<SolutionId>) -> Answer {
    commands::delete(&who, &db, id).await
}

/// Restore a deleted solution
///
/// Its tasks and its bundle are as they were. Refused when another solution has taken its external key meanwhile.
#[utoipa::path(tag = "solutions", security(("bearer" = [CatalogAdmin::NAME])), responses((status = 200, body = SolutionView), (status = 409, description = "Its external key is taken now.")))]
#[post("/solutions/{solutionId}/restore")]
async fn restore_solution(who: Allow<CatalogAdmin>, db: Data<Db>, Path(id): Path<SolutionId>) -> Answer {
    commands::restore(&who, &db, id).await
}

/// List the products of a solution
///
/// In the solution's order, on one page. Products deleted since are listed too, with `deletedAt`.
#[utoipa::path(tag = "solutions", security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = Page<ProductView>)))]
#[get("/solutions/{solutionId}/products")]
async fn list_solution_products(who: Allow<CatalogRead>, db: Data<Db>, Path(id): Path<SolutionId>) -> Answer {
    who.read(&db, async |conn| {
        may(&who, conn, id.into(), "solution").await?;
        let items = products::of_solution(conn, who.tenant, id).await?;
        if items.is_empty() {
            must_exist(conn, who.tenant, id.into()).await?;
        }
        Reply::ok(&Page { items, next_cursor: None, total: None }.map(ProductView::from))
    })
    .await
}

/// Replace the products of a solution
///
/// The whole list, in order. Adding a product takes ADMIN on it, and taking one out takes ADMIN on the solution: both move
/// what grants give. `If-Match` is honoured when sent.
#[utoipa::path(tag = "solutions", request_body = AssignProducts, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = SolutionView), (status = 409, description = "The solution is deleted."), (status = 412, description = "Somebody else changed it.")))]
#[put("/solutions/{solutionId}/products")]
async fn assign_solution_products(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    Path(id): Path<SolutionId>,
    Body(AssignProducts { product_ids }): Body<AssignProducts>,
) -> Answer {
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, &who, id).await?.live()?;
        who.expect_version(before.version)?;
        let authority = Authority::of(&who, tx).await?;
        let after = assign(tx, &authority, before, product_ids).await?;
        Reply::show(&SolutionView::from(after))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_holds_known_products_once_each() {
        let now = Timestamp::from_micros(0);
        let command =
            CreateOwner { name: " Office ".into(), description: None, external_key: None, resources: Vec::new() };
        let solution = Solution::create(command, TenantId::fresh(), now).unwrap();
        assert_eq!(solution.name, "Office");
        let (a, b) = (ProductId::fresh(), ProductId::fresh());
        let problem = solution.clone().bundle(vec![a, b, a], &[a], now).unwrap_err();
        let faults: Vec<_> =
            problem.errors().iter().map(|error| (error.pointer.as_str(), error.code.as_str())).collect();
        assert_eq!(faults, [("/productIds", "DUPLICATE"), ("/productIds/1", "NOT_FOUND")]);
        let bundled = solution.bundle(vec![b, a], &[a, b], now).unwrap();
        assert_eq!((bundled.product_ids, bundled.version), (vec![b, a], 2));
    }
}
