//! What callers send to make and to change a task.

use contracts::catalog::LicenseLevel;
use kernel::{Field, Hundredths, OutcomeId, ReleaseId, TagId, TaskId};
use serde::Deserialize;

/// A new task.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
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
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
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
