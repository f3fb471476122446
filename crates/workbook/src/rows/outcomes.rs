//! Outcomes: the goals that tasks serve.

use kernel::OutcomeId;
use uuid::Uuid;

use super::in_sheet;
use crate::cell::Cell;
use crate::fields::{Fields, KEY, LONG};
use crate::sheet::{Column, Form};
use crate::table::Kind;

/// An outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its id; none when it is new.
    pub id: Option<OutcomeId>,
    /// Unique among the outcomes of its owner.
    pub name: String,
    /// More about it.
    pub description: Option<String>,
    /// Its place in the list, from 1; none leaves it or puts it last.
    pub display_order: Option<i32>,
    /// The caller's own key.
    pub external_key: Option<String>,
}

pub(crate) const COLUMNS: &[Column] = &[
    Column::new("ID", "id", Form::Id),
    Column::new("Outcome Name", "name", Form::Text).needed(),
    Column::new("Description", "description", Form::Long),
    Column::PLACE.only_in_versions(),
    Column::EXTERNAL_KEY,
];

impl Kind for Outcome {
    in_sheet!(Outcomes as outcomes);

    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> Option<Uuid> {
        self.id.map(Uuid::from)
    }

    fn unique(&self) -> Option<String> {
        Some(self.name.clone())
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::id(self.id),
            Cell::text(&self.name),
            Cell::optional(self.description.as_deref()),
            Cell::whole(self.display_order),
            Cell::optional(self.external_key.as_deref()),
        ]
    }

    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.id(),
            name: fields.name(),
            description: fields.text(LONG),
            display_order: fields.whole(),
            external_key: fields.text(KEY),
        }
    }
}
