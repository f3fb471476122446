//! The history of a status: one entry for each time it was set, never changed afterwards. Pure.

use contracts::adoption::{StatusSource, TaskStatus};
use diesel::prelude::*;
use kernel::{CustomerTaskId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::customer_tasks::CustomerTask;
use crate::schema::status_changes;

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
    /// Also return the exact `total`.
    pub(crate) count: Option<bool>,
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
        let StatusChange { tenant_id: _, id, customer_task_id: _, at, status, source, changed_by: by, note: text } =
            change;
        Self { id, at, status, source, by, text }
    }
}
