//! The statements of customer tasks. Whoever changes one holds its plan already: plan first, then tasks, by id.

use std::collections::{BTreeMap, HashSet};

use contracts::adoption::{StatusSource, TaskStatus};
use contracts::catalog::LicenseLevel;
use db::{Conn, Tx};
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use futures_util::future::try_join_all;
use kernel::{Cursor, CustomerTaskId, Hundredths, OutcomeId, PlanId, Problem, ReleaseId, TagId, TenantId};

use super::filter::TaskFilter;
use super::model::CustomerTask;
use crate::schema::customer_tasks;

/// Rows per insert: Postgres takes 65,535 values in a statement, and a task has thirty.
const ROWS: usize = 1_000;

/// The task.
pub(crate) async fn find(
    mut conn: &Conn,
    tenant: TenantId,
    id: CustomerTaskId,
) -> Result<Option<CustomerTask>, Problem> {
    Ok(customer_tasks::table.find((tenant, id)).select(CustomerTask::as_select()).first(&mut conn).await.optional()?)
}

/// Where those of these tasks stand that there are.
pub(super) async fn statuses(
    mut conn: &Conn,
    tenant: TenantId,
    ids: &[CustomerTaskId],
) -> Result<Vec<(CustomerTaskId, TaskStatus, StatusSource)>, Problem> {
    let rows =
        customer_tasks::table.filter(customer_tasks::tenant_id.eq(tenant)).filter(customer_tasks::id.eq_any(ids));
    let columns = (customer_tasks::id, customer_tasks::status, customer_tasks::status_source);
    Ok(rows.select(columns).load(&mut conn).await?)
}

/// All tasks of a plan, in order.
pub(crate) async fn of_plan(conn: &Conn, tenant: TenantId, plan: PlanId) -> Result<Vec<CustomerTask>, Problem> {
    of_plans(conn, tenant, &[plan]).await
}

/// All tasks of some plans, each plan's in order.
pub(crate) async fn of_plans(
    mut conn: &Conn,
    tenant: TenantId,
    plans: &[PlanId],
) -> Result<Vec<CustomerTask>, Problem> {
    use customer_tasks::{id, plan_id, sequence_number, table, tenant_id};
    let rows = table.filter(tenant_id.eq(tenant)).filter(plan_id.eq_any(plans)).order((plan_id, sequence_number, id));
    Ok(rows.select(CustomerTask::as_select()).load(&mut conn).await?)
}

