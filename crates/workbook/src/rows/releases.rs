//! Releases: the versions that tasks belong to.

use kernel::{Hundredths, ReleaseId};
use uuid::Uuid;

use super::in_sheet;
use crate::cell::Cell;
use crate::fields::{Fields, KEY, LONG};
use crate::sheet::{Column, Form};
use crate::table::Kind;

/// A release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its id; none when it is new.
    pub id: Option<ReleaseId>,
    /// What it is called.
    pub name: String,
    /// Its rank, such as 1.1: higher is later.
    pub level: Hundredths,
    /// More about it.
    pub description: Option<String>,
    /// Whether it is still offered.
    pub is_active: bool,
    /// Its place in the list, from 1; none leaves it or puts it last.
    pub display_order: Option<i32>,
    /// The caller's own key.
    pub external_key: Option<String>,
}

pub(crate) const COLUMNS: &[Column] = &[
    Column::new("ID", "id", Form::Id),
    Column::new("Release Name", "name", Form::Text).needed(),
    Column::new("Level", "level", Form::Number(0.0, 21_474_836.47)).needed(),
    Column::new("Description", "description", Form::Long),
    Column::new("Active", "isActive", Form::Flag).keeps(),
    Column::PLACE.only_in_versions(),
    Column::EXTERNAL_KEY,
];

impl Kind for Release {
    in_sheet!(Releases as releases);

    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> Option<Uuid> {
        self.id.map(Uuid::from)
    }

    /// Names may repeat.
    fn unique(&self) -> Option<String> {
        None
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::id(self.id),
            Cell::text(&self.name),
            Cell::Number(self.level.to_f64()),
            Cell::optional(self.description.as_deref()),
            Cell::Flag(self.is_active),
            Cell::whole(self.display_order),
            Cell::optional(self.external_key.as_deref()),
        ]
    }

    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.id(),
            name: fields.name(),
            level: fields.required(Fields::decimal).unwrap_or_default(),
            description: fields.text(LONG),
            is_active: fields.flag().unwrap_or(true),
            display_order: fields.whole(),
            external_key: fields.text(KEY),
        }
    }
}
