//! The statements of kept filters.

use db::{Conn, Json, Tx, on_constraint};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{PlanId, Problem, TenantId, UserId};

use crate::customer_tasks::TaskFilter;
use crate::schema::plan_filters;

/// What somebody keeps of a plan.
pub(crate) async fn find(
    mut conn: &Conn,
    (tenant, plan): (TenantId, PlanId),
    user: UserId,
) -> Result<Option<TaskFilter>, Problem> {
    let kept = plan_filters::table.find((tenant, plan, user)).select(plan_filters::filter);
    let kept: Option<Json<TaskFilter>> = kept.first(&mut conn).await.optional()?;
    Ok(kept.map(|Json(filter)| filter))
}

/// Keeps a filter in the place of an earlier one.
pub(super) async fn keep(tx: &mut Tx, plan: PlanId, user: UserId, filter: &TaskFilter) -> Result<(), Problem> {
    let row = (
        plan_filters::tenant_id.eq(tx.tenant()),
        plan_filters::plan_id.eq(plan),
        plan_filters::user_id.eq(user),
        plan_filters::filter.eq(Json(filter.clone())),
    );
    diesel::insert_into(plan_filters::table)
        .values(row)
        .on_conflict((plan_filters::tenant_id, plan_filters::plan_id, plan_filters::user_id))
        .do_update()
        .set(plan_filters::filter.eq(Json(filter.clone())))
        .execute(&mut tx.conn())
        .await
        .map_err(on_constraint("plan_filters_plan_fkey", Problem::not_found("plan")))?;
    Ok(())
}

pub(super) async fn forget(tx: &mut Tx, plan: PlanId, user: UserId) -> Result<(), Problem> {
    diesel::delete(plan_filters::table.find((tx.tenant(), plan, user))).execute(&mut tx.conn()).await?;
    Ok(())
}
