//! The statements of syncs.

use std::collections::BTreeMap;

use db::{Conn, Json, Tx};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use futures_util::try_join;
use kernel::{Cursor, CustomerTaskId, PlanId, Problem, TenantId};

use super::model::{PlanSync, Stance};
use crate::customer_tasks::{self, CustomerTask};
use crate::plans::Plan;
use crate::plans::sync::{Synced, SyncedTask};
use crate::schema::{plan_syncs, synced_tasks};

/// Rows per insert, within what Postgres takes in a statement.
const ROWS: usize = 1_000;

/// A plan as sync sees it.
pub(crate) async fn synced(conn: &Conn, plan: Plan) -> Result<Synced, Problem> {
    let all = synced_all(conn, plan.tenant_id, vec![plan]).await?;
    all.into_iter().next().ok_or_else(|| Problem::internal("a plan that was read is not there"))
}

/// Plans as sync sees them, in this order. Two statements, however many they are.
pub(crate) async fn synced_all(conn: &Conn, tenant: TenantId, plans: Vec<Plan>) -> Result<Vec<Synced>, Problem> {
    let ids = ids(&plans);
    let (tasks, stances) = try_join!(customer_tasks::of_plans(conn, tenant, &ids), stances(conn, tenant, &ids))?;
    Ok(together(plans, tasks, stances))
}

/// Locked plans as sync sees them, in this order, with their tasks locked until the transaction ends.
pub(super) async fn synced_for_change(tx: &mut Tx, plans: Vec<Plan>) -> Result<Vec<Synced>, Problem> {
    let ids = ids(&plans);
    let tasks = customer_tasks::fetch_of_plans_for_change(tx, &ids).await?;
    let stances = stances(tx, tx.tenant(), &ids).await?;
    Ok(together(plans, tasks, stances))
}

fn ids(plans: &[Plan]) -> Vec<PlanId> {
    plans.iter().map(|plan| plan.id).collect()
}

async fn stances(mut conn: &Conn, tenant: TenantId, plans: &[PlanId]) -> Result<Vec<Stance>, Problem> {
    let of_plans = synced_tasks::tenant_id.eq(tenant).and(synced_tasks::plan_id.eq_any(plans));
    Ok(synced_tasks::table.filter(of_plans).select(Stance::as_select()).load(&mut conn).await?)
}

fn together(plans: Vec<Plan>, tasks: Vec<CustomerTask>, stances: Vec<Stance>) -> Vec<Synced> {
    let mut stances: BTreeMap<_, _> = stances.into_iter().map(|stance| (stance.customer_task_id, stance)).collect();
    let mut tasks_of = BTreeMap::<PlanId, Vec<SyncedTask>>::new();
    for task in tasks {
        let known = stances.remove(&task.id);
        let (baseline, retired) = known.map_or((None, None), |stance| (stance.baseline, stance.retired));
        let (baseline, retired) = (baseline.map(|Json(then)| then), retired.map(|Json(was)| was));
        tasks_of.entry(task.plan_id).or_default().push(SyncedTask { task, baseline, retired });
    }
    let with_tasks = |plan: Plan| Synced { tasks: tasks_of.remove(&plan.id).unwrap_or_default(), plan };
    plans.into_iter().map(with_tasks).collect()
}

/// Writes how tasks stand to the catalog.
pub(super) async fn keep(tx: &mut Tx, stances: Vec<Stance>) -> Result<(), Problem> {
    let (plain, told): (Vec<_>, Vec<_>) = stances.into_iter().partition(Stance::is_plain);
    if !plain.is_empty() {
        let ids: Vec<CustomerTaskId> = plain.iter().map(|stance| stance.customer_task_id).collect();
        let rows = synced_tasks::table.filter(synced_tasks::tenant_id.eq(tx.tenant()));
        diesel::delete(rows.filter(synced_tasks::customer_task_id.eq_any(ids))).execute(&mut tx.conn()).await?;
    }
    for rows in told.chunks(ROWS) {
        diesel::insert_into(synced_tasks::table)
            .values(rows)
            .on_conflict((synced_tasks::tenant_id, synced_tasks::customer_task_id))
            .do_update()
            .set((
                synced_tasks::baseline.eq(excluded(synced_tasks::baseline)),
                synced_tasks::retired.eq(excluded(synced_tasks::retired)),
            ))
            .execute(&mut tx.conn())
            .await?;
    }
    Ok(())
}

pub(super) async fn insert(tx: &mut Tx, syncs: &[PlanSync]) -> Result<(), Problem> {
    diesel::insert_into(plan_syncs::table).values(syncs).execute(&mut tx.conn()).await?;
    Ok(())
}

/// The last sync of a locked plan that stands.
pub(super) async fn latest(tx: &mut Tx, plan: PlanId) -> Result<Option<PlanSync>, Problem> {
    let rows = listed(tx.tenant(), plan).filter(plan_syncs::undone_at.is_null()).order(plan_syncs::plan_version.desc());
    Ok(rows.select(PlanSync::as_select()).first(&mut tx.conn()).await.optional()?)
}

/// Marks a sync as undone.
pub(super) async fn mark_undone(tx: &mut Tx, sync: &PlanSync) -> Result<(), Problem> {
    let columns = (plan_syncs::undone_at.eq(sync.undone_at), plan_syncs::undone_by.eq(sync.undone_by));
    let row = plan_syncs::table.find((sync.tenant_id, sync.id));
    diesel::update(row).set(columns).execute(&mut tx.conn()).await?;
    Ok(())
}

/// One page of a plan's syncs, the last one first, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    (tenant, plan): (TenantId, PlanId),
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<PlanSync>, Problem> {
    let mut rows = listed(tenant, plan).select(PlanSync::as_select());
    if let Some(last) = after.and_then(|cursor| cursor.key::<i64>(0)) {
        rows = rows.filter(plan_syncs::plan_version.lt(last));
    }
    Ok(rows.order(plan_syncs::plan_version.desc()).limit(limit + 1).load(&mut conn).await?)
}

/// How many syncs the plan has.
pub(super) async fn count(mut conn: &Conn, (tenant, plan): (TenantId, PlanId)) -> Result<i64, Problem> {
    Ok(listed(tenant, plan).count().get_result(&mut conn).await?)
}

fn listed(tenant: TenantId, plan: PlanId) -> plan_syncs::BoxedQuery<'static, Pg> {
    let of_plan = plan_syncs::tenant_id.eq(tenant).and(plan_syncs::plan_id.eq(plan));
    plan_syncs::table.filter(of_plan).into_boxed()
}
