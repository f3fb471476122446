//! The statements of operations.

use std::collections::BTreeMap;

use contracts::catalog::{Blueprint, OwnerId, OwnerKind};
use db::{Conn, Json, Tx};
use diesel::dsl::count_star;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use grants::Scope;
use kernel::{Cursor, PlanId, Problem, SyncOperationId, TenantId, Timestamp};
use uuid::Uuid;

use super::model::{Became, OperationPlan, OperationPlanState, SyncOperation, SyncPlans};
use crate::schema::{customers, plans, sync_blueprints, sync_operation_plans, sync_operations};

/// Rows per insert, within what Postgres takes in a statement.
const ROWS: usize = 5_000;

/// The plans that a command means, of customers that are not deleted, with the owners of their tasks.
pub(super) async fn meant(
    mut conn: &Conn,
    tenant: TenantId,
    command: &SyncPlans,
    scope: &Scope,
) -> Result<Vec<(PlanId, OwnerId)>, Problem> {
    let of_customer = customers::tenant_id.eq(plans::tenant_id).and(customers::id.eq(plans::customer_id));
    let rows = plans::table.inner_join(customers::table.on(of_customer));
    let mut rows = rows.filter(plans::tenant_id.eq(tenant)).filter(customers::deleted_at.is_null()).into_boxed();
    if let Scope::Some(ids) = scope {
        rows = rows.filter(plans::customer_id.eq_any(ids));
    }
    if let Some(owner) = command.owner() {
        rows = rows.filter(plans::owner_id.eq(owner.id())).filter(plans::owner_kind.eq(owner.kind()));
    }
    if let Some(ids) = &command.plan_ids {
        rows = rows.filter(plans::id.eq_any(ids));
    }
    let rows = rows.order(plans::id).select((plans::id, plans::owner_kind, plans::owner_id));
    let found: Vec<(PlanId, OwnerKind, Uuid)> = rows.load(&mut conn).await?;
    Ok(found.into_iter().map(|(plan, kind, owner)| (plan, OwnerId::of(kind, owner))).collect())
}

/// The operation.
pub(super) async fn find(
    mut conn: &Conn,
    tenant: TenantId,
    id: SyncOperationId,
) -> Result<Option<SyncOperation>, Problem> {
    let row = sync_operations::table.find((tenant, id)).select(SyncOperation::as_select());
    Ok(row.first(&mut conn).await.optional()?)
}

/// The operation, locked until the transaction ends.
pub(super) async fn fetch_for_change(tx: &mut Tx, id: SyncOperationId) -> Result<Option<SyncOperation>, Problem> {
    let row = sync_operations::table.find((tx.tenant(), id)).select(SyncOperation::as_select()).for_update();
    Ok(row.first(&mut tx.conn()).await.optional()?)
}

