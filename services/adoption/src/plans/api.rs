//! Plans over HTTP.

use actix_web::get;
use actix_web::web::Data;
use contracts::adoption::CustomerTaskView;
use db::Db;
use kernel::{Cursor, Page, PageQuery, PlanId, Problem};
use serde_json::json;
use web::{Allow, Answer, Context, Path, Query, Reply};

use super::model::{PlanQuery, PlanTaskQuery, ShownPlan};
use super::store;
use crate::access::{self, Thing};
use crate::customer_tasks::{self, CustomerTask};
use crate::permissions::PlanRead;
use crate::plan_filters;

/// List plans
///
/// In the order they were made.
#[utoipa::path(tag = "plans", params(PlanQuery), security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = Page<ShownPlan>)))]
#[get("/plans")]
pub(super) async fn list_plans(
    who: Allow<PlanRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<PlanQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, "plans")?);
    who.read(&db, async |conn| {
        let scope = access::scope(&who, conn).await?;
        let rows = store::page(conn, who.tenant, (&query, &scope), after, limit).await?;
        let mut page =
            Cursor::page(rows, limit, &context.config.keys, "plans", |(row, _)| vec![row.id.to_string().into()]);
        if query.count == Some(true) {
            page.total = Some(store::count(conn, who.tenant, (&query, &scope)).await?);
        }
        Reply::ok(&page.map(ShownPlan::from))
    })
    .await
}

/// Show a plan
///
/// With its sums; GET /plans/{planId}/tasks has its tasks.
#[utoipa::path(tag = "plans", security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = ShownPlan)))]
#[get("/plans/{planId}")]
pub(super) async fn show_plan(who: Allow<PlanRead>, db: Data<Db>, Path(id): Path<PlanId>) -> Answer {
    who.read(&db, async |conn| {
        access::may(&who, conn, Thing::Plan(id)).await?;
        let plan = store::show(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("plan"))?;
        Ok(Reply::show(&ShownPlan::from(plan))?.in_full())
    })
    .await
}

/// List the tasks of a plan
///
/// In the order of the plan: those that fit one of each kind of filter that is given. With `saved=true` the caller's own filter
/// of this plan counts as well.
#[utoipa::path(tag = "plans", params(PlanTaskQuery), security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = Page<CustomerTaskView>)))]
#[get("/plans/{planId}/tasks")]
pub(super) async fn list_plan_tasks(
    who: Allow<PlanRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path(id): Path<PlanId>,
    Query(query): Query<PlanTaskQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, "plan_tasks")?);
    who.read(&db, async |conn| {
        access::may(&who, conn, Thing::Plan(id)).await?;
        let of = (who.tenant, id);
        let mut filters = vec![query.filter()];
        if query.saved == Some(true) {
            filters.extend(plan_filters::find(conn, of, who.user).await?);
        }
        let rows = customer_tasks::page(conn, of, &filters, after, limit).await?;
        if rows.is_empty() {
            // No task may mean no plan: only then is it worth asking.
            store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("plan"))?;
        }
        let key = |row: &CustomerTask| vec![json!(row.sequence_number), json!(row.id)];
        let mut page = Cursor::page(rows, limit, &context.config.keys, "plan_tasks", key);
        if query.count == Some(true) {
            page.total = Some(customer_tasks::count(conn, of, &filters).await?);
        }
        Reply::ok(&page.map(CustomerTaskView::from))
    })
    .await
}
