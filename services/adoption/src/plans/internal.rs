//! Plans for other services.

use actix_web::get;
use actix_web::web::Data;
use db::Db;
use kernel::{CustomerId, PlanId, Problem};
use web::{Answer, Internal, Path, Reply};

use super::store;

/// Show whose a plan is
///
/// The customer's id.
#[utoipa::path(tag = "internal", responses((status = 200, body = CustomerId)))]
#[get("/plans/{planId}/customer")]
pub(super) async fn show_plan_customer(caller: Internal, db: Data<Db>, Path(id): Path<PlanId>) -> Answer {
    let tenant = caller.tenant()?;
    let plan = db.read(tenant, async |conn| store::find(conn, tenant, id).await).await?;
    let plan = plan.ok_or_else(|| Problem::not_found("plan"))?;
    Ok(Reply::ok(&plan.customer_id)?.into_response())
}