/// One page of the tasks of a plan in order, of those that every filter lets through, with one row more to tell whether there
/// is another page.
pub(crate) async fn page(
    mut conn: &Conn,
    of: (TenantId, PlanId),
    filters: &[TaskFilter],
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<CustomerTask>, Problem> {
    use customer_tasks::{id, sequence_number};
    let mut rows = listed(of, filters).select(CustomerTask::as_select());
    if let Some((place, last)) = after.and_then(|cursor| cursor.key::<i32>(0).zip(cursor.key::<CustomerTaskId>(1))) {
        // The first comparison is the range of the index; the others break the tie.
        rows = rows.filter(sequence_number.ge(place).and(sequence_number.gt(place).or(id.gt(last))));
    }
    Ok(rows.order((sequence_number, id)).limit(limit + 1).load(&mut conn).await?)
}

/// How many the whole list has.
pub(crate) async fn count(mut conn: &Conn, of: (TenantId, PlanId), filters: &[TaskFilter]) -> Result<i64, Problem> {
    Ok(listed(of, filters).count().get_result(&mut conn).await?)
}

/// A task's status and weight.
type Weighed = (TaskStatus, Hundredths);

/// What the sums of plans are made from.
pub(crate) async fn weights(tx: &mut Tx, plans: &[PlanId]) -> Result<BTreeMap<PlanId, Vec<Weighed>>, Problem> {
    use customer_tasks::{plan_id, status, table, tenant_id, weight};
    let rows = table.filter(tenant_id.eq(tx.tenant())).filter(plan_id.eq_any(plans));
    let rows: Vec<(PlanId, Weighed)> = rows.select((plan_id, (status, weight))).load(&mut tx.conn()).await?;
    let mut of_plans = BTreeMap::<PlanId, Vec<Weighed>>::new();
    for (plan, weighed) in rows {
        of_plans.entry(plan).or_default().push(weighed);
    }
    Ok(of_plans)
}

/// What the sums of a plan's outcomes are made from.
pub(crate) async fn served(
    mut conn: &Conn,
    tenant: TenantId,
    plan: PlanId,
) -> Result<Vec<(Vec<OutcomeId>, TaskStatus, Hundredths)>, Problem> {
    use customer_tasks::{outcome_ids, plan_id, status, table, tenant_id, weight};
    let rows = table.filter(tenant_id.eq(tenant)).filter(plan_id.eq(plan));
    Ok(rows.select((outcome_ids, status, weight)).load(&mut conn).await?)
}

/// The tags that tasks of a plan have.
pub(crate) async fn tags(mut conn: &Conn, tenant: TenantId, plan: PlanId) -> Result<HashSet<TagId>, Problem> {
    use customer_tasks::{plan_id, table, tag_ids, tenant_id};
    let rows = table.filter(tenant_id.eq(tenant)).filter(plan_id.eq(plan)).select(tag_ids);
    Ok(rows.load::<Vec<TagId>>(&mut conn).await?.into_iter().flatten().collect())
}

/// The task, locked until the transaction ends.
pub(crate) async fn fetch_for_change(tx: &mut Tx, id: CustomerTaskId) -> Result<Option<CustomerTask>, Problem> {
    let row = customer_tasks::table.find((tx.tenant(), id)).select(CustomerTask::as_select()).for_update();
    Ok(row.first(&mut tx.conn()).await.optional()?)
}

/// Those of the tasks that belong to the plan, locked until the transaction ends, by id.
pub(crate) async fn fetch_many_for_change(
    tx: &mut Tx,
    plan: PlanId,
    ids: &[CustomerTaskId],
) -> Result<Vec<CustomerTask>, Problem> {
    let of_plan = customer_tasks::tenant_id.eq(tx.tenant()).and(customer_tasks::plan_id.eq(plan));
    let rows = customer_tasks::table.filter(of_plan).filter(customer_tasks::id.eq_any(ids)).order(customer_tasks::id);
    Ok(rows.select(CustomerTask::as_select()).for_update().load(&mut tx.conn()).await?)
}

/// All tasks of some plans, locked until the transaction ends, by id.
pub(crate) async fn fetch_of_plans_for_change(tx: &mut Tx, plans: &[PlanId]) -> Result<Vec<CustomerTask>, Problem> {
    let of_plans = customer_tasks::tenant_id.eq(tx.tenant()).and(customer_tasks::plan_id.eq_any(plans));
    let rows = customer_tasks::table.filter(of_plans).order(customer_tasks::id);
    Ok(rows.select(CustomerTask::as_select()).for_update().load(&mut tx.conn()).await?)
}

pub(crate) async fn insert_all(tx: &mut Tx, tasks: &[CustomerTask]) -> Result<(), Problem> {
    for rows in tasks.chunks(ROWS) {
        diesel::insert_into(customer_tasks::table).values(rows).execute(&mut tx.conn()).await?;
    }
    Ok(())
}

/// Writes what changes in a task: its status and what telemetry has told. The statements travel together.
pub(crate) async fn update(tx: &mut Tx, tasks: impl IntoIterator<Item = &CustomerTask>) -> Result<(), Problem> {
    let tx: &Tx = tx;
    let updates = tasks.into_iter().map(async |task| {
        let row = customer_tasks::table.find((task.tenant_id, task.id));
        let columns = (
            customer_tasks::version.eq(task.version),
            customer_tasks::status.eq(task.status),
            customer_tasks::status_source.eq(task.status_source),
            customer_tasks::status_updated_at.eq(task.status_updated_at),
            customer_tasks::status_updated_by.eq(task.status_updated_by),
            customer_tasks::completed_at.eq(task.completed_at),
            task.facts,
        );
        diesel::update(row).set(columns).execute(&mut tx.conn()).await
    });
    try_join_all(updates).await?;
    Ok(())
}

/// Writes whole tasks. The statements travel together.
pub(crate) async fn rewrite(tx: &mut Tx, tasks: impl IntoIterator<Item = &CustomerTask>) -> Result<(), Problem> {
    let tx: &Tx = tx;
    let updates = tasks.into_iter().map(async |task| {
        let row = customer_tasks::table.find((task.tenant_id, task.id));
        diesel::update(row).set(task).execute(&mut tx.conn()).await
    });
    try_join_all(updates).await?;
    Ok(())
}

/// Removes tasks; their history goes with them.
pub(crate) async fn remove(tx: &mut Tx, ids: Vec<CustomerTaskId>) -> Result<(), Problem> {
    let rows = customer_tasks::table.filter(customer_tasks::tenant_id.eq(tx.tenant()));
    diesel::delete(rows.filter(customer_tasks::id.eq_any(ids))).execute(&mut tx.conn()).await?;
    Ok(())
}

fn listed((tenant, plan): (TenantId, PlanId), filters: &[TaskFilter]) -> Rows<'_> {
    let of_plan = customer_tasks::tenant_id.eq(tenant).and(customer_tasks::plan_id.eq(plan));
    filters.iter().fold(customer_tasks::table.filter(of_plan).into_boxed(), through)
}

type Rows<'a> = customer_tasks::BoxedQuery<'a, Pg>;

/// Those of the rows that a filter lets through.
fn through<'a>(mut rows: Rows<'a>, filter: &'a TaskFilter) -> Rows<'a> {
    use customer_tasks::{license_level, outcome_ids, release_ids, status, status_source, tag_ids};
    let TaskFilter { statuses, sources, outcome_ids: outcomes, release_ids: releases, tag_ids: tags, .. } = filter;
    if !statuses.is_empty() {
        rows = rows.filter(status.eq_any(statuses));
    }
    if !sources.is_empty() {
        rows = rows.filter(status_source.eq_any(sources));
    }
    if !outcomes.is_empty() {
        rows = rows.filter(outcome_ids.overlaps_with(outcomes).or(outcome_ids.eq(Vec::<OutcomeId>::new())));
    }
    if !releases.is_empty() {
        rows = rows.filter(release_ids.overlaps_with(releases).or(release_ids.eq(Vec::<ReleaseId>::new())));
    }
    if !tags.is_empty() {
        rows = rows.filter(tag_ids.overlaps_with(tags));
    }
    if let Some(most) = filter.license_level {
        rows = rows.filter(license_level.eq_any(LicenseLevel::ALL.iter().filter(move |level| **level <= most)));
    }
    if let Some(wanted) = filter.is_met {
        rows = rows.filter(is_met().eq(wanted));
    }
    rows
}

/// Whether telemetry proves a task: all required attributes are met, or any one where none is required.
fn is_met() -> Box<dyn BoxableExpression<customer_tasks::table, Pg, SqlType = Bool>> {
    use customer_tasks::{met, required, required_met};
    let of_required = required.gt(0).and(required_met.ge(required));
    Box::new(of_required.or(required.eq(0).and(met.gt(0))))
}
