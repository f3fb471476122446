//! The product or the solution itself.

use uuid::Uuid;

use super::in_sheet;
use crate::cell::Cell;
use crate::fields::{Fields, KEY, LONG};
use crate::sheet::{Column, Form};
use crate::table::Kind;

/// The product or the solution itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// Its id; only a remark, for the name finds it.
    pub id: Option<Uuid>,
    /// What it is called.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// The caller's own key.
    pub external_key: Option<String>,
}

/// The heading of the name says whose workbook it is.
pub(crate) const COLUMNS: &[Column] = &[
    Column::new("ID", "id", Form::Id),
    Column::new("Name", "name", Form::Text).also(&["Product Name", "Solution Name"]).needed(),
    Column::new("Description", "description", Form::Long),
    Column::EXTERNAL_KEY,
];

impl Kind for Info {
    in_sheet!(Info as info);
    const DELETES: bool = false;

    fn name(&self) -> &str {
        &self.name
    }

    /// There is one, whatever its name.
    fn key(&self) -> String {
        String::new()
    }

    fn cells(&self) -> Vec<Cell> {
        let id = Cell::id(self.id);
        let (description, key) = (self.description.as_deref(), self.external_key.as_deref());
        vec![id, Cell::text(&self.name), Cell::optional(description), Cell::optional(key)]
    }

    fn read(fields: &mut Fields<'_>) -> Self {
        let (id, name) = (fields.id(), fields.name());
        Self { id, name, description: fields.text(LONG), external_key: fields.text(KEY) }
    }
}
