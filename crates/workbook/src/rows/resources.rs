//! Links that help.

use super::in_sheet;
use crate::cell::Cell;
use crate::fields::Fields;
use crate::sheet::{Column, Form};
use crate::table::Kind;

/// A labelled link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// What the link is called.
    pub label: String,
    /// Where it leads: http or https.
    pub url: String,
}

pub(crate) const COLUMNS: &[Column] =
    &[Column::new("Resource Name", "label", Form::Text).needed(), Column::new("URL", "url", Form::Text).needed()];

impl Kind for Resource {
    in_sheet!(Resources as resources);
    const DELETES: bool = false;

    fn name(&self) -> &str {
        &self.label
    }

    /// Names may repeat.
    fn unique(&self) -> Option<String> {
        None
    }

    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(&self.label), Cell::text(&self.url)]
    }

    fn read(fields: &mut Fields<'_>) -> Self {
        Self { label: fields.name(), url: fields.url() }
    }
}
