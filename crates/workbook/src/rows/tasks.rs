//! Tasks: the adoption steps.

use contracts::catalog::LicenseLevel;
use kernel::{Hundredths, TaskId};
use uuid::Uuid;

use super::in_sheet;
use crate::cell::Cell;
use crate::fields::{Fields, KEY, LONG};
use crate::sheet::{Column, Form};
use crate::table::Kind;

/// An adoption step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its id; none when it is new.
    pub id: Option<TaskId>,
    /// What is to be done.
    pub name: String,
    /// More about it.
    pub description: Option<String>,
    /// Percent of the owner's whole.
    pub weight: Hundredths,
    /// Its place, from 1; none leaves it or puts it last.
    pub sequence: Option<i32>,
    /// Estimated minutes.
    pub est_minutes: i32,
    /// The licence level that includes it.
    pub license_level: LicenseLevel,
    /// Remarks for those who do it.
    pub notes: Option<String>,
    /// Links to documents.
    pub how_to_doc: Vec<String>,
    /// Links to videos.
    pub how_to_video: Vec<String>,
    /// The outcomes it serves, by name; none means all.
    pub outcomes: Vec<String>,
    /// The releases it belongs to, by name; none means all.
    pub releases: Vec<String>,
    /// Its tags, by name.
    pub tags: Vec<String>,
    /// The caller's own key.
    pub external_key: Option<String>,
    /// It is deleted, and comes back when a file has its id. Never so in a file.
    pub is_deleted: bool,
}

const LEVELS: [(&str, LicenseLevel); 3] = [
    ("Essential", LicenseLevel::Essential),
    ("Advantage", LicenseLevel::Advantage),
    ("Signature", LicenseLevel::Signature),
];

pub(crate) const COLUMNS: &[Column] = &[
    Column::new("ID", "id", Form::Id),
    Column::new("Task Name", "name", Form::Text).needed(),
    Column::new("Description", "description", Form::Long),
    Column::new("Weight", "weight", Form::Number(0.0, 100.0)).keeps(),
    Column::new("Sequence", "sequenceNumber", Form::Number(1.0, 2_147_483_647.0)).keeps(),
    Column::new("Est. Minutes", "estMinutes", Form::Number(0.0, 1_000_000.0)).keeps(),
    Column::new("License Level", "licenseLevel", Form::Choice(&["Essential", "Advantage", "Signature"])).keeps(),
    Column::new("Notes", "notes", Form::Long),
    Column::new("How To Doc", "howToDoc", Form::Lines),
    Column::new("How To Video", "howToVideo", Form::Lines),
    Column::new("Outcomes", "outcomes", Form::Names),
    Column::new("Releases", "releases", Form::Names),
    Column::new("Tags", "tags", Form::Names),
    Column::EXTERNAL_KEY,
];

impl Kind for Task {
    in_sheet!(Tasks as tasks);

    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> Option<Uuid> {
        self.id.map(Uuid::from)
    }

    fn is_deleted(&self) -> bool {
        self.is_deleted
    }

    /// Names may repeat.
    fn unique(&self) -> Option<String> {
        None
    }

    fn cells(&self) -> Vec<Cell> {
        let level = LEVELS.iter().find(|(_, level)| *level == self.license_level).map(|(word, _)| *word);
        vec![
            Cell::id(self.id),
            Cell::text(&self.name),
            Cell::optional(self.description.as_deref()),
            Cell::Number(self.weight.to_f64()),
            Cell::whole(self.sequence),
            Cell::Number(self.est_minutes.into()),
            Cell::optional(level),
            Cell::optional(self.notes.as_deref()),
            Cell::list(&self.how_to_doc),
            Cell::list(&self.how_to_video),
            Cell::list(&self.outcomes),
            Cell::list(&self.releases),
            Cell::list(&self.tags),
            Cell::optional(self.external_key.as_deref()),
        ]
    }

    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.id(),
            name: fields.name(),
            description: fields.text(LONG),
            weight: fields.decimal().unwrap_or(Hundredths(100)),
            sequence: fields.whole(),
            est_minutes: fields.whole().unwrap_or(60),
            license_level: fields.choice(&LEVELS).unwrap_or(LicenseLevel::Essential),
            notes: fields.text(LONG),
            how_to_doc: fields.urls(),
            how_to_video: fields.urls(),
            outcomes: fields.names(),
            releases: fields.names(),
            tags: fields.names(),
            external_key: fields.text(KEY),
            is_deleted: false,
        }
    }
}
