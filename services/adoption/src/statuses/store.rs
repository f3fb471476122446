//! The statements of the history. The statuses themselves are columns of customer tasks.

use db::{Conn, Tx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Cursor, CustomerTaskId, Problem, TenantId};

use super::history::{StatusChange, StatusChangeId};
use crate::schema::status_changes;

/// Rows per insert, within what Postgres takes in a statement.
const ROWS: usize = 1_000;

/// One page of a task's history as it happened, with one row more to tell whether there is another page.
pub(crate) async fn history(
    mut conn: &Conn,
    tenant: TenantId,
    task: CustomerTaskId,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<StatusChange>, Problem> {
    let of_task = status_changes::tenant_id.eq(tenant).and(status_changes::customer_task_id.eq(task));
    let mut rows = status_changes::table.filter(of_task).select(StatusChange::as_select()).into_boxed();
    if let Some(last) = after.and_then(|cursor| cursor.key::<StatusChangeId>(0)) {
        rows = rows.filter(status_changes::id.gt(last));
    }
    Ok(rows.order(status_changes::id).limit(limit + 1).load(&mut conn).await?)
}

/// How many entries it has.
pub(crate) async fn count(mut conn: &Conn, tenant: TenantId, task: CustomerTaskId) -> Result<i64, Problem> {
    let of_task = status_changes::tenant_id.eq(tenant).and(status_changes::customer_task_id.eq(task));
    Ok(status_changes::table.filter(of_task).count().get_result(&mut conn).await?)
}

pub(crate) async fn append(tx: &mut Tx, changes: &[StatusChange]) -> Result<(), Problem> {
    for rows in changes.chunks(ROWS) {
        diesel::insert_into(status_changes::table).values(rows).execute(&mut tx.conn()).await?;
    }
    Ok(())
}
