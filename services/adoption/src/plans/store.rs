//! The statements of plans.

use contracts::identity::LockedType;
use db::{Conn, Tx};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::future::try_join_all;
use grants::Scope;
use kernel::{AssignmentId, Cursor, CustomerTaskId, Hundredths, PlanId, Problem, SolutionPlanId, TenantId};
use uuid::Uuid;

use super::model::{Plan, PlanQuery};
use crate::revisions::needs_sync;
use crate::schema::{assignments, customer_tasks, plans};

/// The plan.
pub(crate) async fn find(mut conn: &Conn, tenant: TenantId, id: PlanId) -> Result<Option<Plan>, Problem> {
    Ok(plans::table.find((tenant, id)).select(Plan::as_select()).first(&mut conn).await.optional()?)
}

/// The assignments of those of some plans that there are.
pub(crate) async fn assignments_of(
    mut conn: &Conn,
    tenant: TenantId,
    ids: &[PlanId],
) -> Result<Vec<AssignmentId>, Problem> {
    let rows = plans::table.filter(plans::tenant_id.eq(tenant)).filter(plans::id.eq_any(ids));
    Ok(rows.select(plans::assignment_id).load(&mut conn).await?)
}

/// The plan, and whether the catalog has left it behind.
pub(crate) async fn show(mut conn: &Conn, tenant: TenantId, id: PlanId) -> Result<Option<(Plan, bool)>, Problem> {
    let row = plans::table.find((tenant, id)).select((Plan::as_select(), needs_sync()));
    Ok(row.first(&mut conn).await.optional()?)
}

/// The plans of a solution plan: that of the solution's own tasks, then its products' in the solution's order.
pub(crate) async fn parts(mut conn: &Conn, tenant: TenantId, of: SolutionPlanId) -> Result<Vec<(Plan, bool)>, Problem> {
    let of_plan = assignments::tenant_id.eq(plans::tenant_id).and(assignments::id.eq(plans::assignment_id));
    let place = assignments::table.filter(of_plan).select(assignments::place).single_value();
    let rows = plans::table.filter(plans::tenant_id.eq(tenant)).filter(plans::solution_plan_id.eq(of));
    let rows = rows.order((place.asc().nulls_first(), plans::id)).select((Plan::as_select(), needs_sync()));
    Ok(rows.load(&mut conn).await?)
}

/// One page in the order of creation, with one row more to tell whether there is another page.
pub(crate) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    of: (&PlanQuery, &Scope),
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<(Plan, bool)>, Problem> {
    let mut rows = listed(tenant, of).select((Plan::as_select(), needs_sync()));
    if let Some(last) = after.and_then(|cursor| cursor.key::<PlanId>(0)) {
        rows = rows.filter(plans::id.gt(last));
    }
    Ok(rows.order(plans::id).limit(limit + 1).load(&mut conn).await?)
}

/// How many the whole list has.
pub(crate) async fn count(mut conn: &Conn, tenant: TenantId, of: (&PlanQuery, &Scope)) -> Result<i64, Problem> {
    Ok(listed(tenant, of).count().get_result(&mut conn).await?)
}

/// The plan, locked until the transaction ends; 423 when somebody else is editing it.
pub(crate) async fn fetch_for_change(tx: &mut Tx, id: PlanId) -> Result<Plan, Problem> {
    let plan = fetch_all_for_change(tx, &[id]).await?.pop().ok_or_else(|| Problem::not_found("plan"))?;
    locks::refuse_others(tx, LockedType::Plan, id.0).await?;
    Ok(plan)
}

/// Those of some plans that there are, locked until the transaction ends, by id, whoever is editing them.
pub(crate) async fn fetch_all_for_change(tx: &mut Tx, ids: &[PlanId]) -> Result<Vec<Plan>, Problem> {
    let rows = plans::table.filter(plans::tenant_id.eq(tx.tenant())).filter(plans::id.eq_any(ids));
    Ok(rows.order(plans::id).select(Plan::as_select()).for_update().load(&mut tx.conn()).await?)
}

/// The plan that a customer task belongs to, locked until the transaction ends; 423 when somebody else is editing it.
pub(crate) async fn fetch_of_task_for_change(tx: &mut Tx, task: CustomerTaskId) -> Result<Option<Plan>, Problem> {
    let plan = customer_tasks::table.find((tx.tenant(), task)).select(customer_tasks::plan_id).single_value();
    let row = plans::table.filter(plans::tenant_id.eq(tx.tenant())).filter(plans::id.nullable().eq(plan));
    let plan: Option<Plan> = row.select(Plan::as_select()).for_update().first(&mut tx.conn()).await.optional()?;
    if let Some(plan) = &plan {
        locks::refuse_others(tx, LockedType::Plan, plan.id.0).await?;
    }
    Ok(plan)
}

pub(crate) async fn insert(tx: &mut Tx, plan: &Plan) -> Result<(), Problem> {
    diesel::insert_into(plans::table).values(plan).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Writes whole plans. The statements travel together.
pub(crate) async fn update(tx: &mut Tx, plans: impl IntoIterator<Item = &Plan>) -> Result<(), Problem> {
    let tx: &Tx = tx;
    let updates = plans.into_iter().map(async |plan| {
        diesel::update(plans::table.find((plan.tenant_id, plan.id))).set(plan).execute(&mut tx.conn()).await
    });
    try_join_all(updates).await?;
    Ok(())
}

/// Writes the sums of a plan.
pub(crate) async fn update_progress(tx: &mut Tx, plan: &Plan) -> Result<(), Problem> {
    let row = plans::table.find((plan.tenant_id, plan.id));
    let columns = (plans::version.eq(plan.version), plan.progress, plans::updated_at.eq(plan.updated_at));
    diesel::update(row).set(columns).execute(&mut tx.conn()).await?;
    Ok(())
}

fn listed<'a>(tenant: TenantId, (query, scope): (&'a PlanQuery, &'a Scope)) -> plans::BoxedQuery<'a, Pg> {
    let mut rows = plans::table.filter(plans::tenant_id.eq(tenant)).into_boxed();
    if let Scope::Some(customers) = scope {
        rows = rows.filter(plans::customer_id.eq_any(customers));
    }
    if !query.customer_id.is_empty() {
        rows = rows.filter(plans::customer_id.eq_any(&query.customer_id));
    }
    let products = query.product_id.iter().map(|id| id.0);
    let owners: Vec<Uuid> = products.chain(query.solution_id.iter().map(|id| id.0)).collect();
    if !owners.is_empty() {
        rows = rows.filter(plans::owner_id.eq_any(owners));
    }
    if !query.license_level.is_empty() {
        rows = rows.filter(plans::license_level.eq_any(&query.license_level));
    }
    if let Some(percent) = query.progress_below {
        rows = rows.filter(plans::progress_percentage.lt(Hundredths::of(percent)));
    }
    if let Some(percent) = query.progress_from {
        rows = rows.filter(plans::progress_percentage.ge(Hundredths::of(percent)));
    }
    if !query.solution_plan_id.is_empty() {
        rows = rows.filter(plans::solution_plan_id.eq_any(&query.solution_plan_id));
    }
    if let Some(wanted) = query.needs_sync {
        rows = rows.filter(needs_sync().eq(wanted));
    }
    rows
}
