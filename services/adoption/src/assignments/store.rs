//! The statements of assignments.

use contracts::catalog::OwnerKind;
use db::{Conn, Tx, on_constraint};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::result::Error::DatabaseError;
use diesel_async::RunQueryDsl;
use futures_util::future::try_join_all;
use kernel::{AssignmentId, Cursor, CustomerId, Problem, SolutionPlanId, TenantId};
use uuid::Uuid;

use super::body::AssignmentQuery;
use super::model::{Assignment, KEY_TAKEN, NAME_TAKEN};
use crate::schema::assignments;

/// The assignment.
pub(crate) async fn find(mut conn: &Conn, tenant: TenantId, id: AssignmentId) -> Result<Option<Assignment>, Problem> {
    Ok(assignments::table.find((tenant, id)).select(Assignment::as_select()).first(&mut conn).await.optional()?)
}

/// Those of these assignments that there are.
pub(crate) async fn find_many(
    mut conn: &Conn,
    tenant: TenantId,
    ids: &[AssignmentId],
) -> Result<Vec<Assignment>, Problem> {
    let rows = assignments::table.filter(assignments::tenant_id.eq(tenant)).filter(assignments::id.eq_any(ids));
    Ok(rows.select(Assignment::as_select()).load(&mut conn).await?)
}

