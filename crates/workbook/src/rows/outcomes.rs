//! Outcomes: the goals that tasks serve.

use kernel::OutcomeId;
use uuid::Uuid;

use super::in_sheet;
use crate::cell::Cell;
use crate::fields::{Fields, LONG};
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
}

pub(crate) const COLUMNS: &[Column] = &[
    Column::new("ID", "id", Form::Id),
    Column::new("Outcome Name", "name", Form::Text).needed(),
    Column::new("Description", "description", Form::Long),
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
        let id = self.id.map_or(Cell::Blank, |id| Cell::Text(id.to_string()));
        vec![id, Cell::text(&self.name), Cell::optional(self.description.as_deref())]
    }

    fn read(fields: &mut Fields<'_>) -> Self {
        Self { id: fields.id(), name: fields.name(), description: fields.text(LONG) }
    }
}
