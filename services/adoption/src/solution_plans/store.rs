//! The statements of solution plans.

use std::collections::BTreeMap;

use db::{Conn, Tx};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::future::try_join_all;
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

/// Those of some solution plans that there are, locked until the transaction ends, by id.
pub(super) async fn fetch_for_change(tx: &mut Tx, ids: &[SolutionPlanId]) -> Result<Vec<SolutionPlan>, Problem> {
    let rows = solution_plans::table.filter(solution_plans::tenant_id.eq(tx.tenant()));
    let rows = rows.filter(solution_plans::id.eq_any(ids)).order(solution_plans::id);
    Ok(rows.select(SolutionPlan::as_select()).for_update().load(&mut tx.conn()).await?)
}

/// What the parts of solution plans come to, in this order, each given with the plan of the solution's own tasks: the name that
/// this plan has of the solution, and the sums of its tasks and of the products' plans.
pub(super) async fn sums(tx: &mut Tx, of: &[(SolutionPlanId, PlanId)]) -> Result<Vec<(String, RollUp)>, Problem> {
    let (ids, own): (Vec<_>, Vec<_>) = of.iter().copied().unzip();
    let mut tasks = customer_tasks::weights(tx, &own).await?;
    let rows = plans::table.filter(plans::tenant_id.eq(tx.tenant())).filter(plans::solution_plan_id.eq_any(ids));
    let part = (plans::id, plans::owner_name, Progress::as_select());
    let rows = rows.select((plans::solution_plan_id.assume_not_null(), part));
    let mut parts = BTreeMap::<SolutionPlanId, BTreeMap<PlanId, (String, Progress)>>::new();
    for (id, (plan, name, progress)) in rows.load(&mut tx.conn()).await? {
        parts.entry(id).or_default().insert(plan, (name, progress));
    }
    let mut sums = |(id, own): &(SolutionPlanId, PlanId)| {
        let mut products = parts.remove(id).unwrap_or_default();
        let (name, _) =
            products.remove(own).ok_or_else(|| Problem::internal("a solution plan lacks the plan of its own tasks"))?;
        let products = products.into_values().map(|(_, progress)| progress);
        Ok((name, RollUp::of(tasks.remove(own).unwrap_or_default(), products)))
    };
    of.iter().map(&mut sums).collect()
}

pub(super) async fn insert(tx: &mut Tx, plan: &SolutionPlan) -> Result<(), Problem> {
    diesel::insert_into(solution_plans::table).values(plan).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Writes whole solution plans. The statements travel together.
pub(super) async fn update(tx: &mut Tx, plans: impl IntoIterator<Item = &SolutionPlan>) -> Result<(), Problem> {
    let tx: &Tx = tx;
    let updates = plans.into_iter().map(async |plan| {
        diesel::update(solution_plans::table.find((plan.tenant_id, plan.id))).set(plan).execute(&mut tx.conn()).await
    });
    try_join_all(updates).await?;
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
