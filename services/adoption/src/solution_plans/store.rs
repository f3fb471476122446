//! The statements of solution plans.

use db::{Conn, Tx};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use grants::Scope;
use kernel::{Cursor, PlanId, Problem, SolutionPlanId, TenantId};

use super::model::{SolutionPlan, SolutionPlanQuery};
use super::roll_up::RollUp;
use crate::customer_tasks;
use crate::plans::Progress;
use crate::revisions;
use crate::schema::{plans, solution_plans};

/// The solution plan.
pub(super) async fn find(
    mut conn: &Conn,
    tenant: TenantId,
    id: SolutionPlanId,
) -> Result<Option<SolutionPlan>, Problem> {
    let row = solution_plans::table.find((tenant, id)).select(SolutionPlan::as_select());
    Ok(row.first(&mut conn).await.optional()?)
}

/// The solution plan, and whether its products are others since.
pub(super) async fn find_with_standing(
    mut conn: &Conn,
    tenant: TenantId,
    id: SolutionPlanId,
) -> Result<Option<(SolutionPlan, bool)>, Problem> {
    let row = solution_plans::table.find((tenant, id));
    let row = row.select((SolutionPlan::as_select(), revisions::has_other_products()));
    Ok(row.first(&mut conn).await.optional()?)
}

/// The solution plan, locked until the transaction ends.
pub(super) async fn fetch_for_change(tx: &mut Tx, id: SolutionPlanId) -> Result<Option<SolutionPlan>, Problem> {
    let row = solution_plans::table.find((tx.tenant(), id)).select(SolutionPlan::as_select()).for_update();
    Ok(row.first(&mut tx.conn()).await.optional()?)
}

/// The sums of the parts: the tasks of the solution's own plan, and the sums of its products' plans.
pub(super) async fn sums(tx: &mut Tx, id: SolutionPlanId, own: PlanId) -> Result<RollUp, Problem> {
    let tasks = customer_tasks::weights(tx, own).await?;
    let rows = plans::table.filter(plans::tenant_id.eq(tx.tenant())).filter(plans::solution_plan_id.eq(id));
    let products = rows.filter(plans::id.ne(own)).select(Progress::as_select());
    Ok(RollUp::of(tasks, products.load(&mut tx.conn()).await?))
}

pub(super) async fn insert(tx: &mut Tx, plan: &SolutionPlan) -> Result<(), Problem> {
    diesel::insert_into(solution_plans::table).values(plan).execute(&mut tx.conn()).await?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, plan: &SolutionPlan) -> Result<(), Problem> {
    diesel::update(solution_plans::table.find((plan.tenant_id, plan.id))).set(plan).execute(&mut tx.conn()).await?;
    Ok(())
}

/// One page in the order of creation, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    of: (&SolutionPlanQuery, &Scope),
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<SolutionPlan>, Problem> {
    let mut rows = listed(tenant, of).select(SolutionPlan::as_select());
    if let Some(last) = after.and_then(|cursor| cursor.key::<SolutionPlanId>(0)) {
        rows = rows.filter(solution_plans::id.gt(last));
    }
    Ok(rows.order(solution_plans::id).limit(limit + 1).load(&mut conn).await?)
}

/// How many the whole list has.
pub(super) async fn count(mut conn: &Conn, tenant: TenantId, of: (&SolutionPlanQuery, &Scope)) -> Result<i64, Problem> {
    Ok(listed(tenant, of).count().get_result(&mut conn).await?)
}

fn listed<'a>(
    tenant: TenantId,
    (query, scope): (&'a SolutionPlanQuery, &'a Scope),
) -> solution_plans::BoxedQuery<'a, Pg> {
    let mut rows = solution_plans::table.filter(solution_plans::tenant_id.eq(tenant)).into_boxed();
    if let Scope::Some(customers) = scope {
        rows = rows.filter(solution_plans::customer_id.eq_any(customers));
    }
    if !query.customer_id.is_empty() {
        rows = rows.filter(solution_plans::customer_id.eq_any(&query.customer_id));
    }
    if !query.solution_id.is_empty() {
        rows = rows.filter(solution_plans::solution_id.eq_any(&query.solution_id));
    }
    rows
}
