//! What callers send to list, make and change tasks.

use contracts::catalog::LicenseLevel;
use kernel::{Cursor, Field, Hundredths, OutcomeId, PageQuery, Problem, ReleaseId, TagId, TaskId};
use serde::Deserialize;
use web::Context;

use crate::owners::Deleted;

/// Filters of the list of tasks.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TaskQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// Also return the exact `total`.
    count: Option<bool>,
    /// Only the task with this key.
    pub(crate) external_key: Option<String>,
    /// Only what a licence of this level includes: the level itself and those below it.
    #[param(inline)]
    pub(crate) license_level: Option<LicenseLevel>,
    /// Only tasks that serve one of these outcomes; a task that names none serves all. Repeat for more.
    #[serde(default)]
    #[param(value_type = Vec<Uuid>)]
    pub(crate) outcome_id: Vec<OutcomeId>,
    /// Only tasks that belong to one of these releases; a task that names none belongs to all. Repeat for more.
    #[serde(default)]
    #[param(value_type = Vec<Uuid>)]
    pub(crate) release_id: Vec<ReleaseId>,
    /// Only tasks with one of these tags. Repeat for more.
    #[serde(default)]
    #[param(value_type = Vec<Uuid>)]
    pub(crate) tag_id: Vec<TagId>,
    /// `include`: deleted tasks as well; they have no place and come first.
    #[param(inline)]
    deleted: Option<Deleted>,
}

impl TaskQuery {
    /// The list whose cursors it takes.
    pub(super) const LIST: &str = "tasks";

    /// Only the tasks of these releases, and those that belong to all.
    pub(crate) fn of_releases(self, release_id: Vec<ReleaseId>) -> Self {
        Self { release_id, ..self }
    }

    pub(super) fn includes_deleted(&self) -> bool {
        self.deleted == Some(Deleted::Include)
    }

    pub(super) fn counts(&self) -> bool {
        self.count == Some(true)
    }

    /// How many rows, and after which.
    pub(super) fn window(&self, context: &Context) -> Result<(i64, Option<Cursor>), Problem> {
        let paging = PageQuery { limit: self.limit, cursor: self.cursor.as_deref() };
        Ok((paging.limit()?, paging.after(&context.config.keys, Self::LIST)?))
    }
}

/// A new task.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Connect the first gateway", "weight": 8.25, "licenseLevel": "ESSENTIAL", "estMinutes": 30, "howToDoc": ["https://docs.example.com/connect"] }))]
pub(crate) struct CreateTask {
    /// 1 to 255 characters.
    pub(crate) name: String,
    /// Up to 5,000 characters.
    pub(crate) description: Option<String>,
    /// Remarks for those who do it, up to 5,000 characters.
    pub(crate) notes: Option<String>,
    /// Percent of the owner's whole, 0 to 100 with two places (default 0). The live tasks of an owner sum to 100 at most.
    #[serde(default)]
    pub(crate) weight: Hundredths,
    /// Its place, from 1 (default: the last); the tasks from there on move up by one. Past the end is the last.
    pub(crate) sequence_number: Option<i32>,
    /// The licence level that includes it (default ESSENTIAL).
    pub(crate) license_level: Option<LicenseLevel>,
    /// Estimated minutes (default 0).
    #[serde(default)]
    pub(crate) est_minutes: i32,
    /// Links to documents.
    #[serde(default)]
    pub(crate) how_to_doc: Vec<String>,
    /// Links to videos.
    #[serde(default)]
    pub(crate) how_to_video: Vec<String>,
    /// Outcomes of the same owner; none means all.
    #[serde(default)]
    pub(crate) outcome_ids: Vec<OutcomeId>,
    /// Releases of the same owner; none means all.
    #[serde(default)]
    pub(crate) release_ids: Vec<ReleaseId>,
    /// Tags of the same owner.
    #[serde(default)]
    pub(crate) tag_ids: Vec<TagId>,
    /// The caller's own key, unique per tenant: makes imports repeatable.
    pub(crate) external_key: Option<String>,
}

/// A change of a task; what is left out stays, `null` clears.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "weight": 12.5, "notes": "Ask for the serial number first" }))]
pub(crate) struct TaskPatch {
    /// 1 to 255 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) name: Field<String>,
    /// Up to 5,000 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) description: Field<String>,
    /// Remarks for those who do it, up to 5,000 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) notes: Field<String>,
    /// Percent of the owner's whole, 0 to 100 with two places. The live tasks of an owner sum to 100 at most.
    #[serde(default)]
    #[schema(value_type = Option<Hundredths>)]
    pub(crate) weight: Field<Hundredths>,
    /// Its place, from 1; the tasks in between move by one. Past the end is the last.
    #[serde(default)]
    #[schema(value_type = Option<i32>)]
    pub(crate) sequence_number: Field<i32>,
    /// The licence level that includes it.
    #[serde(default)]
    #[schema(value_type = Option<LicenseLevel>)]
    pub(crate) license_level: Field<LicenseLevel>,
    /// Estimated minutes.
    #[serde(default)]
    #[schema(value_type = Option<i32>)]
    pub(crate) est_minutes: Field<i32>,
    /// Replaces the links to documents.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub(crate) how_to_doc: Field<Vec<String>>,
    /// Replaces the links to videos.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub(crate) how_to_video: Field<Vec<String>>,
    /// Replaces the outcomes.
    #[serde(default)]
    #[schema(value_type = Option<Vec<OutcomeId>>)]
    pub(crate) outcome_ids: Field<Vec<OutcomeId>>,
    /// Replaces the releases.
    #[serde(default)]
    #[schema(value_type = Option<Vec<ReleaseId>>)]
    pub(crate) release_ids: Field<Vec<ReleaseId>>,
    /// Replaces the tags.
    #[serde(default)]
    #[schema(value_type = Option<Vec<TagId>>)]
    pub(crate) tag_ids: Field<Vec<TagId>>,
    /// The caller's own key, unique per tenant.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) external_key: Field<String>,
}

/// A new order of all live tasks of an owner.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ReorderTasks {
    /// Every one of them, once.
    pub(crate) task_ids: Vec<TaskId>,
}
