//! Solutions over HTTP.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post, put};
use contracts::catalog::{SOLUTION_CHANGED, SOLUTION_CREATED, SOLUTION_DELETED, SOLUTION_PRODUCTS_ASSIGNED, SOLUTION_RESTORED, ProductView, SolutionView};
use db::Db;
use kernel::{Cursor, Page, ProductId, Problem, SolutionId};
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::model::{AssignProducts, CreateSolution, Solution, SolutionPatch};
use super::store;
use crate::owners::OwnerQuery;
use crate::products::store as products;
use crate::permissions::{CatalogAdmin, CatalogRead, CatalogWrite};

const COLLECTION: &str = "/catalog/v1/solutions";

/// Make a solution
///
/// It starts as an empty bundle; PUT its products next.
#[utoipa::path(tag = "solutions", request_body = CreateSolution, security(("bearer" = [CatalogWrite::NAME])), responses((status = 201, body = SolutionView), (status = 409, description = "The external key is taken.")))]
#[post("/solutions")]
pub(super) async fn create_solution(who: Allow<CatalogWrite>, db: Data<Db>, Body(command): Body<CreateSolution>) -> Answer {
    who.write(&db, async |tx| {
        let solution = Solution::create(command, tx.tenant(), tx.now())?;
        store::insert(tx, &solution).await?;
        let view = SolutionView::from(solution);
        tx.announce(&SOLUTION_CREATED, None, &view).await?;
        Reply::created(&view, COLLECTION)
    })
    .await
}

/// List solutions
///
/// In the order they were made, unless `sort` asks for another.
#[utoipa::path(tag = "solutions", params(OwnerQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = Page<SolutionView>)))]
#[get("/solutions")]
pub(super) async fn list_solutions(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<OwnerQuery>,
) -> Answer {
    let (limit, after) = query.window(&context)?;
    let sort = query.sort();
    who.read(&db, async |conn| {
        let rows = store::page(conn, who.tenant, &query, after, limit).await?;
        let mut page =
            Cursor::page(rows, limit, &context.config.keys, sort.as_str(), |row| store::cursor_key(sort, row));
        if query.counts() {
            page.total = Some(store::count(conn, who.tenant, &query).await?);
        }
        Reply::ok(&page.map(SolutionView::from))
    })
    .await
}

/// Show a solution
///
/// Deleted solutions are shown too, with `deletedAt`.
#[utoipa::path(tag = "solutions", security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = SolutionView)))]
#[get("/solutions/{solutionId}")]
pub(super) async fn show_solution(who: Allow<CatalogRead>, db: Data<Db>, Path(id): Path<SolutionId>) -> Answer {
    who.read(&db, async |conn| {
        let solution = store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("solution"))?;
        Reply::show(&SolutionView::from(solution))
    })
    .await
}

/// Change a solution
///
/// A JSON merge patch: what is left out stays, `null` clears. `If-Match` is honoured when sent.
#[utoipa::path(tag = "solutions", request_body = SolutionPatch, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = SolutionView), (status = 409, description = "The external key is taken."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/solutions/{solutionId}")]
pub(super) async fn change_solution(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    Path(id): Path<SolutionId>,
    Body(patch): Body<SolutionPatch>,
) -> Answer {
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, id).await?.ok_or_else(|| Problem::not_found("solution"))?;
        who.expect_version(before.version)?;
        let after = before.clone().change(patch, tx.now())?;
        store::update(tx, &after).await?;
        let view = SolutionView::from(after);
        tx.announce(&SOLUTION_CHANGED, Some(&before.into()), &view).await?;
        Reply::show(&view)
    })
    .await
}

/// Delete a solution
///
/// It can be restored; plans made from it are not touched.
#[utoipa::path(tag = "solutions", security(("bearer" = [CatalogAdmin::NAME])), responses((status = 204, description = "Deleted.")))]
#[delete("/solutions/{solutionId}")]
pub(super) async fn delete_solution(who: Allow<CatalogAdmin>, db: Data<Db>, Path(id): Path<SolutionId>) -> Answer {
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, id).await?.ok_or_else(|| Problem::not_found("solution"))?;
        who.expect_version(before.version)?;
        if before.deleted_at.is_none() {
            let after = before.clone().delete(tx.now());
            store::update(tx, &after).await?;
            tx.announce(&SOLUTION_DELETED, Some(&before.into()), &after.into()).await?;
        }
        Ok(Reply::done())
    })
    .await
}

/// Restore a deleted solution
///
/// Its tasks and its bundle are as they were.
#[utoipa::path(tag = "solutions", security(("bearer" = [CatalogAdmin::NAME])), responses((status = 200, body = SolutionView)))]
#[post("/solutions/{solutionId}/restore")]
pub(super) async fn restore_solution(who: Allow<CatalogAdmin>, db: Data<Db>, Path(id): Path<SolutionId>) -> Answer {
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, id).await?.ok_or_else(|| Problem::not_found("solution"))?;
        if before.deleted_at.is_none() {
            return Reply::show(&SolutionView::from(before));
        }
        let after = before.clone().restore(tx.now());
        store::update(tx, &after).await?;
        let view = SolutionView::from(after);
        tx.announce(&SOLUTION_RESTORED, Some(&before.into()), &view).await?;
        Reply::show(&view)
    })
    .await
}

/// List the products of a solution
///
/// In the solution's order, on one page. Products deleted since are listed too, with `deletedAt`.
#[utoipa::path(tag = "solutions", security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = Page<ProductView>)))]
#[get("/solutions/{solutionId}/products")]
pub(super) async fn list_solution_products(who: Allow<CatalogRead>, db: Data<Db>, Path(id): Path<SolutionId>) -> Answer {
    who.read(&db, async |conn| {
        let solution = store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("solution"))?;
        let rows = products::among(conn, who.tenant, &solution.product_ids).await?;
        Reply::ok(&Page { items: rows, next_cursor: None, total: None }.map(ProductView::from))
    })
    .await
}

/// Replace the products of a solution
///
/// The whole list, in order. `If-Match` is honoured when sent.
#[utoipa::path(tag = "solutions", request_body = AssignProducts, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = SolutionView), (status = 412, description = "Somebody else changed it.")))]
#[put("/solutions/{solutionId}/products")]
pub(super) async fn assign_solution_products(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    Path(id): Path<SolutionId>,
    Body(AssignProducts { product_ids }): Body<AssignProducts>,
) -> Answer {
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, id).await?.ok_or_else(|| Problem::not_found("solution"))?;
        who.expect_version(before.version)?;
        let known = products::among(tx.conn(), tx.tenant(), &product_ids).await?;
        let known: Vec<ProductId> = known.iter().filter(|row| row.deleted_at.is_none()).map(|row| row.id).collect();
        let after = before.clone().bundle(product_ids, &known, tx.now())?;
        store::update(tx, &after).await?;
        let view = SolutionView::from(after);
        tx.announce(&SOLUTION_PRODUCTS_ASSIGNED, Some(&before.into()), &view).await?;
        Reply::show(&view)
    })
    .await
}
