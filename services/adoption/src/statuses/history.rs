//! The history of a status: one row for each time it was set, never changed afterwards.

use contracts::adoption::{StatusSource, TaskStatus};
use db::{Conn, Tx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Cursor, CustomerTaskId, Problem, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::customer_tasks::CustomerTask;
use crate::schema::status_changes;

/// Rows per insert, within what Postgres takes in a statement.
const ROWS: usize = 1_000;

kernel::id!(/// One entry of a status's history.
    StatusChangeId);

/// A row of `status_changes`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = status_changes, check_for_backend(diesel::pg::Pg))]
pub(crate) struct StatusChange {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: StatusChangeId,
    pub(crate) customer_task_id: CustomerTaskId,
    pub(crate) at: Timestamp,
    pub(crate) status: TaskStatus,
    pub(crate) source: StatusSource,
    pub(crate) changed_by: Option<UserId>,
    pub(crate) note: Option<String>,
}

/// One entry of a status's history.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusChangeView {
    /// The entry's id.
    id: StatusChangeId,
    /// When the status was set.
    at: Timestamp,
    /// What it was set to.
    status: TaskStatus,
    /// Who set it: a person, telemetry, an import.
    source: StatusSource,
    /// The person; null for telemetry.
    by: Option<UserId>,
    /// The person's note, or what telemetry had found.
    text: Option<String>,
}

/// Where the list of entries begins.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HistoryQuery {
    /// Rows per page, 1 to 200 (default 50).
    pub(crate) limit: Option<u16>,
    /// `nextCursor` of the page before.
    pub(crate) cursor: Option<String>,
}

impl StatusChange {
    /// The entry that tells of a task's present status.
    pub(crate) fn of(task: &CustomerTask, note: Option<String>) -> Self {
        Self {
            tenant_id: task.tenant_id,
            id: StatusChangeId::fresh(),
            customer_task_id: task.id,
            at: task.status_updated_at,
            status: task.status,
            source: task.status_source,
            changed_by: task.status_updated_by,
            note,
        }
    }
}

impl From<StatusChange> for StatusChangeView {
    fn from(change: StatusChange) -> Self {
        let StatusChange { tenant_id: _, id, customer_task_id: _, at, status, source, changed_by: by, note: text } = change;
        Self { id, at, status, source, by, text }
    }
}

/// One page of a task's history as it happened, with one row more to tell whether there is another page.
pub(crate) async fn page(
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

pub(crate) async fn insert_all(tx: &mut Tx, changes: &[StatusChange]) -> Result<(), Problem> {
    for rows in changes.chunks(ROWS) {
        diesel::insert_into(status_changes::table).values(rows).execute(&mut tx.conn()).await?;
    }
    Ok(())
}
