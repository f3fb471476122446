//! The history of a task: one entry for each time its status was set and for each note, never changed afterwards. Pure.

use contracts::adoption::{StatusSource, TaskNoteView, TaskStatus};
use diesel::prelude::*;
use kernel::{Check, CustomerTaskId, Problem, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::customer_tasks::CustomerTask;
use crate::schema::status_changes;

kernel::id!(/// One entry of a status's history.
    StatusChangeId);

kernel::text_enum! {
    /// What an entry of the history tells.
    pub enum EntryKind {
        /// The status was set, maybe with a note.
        Status = "STATUS",
        /// Somebody wrote a note; the status stayed.
        Note = "NOTE",
    }
}

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
    pub(crate) kind: EntryKind,
}

/// A note on a task.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "text": "Waiting for the firewall team." }))]
pub(crate) struct WriteNote {
    /// 1 to 5,000 characters.
    text: String,
}

/// One entry of a status's history.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusChangeView {
    /// The entry's id.
    id: StatusChangeId,
    /// What it tells.
    #[schema(inline)]
    kind: EntryKind,
    /// When the status was set or the note written.
    at: Timestamp,
    /// What it was set to, or stayed.
    status: TaskStatus,
    /// Who set it or wrote: a person, telemetry, an import.
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

impl WriteNote {
    /// What the note says, if it says something.
    pub(crate) fn checked(self) -> Result<String, Problem> {
        let text = self.text.trim().to_owned();
        let mut check = Check::new();
        check.text("/text", &text, 1, 5_000);
        check.finish().map(|()| text)
    }
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
            kind: EntryKind::Status,
        }
    }

    /// The entry of a note that changes no status.
    pub(crate) fn noted(
        task: &CustomerTask,
        (source, by): (StatusSource, Option<UserId>),
        text: String,
        now: Timestamp,
    ) -> Self {
        let entry = Self::of(task, Some(text));
        Self { at: now, source, changed_by: by, kind: EntryKind::Note, ..entry }
    }

    /// The note as it is told.
    pub(crate) fn note_of(&self, task: &CustomerTask) -> TaskNoteView {
        TaskNoteView {
            id: self.id.0,
            customer_task_id: task.id,
            plan_id: task.plan_id,
            at: self.at,
            by: self.changed_by,
            text: self.note.clone().unwrap_or_default(),
        }
    }
}

impl From<StatusChange> for StatusChangeView {
    fn from(change: StatusChange) -> Self {
        let StatusChange {
            tenant_id: _,
            id,
            customer_task_id: _,
            at,
            status,
            source,
            changed_by: by,
            note: text,
            kind,
        } = change;
        Self { id, kind, at, status, source, by, text }
    }
}
