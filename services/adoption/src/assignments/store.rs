//! The statements of assignments.

use db::{Conn, Tx, on_constraint};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{AssignmentId, Cursor, CustomerId, Problem, TenantId};

use super::model::{Assignment, AssignmentQuery, KEY_TAKEN};
use crate::schema::assignments;

/// The assignment.
pub(crate) async fn find(mut conn: &Conn, tenant: TenantId, id: AssignmentId) -> Result<Option<Assignment>, Problem> {
    Ok(assignments::table.find((tenant, id)).select(Assignment::as_select()).first(&mut conn).await.optional()?)
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

pub(crate) async fn insert(tx: &mut Tx, assignment: &Assignment) -> Result<(), Problem> {
    let insert = diesel::insert_into(assignments::table).values(assignment);
    let how = "Choose another key, or use the assignment that has it.";
    insert
        .execute(&mut tx.conn())
        .await
        .map_err(on_constraint("assignments_external_key_key", KEY_TAKEN.detail(how)))?;
    Ok(())
}

pub(crate) async fn update(tx: &mut Tx, assignment: &Assignment) -> Result<(), Problem> {
    let row = assignments::table.find((assignment.tenant_id, assignment.id));
    diesel::update(row).set(assignment).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Removes the assignment; its plan, the plan's tasks and their history go with it.
pub(crate) async fn remove(tx: &mut Tx, id: AssignmentId) -> Result<(), Problem> {
    diesel::delete(assignments::table.find((tx.tenant(), id))).execute(&mut tx.conn()).await?;
    Ok(())
}

fn listed((tenant, customer): (TenantId, CustomerId), query: &AssignmentQuery) -> assignments::BoxedQuery<'_, Pg> {
    let of_customer = assignments::tenant_id.eq(tenant).and(assignments::customer_id.eq(customer));
    let mut rows = assignments::table.filter(of_customer).into_boxed();
    if !query.product_id.is_empty() {
        rows = rows.filter(assignments::product_id.eq_any(&query.product_id));
    }
    if let Some(key) = &query.external_key {
        rows = rows.filter(assignments::external_key.eq(key));
    }
    rows
}
