//! Kept filters over HTTP.

use actix_web::web::Data;
use actix_web::{delete, get, put};
use db::Db;
use kernel::{PlanId, Problem};
use web::{Allow, Answer, Body, Path, Reply};

use super::store;
use crate::access::{self, Thing};
use crate::customer_tasks::TaskFilter;
use crate::permissions::PlanRead;
use crate::{customer_tasks, customers, plans};

/// Show one's own filter of a plan
///
/// What the caller keeps; one that hides nothing when they keep none. GET /plans/{planId}/tasks?saved=true uses it.
#[utoipa::path(tag = "plans", security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = TaskFilter)))]
#[get("/plans/{planId}/filter")]
pub(super) async fn show_plan_filter(who: Allow<PlanRead>, db: Data<Db>, Path(id): Path<PlanId>) -> Answer {
    who.read(&db, async |conn| {
        access::may(&who, conn, Thing::Plan(id)).await?;
        plans::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("plan"))?;
        Reply::ok(&store::find(conn, (who.tenant, id), who.user).await?.unwrap_or_default())
    })
    .await
}

/// Keep a filter of a plan
///
/// It takes the place of the one that the caller keeps already; nobody else sees it. A tag that no task of the plan has is refused.
#[utoipa::path(tag = "plans", request_body = TaskFilter, security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = TaskFilter), (status = 409, description = "The customer is deleted.")))]
#[put("/plans/{planId}/filter")]
pub(super) async fn replace_plan_filter(
    who: Allow<PlanRead>,
    db: Data<Db>,
    Path(id): Path<PlanId>,
    Body(filter): Body<TaskFilter>,
) -> Answer {
    let filter = filter.checked()?;
    who.write(&db, async |tx| {
        access::may(&who, tx, Thing::Plan(id)).await?;
        let plan = plans::find(tx, who.tenant, id).await?.ok_or_else(|| Problem::not_found("plan"))?;
        customers::require_present(tx, who.tenant, plan.customer_id).await?;
        filter.require_tags(&customer_tasks::tags(tx, who.tenant, id).await?)?;
        store::keep(tx, id, who.user, &filter).await?;
        Reply::ok(&filter)
    })
    .await
}

/// Forget one's own filter of a plan
///
/// From then on it hides nothing.
#[utoipa::path(tag = "plans", security(("bearer" = [PlanRead::NAME])), responses((status = 204, description = "Forgotten.")))]
#[delete("/plans/{planId}/filter")]
pub(super) async fn delete_plan_filter(who: Allow<PlanRead>, db: Data<Db>, Path(id): Path<PlanId>) -> Answer {
    who.write(&db, async |tx| {
        access::may(&who, tx, Thing::Plan(id)).await?;
        plans::find(tx, who.tenant, id).await?.ok_or_else(|| Problem::not_found("plan"))?;
        store::forget(tx, id, who.user).await?;
        Ok(Reply::done())
    })
    .await
}
