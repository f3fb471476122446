//! Which products belong to which solutions, for other services: rights flow between the two, and they must know of whom.

use actix_web::get;
use actix_web::web::Data;
use db::{Conn, Db};
use diesel::PgArrayExpressionMethods;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Problem, ProductId, SolutionId};
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Answer, Internal, Path, Reply};

use crate::owners::must_exist;
use crate::schema::solutions;

/// The routes for other services.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_solutions_of_product).service(list_products_of_solution);
}

/// List the solutions that bundle a product
///
/// Their ids. Those of deleted ones are left out: no rights flow through them.
#[utoipa::path(tag = "internal", responses((status = 200, body = Vec<SolutionId>)))]
#[get("/products/{productId}/solution-ids")]
async fn list_solutions_of_product(caller: Internal, db: Data<Db>, Path(id): Path<ProductId>) -> Answer {
    let tenant = caller.tenant()?;
    let find = async |mut conn: &Conn| {
        must_exist(conn, tenant, id.into()).await?;
        let live = solutions::table.filter(solutions::tenant_id.eq(tenant)).filter(solutions::deleted_at.is_null());
        let rows = live.filter(solutions::product_ids.contains(vec![id])).select(solutions::id).order(solutions::id);
        Reply::ok(&rows.load::<SolutionId>(&mut conn).await?)
    };
    Ok(db.read(tenant, find).await?.into_response())
}

/// List the products of a solution
///
/// Their ids, in the solution's order.
#[utoipa::path(tag = "internal", responses((status = 200, body = Vec<ProductId>)))]
#[get("/solutions/{solutionId}/product-ids")]
async fn list_products_of_solution(caller: Internal, db: Data<Db>, Path(id): Path<SolutionId>) -> Answer {
    let tenant = caller.tenant()?;
    let find = async |mut conn: &Conn| {
        let row = solutions::table.find((tenant, id)).select(solutions::product_ids);
        let found: Option<Vec<ProductId>> = row.first(&mut conn).await.optional()?;
        Reply::ok(&found.ok_or_else(|| Problem::not_found("solution"))?)
    };
    Ok(db.read(tenant, find).await?.into_response())
}
