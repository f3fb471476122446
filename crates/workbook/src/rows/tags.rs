//! Tags: words to find tasks by.

use kernel::TagId;
use uuid::Uuid;

use super::in_sheet;
use crate::cell::Cell;
use crate::fields::{Fields, KEY, LONG};
use crate::sheet::{Column, Form};
use crate::table::Kind;

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its id; none when it is new.
    pub id: Option<TagId>,
    /// Unique among the tags of its owner, whatever the case of its letters.
    pub name: String,
    /// `#RRGGBB`; none is grey.
    pub color: Option<String>,
    /// More about it.
    pub description: Option<String>,
    /// Its place in the list, from 1; none leaves it or puts it last.
    pub display_order: Option<i32>,
    /// The caller's own key.
    pub external_key: Option<String>,
}

pub(crate) const COLUMNS: &[Column] = &[
    Column::new("ID", "id", Form::Id),
    Column::new("Tag Name", "name", Form::Text).needed(),
    Column::new("Color", "color", Form::Color),
    Column::new("Description", "description", Form::Long),
    Column::PLACE.only_in_versions(),
    Column::EXTERNAL_KEY,
];

impl Kind for Tag {
    in_sheet!(Tags as tags);

    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> Option<Uuid> {
        self.id.map(Uuid::from)
    }

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::id(self.id),
            Cell::text(&self.name),
            Cell::optional(self.color.as_deref()),
            Cell::optional(self.description.as_deref()),
            Cell::whole(self.display_order),
            Cell::optional(self.external_key.as_deref()),
        ]
    }

    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            id: fields.id(),
            name: fields.name(),
            color: fields.color(),
            description: fields.text(LONG),
            display_order: fields.whole(),
            external_key: fields.text(KEY),
        }
    }
}