/// One page in the order of creation, with one row more to tell whether there is another page.
pub(crate) async fn page(
    mut conn: &Conn,
    owner: (TenantId, CustomerId),
    query: &AssignmentQuery,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Assignment>, Problem> {
    let mut rows = listed(owner, query).select(Assignment::as_select());
    if let Some(last) = after.and_then(|cursor| cursor.key::<AssignmentId>(0)) {
        rows = rows.filter(assignments::id.gt(last));
    }
    Ok(rows.order(assignments::id).limit(limit + 1).load(&mut conn).await?)
}

/// How many the whole list has.
pub(crate) async fn count(
    mut conn: &Conn,
    owner: (TenantId, CustomerId),
    query: &AssignmentQuery,
) -> Result<i64, Problem> {
    Ok(listed(owner, query).count().get_result(&mut conn).await?)
}

/// The assignment, locked until the transaction ends.
pub(crate) async fn fetch_for_change(tx: &mut Tx, id: AssignmentId) -> Result<Assignment, Problem> {
    let row = assignments::table.find((tx.tenant(), id)).select(Assignment::as_select()).for_update();
    row.first(&mut tx.conn()).await.optional()?.ok_or_else(|| Problem::not_found("assignment"))
}

/// The assignments of the solutions of solution plans.
pub(crate) async fn find_wholes(
    mut conn: &Conn,
    tenant: TenantId,
    plans: &[SolutionPlanId],
) -> Result<Vec<Assignment>, Problem> {
    if plans.is_empty() {
        return Ok(Vec::new());
    }
    let of_plans = assignments::tenant_id.eq(tenant).and(assignments::solution_plan_id.eq_any(plans));
    let rows = assignments::table.filter(of_plans).filter(assignments::place.is_null());
    Ok(rows.select(Assignment::as_select()).load(&mut conn).await?)
}

/// What may be a part of a solution plan: the assignments that are, and those of these products that stand alone.
pub(crate) async fn candidates(
    mut conn: &Conn,
    (tenant, customer): (TenantId, CustomerId),
    plan: SolutionPlanId,
    products: &[Uuid],
) -> Result<Vec<Assignment>, Problem> {
    use assignments::{customer_id, id, owner_id, owner_kind, solution_plan_id, tenant_id};
    let of_customer = tenant_id.eq(tenant).and(customer_id.eq(customer)).and(owner_kind.eq(OwnerKind::Product));
    let alone = solution_plan_id.is_null().and(owner_id.eq_any(products));
    let rows = assignments::table.filter(of_customer).filter(solution_plan_id.eq(plan).or(alone));
    Ok(rows.order(id).select(Assignment::as_select()).load(&mut conn).await?)
}

/// The products' assignments that are parts of solution plans, locked until the transaction ends, by id.
pub(crate) async fn fetch_parts_for_change(tx: &mut Tx, plans: &[SolutionPlanId]) -> Result<Vec<Assignment>, Problem> {
    if plans.is_empty() {
        return Ok(Vec::new());
    }
    let rows = assignments::table.filter(assignments::tenant_id.eq(tx.tenant()));
    let rows = rows.filter(assignments::solution_plan_id.eq_any(plans)).filter(assignments::place.is_not_null());
    Ok(rows.order(assignments::id).select(Assignment::as_select()).for_update().load(&mut tx.conn()).await?)
}

/// These assignments, locked until the transaction ends, by id.
pub(crate) async fn fetch_many_for_change(tx: &mut Tx, ids: &[AssignmentId]) -> Result<Vec<Assignment>, Problem> {
    let rows = assignments::table.filter(assignments::tenant_id.eq(tx.tenant())).filter(assignments::id.eq_any(ids));
    Ok(rows.order(assignments::id).select(Assignment::as_select()).for_update().load(&mut tx.conn()).await?)
}

pub(crate) async fn insert(tx: &mut Tx, assignment: &Assignment) -> Result<(), Problem> {
    let insert = diesel::insert_into(assignments::table).values(assignment);
    insert.execute(&mut tx.conn()).await.map_err(refused)?;
    Ok(())
}

/// Writes whole assignments. The statements travel together.
pub(crate) async fn update(tx: &mut Tx, assignments: impl IntoIterator<Item = &Assignment>) -> Result<(), Problem> {
    let tx: &Tx = tx;
    let updates = assignments.into_iter().map(async |assignment| {
        let row = assignments::table.find((assignment.tenant_id, assignment.id));
        diesel::update(row).set(assignment).execute(&mut tx.conn()).await
    });
    try_join_all(updates).await.map_err(refused)?;
    Ok(())
}

/// The assignments that have these external keys, each with its key.
pub(super) async fn by_keys(
    mut conn: &Conn,
    tenant: TenantId,
    keys: &[String],
) -> Result<Vec<(String, AssignmentId)>, Problem> {
    let rows =
        assignments::table.filter(assignments::tenant_id.eq(tenant)).filter(assignments::external_key.eq_any(keys));
    Ok(rows.select((assignments::external_key.assume_not_null(), assignments::id)).load(&mut conn).await?)
}

/// Removes the assignment; its plan, the plan's tasks and their history go with it.
pub(crate) async fn remove(tx: &mut Tx, id: AssignmentId) -> Result<(), Problem> {
    diesel::delete(assignments::table.find((tx.tenant(), id))).execute(&mut tx.conn()).await?;
    Ok(())
}

fn refused(error: diesel::result::Error) -> Problem {
    let key = KEY_TAKEN.detail("Choose another key, or use the assignment that has it.");
    let name = NAME_TAKEN.detail("Choose another name for this deployment, or use the assignment that has it.");
    match &error {
        DatabaseError(_, info) if info.constraint_name() == Some("assignments_solution_name_key") => name,
        _ => on_constraint("assignments_external_key_key", key)(error),
    }
}

fn listed((tenant, customer): (TenantId, CustomerId), query: &AssignmentQuery) -> assignments::BoxedQuery<'_, Pg> {
    let of_customer = assignments::tenant_id.eq(tenant).and(assignments::customer_id.eq(customer));
    let mut rows = assignments::table.filter(of_customer).into_boxed();
    let products = query.product_id.iter().map(|id| id.0);
    let owners: Vec<Uuid> = products.chain(query.solution_id.iter().map(|id| id.0)).collect();
    if !owners.is_empty() {
        rows = rows.filter(assignments::owner_id.eq_any(owners));
    }
    if let Some(key) = &query.external_key {
        rows = rows.filter(assignments::external_key.eq(key));
    }
    rows
}
