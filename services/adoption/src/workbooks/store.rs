//! What a workbook is made from.

use contracts::adoption::StatusSource;
use db::{Conn, Tx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{CustomerId, PlanId, Problem, TenantId};

use super::edits::Notes;
use super::sheets::Standing;
use crate::assignments::Assignment;
use crate::customer_tasks;
use crate::plans::{self, Plan};
use crate::schema::{assignments, plans as rows, status_changes};

/// Everything that a customer adopts, as it is at one moment.
pub(super) async fn standing(conn: &Conn, tenant: TenantId, customer: CustomerId) -> Result<Standing, Problem> {
    let assignments = assigned(conn, tenant, customer).await?;
    let plans = planned(conn, tenant, customer).await?;
    let ids: Vec<_> = plans.iter().map(|plan| plan.id).collect();
    let tasks = customer_tasks::of_plans(conn, tenant, &ids).await?;
    Ok(Standing { assignments, plans, tasks })
}

/// The same, with the plans and their tasks locked until the transaction ends: plans first, by id.
pub(super) async fn standing_for_change(tx: &mut Tx, customer: CustomerId) -> Result<Standing, Problem> {
    let assignments = assigned(tx, tx.tenant(), customer).await?;
    let ids: Vec<PlanId> = planned(tx, tx.tenant(), customer).await?.into_iter().map(|plan| plan.id).collect();
    let plans = plans::fetch_all_for_change(tx, &ids).await?;
    let tasks = customer_tasks::fetch_of_plans_for_change(tx, &ids).await?;
    Ok(Standing { assignments, plans, tasks })
}

/// What somebody wrote last about each of the tasks.
pub(super) async fn notes(mut conn: &Conn, tenant: TenantId, standing: &Standing) -> Result<Notes, Problem> {
    use status_changes::{customer_task_id, id, note, source, table, tenant_id};
    let of_tasks = customer_task_id.eq_any(standing.tasks.iter().map(|task| task.id));
    let by_somebody = source.eq_any([StatusSource::Manual, StatusSource::Import]).and(note.is_not_null());
    let rows = table.filter(tenant_id.eq(tenant)).filter(of_tasks).filter(by_somebody);
    let rows = rows.distinct_on(customer_task_id).order((customer_task_id, id.desc()));
    let rows: Vec<(_, String)> = rows.select((customer_task_id, note.assume_not_null())).load(&mut conn).await?;
    Ok(rows.into_iter().collect())
}

async fn assigned(mut conn: &Conn, tenant: TenantId, customer: CustomerId) -> Result<Vec<Assignment>, Problem> {
    let of_customer = assignments::tenant_id.eq(tenant).and(assignments::customer_id.eq(customer));
    let found = assignments::table.filter(of_customer).order(assignments::id).select(Assignment::as_select());
    Ok(found.load(&mut conn).await?)
}

async fn planned(mut conn: &Conn, tenant: TenantId, customer: CustomerId) -> Result<Vec<Plan>, Problem> {
    let of_customer = rows::tenant_id.eq(tenant).and(rows::customer_id.eq(customer));
    Ok(rows::table.filter(of_customer).order(rows::assignment_id).select(Plan::as_select()).load(&mut conn).await?)
}