pub(super) async fn insert(tx: &mut Tx, operation: &SyncOperation, of: &[PlanId]) -> Result<(), Problem> {
    diesel::insert_into(sync_operations::table).values(operation).execute(&mut tx.conn()).await?;
    for ids in of.chunks(ROWS) {
        let rows: Vec<OperationPlan> = ids.iter().map(|id| operation.plan(*id)).collect();
        diesel::insert_into(sync_operation_plans::table).values(rows).execute(&mut tx.conn()).await?;
    }
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, operation: &SyncOperation) -> Result<(), Problem> {
    let row = sync_operations::table.find((operation.tenant_id, operation.id));
    diesel::update(row).set(operation).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Keeps a product or a solution as the catalog showed it.
pub(super) async fn keep(tx: &mut Tx, operation: SyncOperationId, blueprint: Blueprint) -> Result<(), Problem> {
    let row = (
        sync_blueprints::tenant_id.eq(tx.tenant()),
        sync_blueprints::operation_id.eq(operation),
        sync_blueprints::owner_id.eq(blueprint.owner_id().id()),
        sync_blueprints::blueprint.eq(Json(blueprint)),
    );
    diesel::insert_into(sync_blueprints::table).values(row).execute(&mut tx.conn()).await?;
    Ok(())
}

/// A product or a solution as the catalog showed it; `None`: it had it no more.
pub(super) async fn kept(
    tx: &mut Tx,
    operation: SyncOperationId,
    owner: OwnerId,
) -> Result<Option<Blueprint>, Problem> {
    let row = sync_blueprints::table.find((tx.tenant(), operation, owner.id())).select(sync_blueprints::blueprint);
    let kept: Option<Json<Blueprint>> = row.first(&mut tx.conn()).await.optional()?;
    Ok(kept.map(|Json(blueprint)| blueprint))
}

/// Forgets operations that ended before a moment, with their plans.
pub(super) async fn forget_old(tx: &mut Tx, before: Timestamp) -> Result<(), Problem> {
    let rows = sync_operations::table.filter(sync_operations::tenant_id.eq(tx.tenant()));
    diesel::delete(rows.filter(sync_operations::finished_at.lt(before))).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Forgets what the catalog showed.
pub(super) async fn forget(tx: &mut Tx, operation: SyncOperationId) -> Result<(), Problem> {
    let rows = sync_blueprints::table.filter(sync_blueprints::tenant_id.eq(tx.tenant()));
    diesel::delete(rows.filter(sync_blueprints::operation_id.eq(operation))).execute(&mut tx.conn()).await?;
    Ok(())
}

/// How many plans are in each state.
pub(super) async fn states(
    mut conn: &Conn,
    tenant: TenantId,
    operation: SyncOperationId,
) -> Result<Vec<(OperationPlanState, i64)>, Problem> {
    let of_operation = sync_operation_plans::tenant_id.eq(tenant).and(sync_operation_plans::operation_id.eq(operation));
    let rows = sync_operation_plans::table.filter(of_operation).group_by(sync_operation_plans::state);
    Ok(rows.select((sync_operation_plans::state, count_star())).load(&mut conn).await?)
}

/// The plans whose turn has not come.
pub(super) async fn pending(tx: &mut Tx, operation: SyncOperationId) -> Result<Vec<PlanId>, Problem> {
    let rows = listed((tx.tenant(), operation), &[OperationPlanState::Pending]);
    Ok(rows.order(sync_operation_plans::plan_id).select(sync_operation_plans::plan_id).load(&mut tx.conn()).await?)
}

/// Writes what became of plans: those that fared alike with one statement.
pub(super) async fn close(tx: &mut Tx, operation: SyncOperationId, became: Vec<Became>) -> Result<(), Problem> {
    let mut alike: BTreeMap<_, Vec<PlanId>> = BTreeMap::new();
    for (plan, state) in became {
        let fate = match state {
            Ok(state) => (state, None, None),
            Err(problem) => (OperationPlanState::Failed, Some(problem.kind().code), Some(problem.text().to_owned())),
        };
        alike.entry(fate).or_default().push(plan);
    }
    for ((state, problem, detail), plans) in alike {
        let columns = (
            sync_operation_plans::state.eq(state),
            sync_operation_plans::problem.eq(problem),
            sync_operation_plans::detail.eq(detail),
        );
        let rows = sync_operation_plans::table.filter(sync_operation_plans::tenant_id.eq(tx.tenant()));
        let rows = rows.filter(sync_operation_plans::operation_id.eq(operation));
        let rows = rows.filter(sync_operation_plans::plan_id.eq_any(plans));
        diesel::update(rows).set(columns).execute(&mut tx.conn()).await?;
    }
    Ok(())
}

/// One page of an operation's plans, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    of: (TenantId, SyncOperationId),
    states: &[OperationPlanState],
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<OperationPlan>, Problem> {
    let mut rows = listed(of, states).select(OperationPlan::as_select());
    if let Some(last) = after.and_then(|cursor| cursor.key::<PlanId>(0)) {
        rows = rows.filter(sync_operation_plans::plan_id.gt(last));
    }
    Ok(rows.order(sync_operation_plans::plan_id).limit(limit + 1).load(&mut conn).await?)
}

/// How many the whole list has.
pub(super) async fn count(
    mut conn: &Conn,
    of: (TenantId, SyncOperationId),
    states: &[OperationPlanState],
) -> Result<i64, Problem> {
    Ok(listed(of, states).count().get_result(&mut conn).await?)
}

fn listed(
    (tenant, operation): (TenantId, SyncOperationId),
    states: &[OperationPlanState],
) -> sync_operation_plans::BoxedQuery<'_, Pg> {
    let of_operation = sync_operation_plans::tenant_id.eq(tenant).and(sync_operation_plans::operation_id.eq(operation));
    let mut rows = sync_operation_plans::table.filter(of_operation).into_boxed();
    if !states.is_empty() {
        rows = rows.filter(sync_operation_plans::state.eq_any(states));
    }
    rows
}
