//! One thing that an import would do.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use super::claims::Claims;
use crate::book::Item;
use crate::cell::Cell;
use crate::fault::{Fault, Faults};
use crate::sheet::{Column, Sheet};
use crate::table::{Kind, Row};

/// What is done to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Action {
    /// It is made.
    Create,
    /// It was deleted and comes back.
    Restore,
    /// It is changed.
    Update,
    /// It is deleted.
    Delete,
}

/// One thing that an import would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The sheet of the row.
    pub sheet: Sheet,
    /// The row in the file; none when it is not there.
    pub row: Option<u32>,
    /// What a person calls it.
    pub name: String,
    /// What is done.
    pub action: Action,
    /// The row as it is, or was when it was deleted; none when it is made.
    pub before: Option<Item>,
    /// The whole row as it should be; none when it is deleted.
    pub after: Option<Item>,
    /// The fields that come to say something else.
    pub fields: Vec<FieldChange>,
}

/// A field that comes to say something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// Its name in JSON.
    pub key: &'static str,
    /// Its heading.
    pub column: &'static str,
    /// What it says.
    pub before: Option<String>,
    /// What it will say.
    pub after: Option<String>,
}

impl FieldChange {
    pub(super) fn of(column: &Column, before: &Cell, after: &Cell) -> Self {
        let shown = |cell: &Cell| Some(cell.shown(column.form).into_owned()).filter(|text| !text.is_empty());
        Self { key: column.key, column: column.label, before: shown(before), after: shown(after) }
    }
}

impl Change {
    pub(super) fn create<T: Kind>(row: Row<T>) -> Self {
        let cells = row.item.cells();
        let fields = T::SHEET.columns().iter().zip(&cells).filter(|(column, cell)| column.counts() && !cell.is_blank());
        let fields = fields.map(|(column, cell)| FieldChange::of(column, &Cell::Blank, cell)).collect();
        Self {
            sheet: T::SHEET,
            row: Some(row.number),
            name: row.item.name().to_owned(),
            action: Action::Create,
            before: None,
            after: Some(row.item.into()),
            fields,
        }
    }

    pub(super) fn update<T: Kind>(before: &T, after: T, row: u32, fields: Vec<FieldChange>) -> Self {
        let action = if before.is_deleted() { Action::Restore } else { Action::Update };
        let name = after.name().to_owned();
        let (before, after) = (Some(before.clone().into()), Some(after.into()));
        Self { sheet: T::SHEET, row: Some(row), name, action, before, after, fields }
    }

    pub(super) fn delete<T: Kind>(item: &T) -> Self {
        let (name, before) = (item.name().to_owned(), Some(item.clone().into()));
        Self { sheet: T::SHEET, row: None, name, action: Action::Delete, before, after: None, fields: Vec::new() }
    }
}

/// What an import would do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Diff {
    /// In the order in which they are to be done.
    pub changes: Vec<Change>,
    /// How many rows say what is there already.
    pub unchanged: usize,
    /// What keeps the changes from being made, and what to look at. Those of the file itself are not among them.
    pub faults: Faults,
    /// What must be free everywhere.
    pub claims: Claims,
}

/// How many rows of a sheet would be made, brought back, changed and deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Made.
    pub created: usize,
    /// Brought back.
    pub restored: usize,
    /// Changed.
    pub updated: usize,
    /// Deleted.
    pub deleted: usize,
}

impl Diff {
    /// Warns of what is made though it has an id, unless that `is_known`: it may have been meant to change something.
    pub fn warn_of_strangers(&mut self, is_known: impl Fn(Uuid) -> bool) {
        for change in self.changes.iter().filter(|change| change.action == Action::Create) {
            let id = change.after.as_ref().and_then(Item::id).filter(|id| !is_known(*id));
            if let (Some(id), Some(row), false) = (id, change.row, change.sheet.lists_others()) {
                let message = "has an id of nothing that is here; it is made anew";
                let fault = Fault::warning("ID_UNKNOWN", message).on(change.sheet).at(row).under("id");
                self.faults.push(fault.quoting(&id.to_string()));
            }
        }
    }

    /// How many rows of each sheet would be made, brought back, changed and deleted.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Sheet, Counts> {
        let mut counts: BTreeMap<Sheet, Counts> = BTreeMap::new();
        for change in &self.changes {
            let sheet = counts.entry(change.sheet).or_default();
            match change.action {
                Action::Create => sheet.created += 1,
                Action::Restore => sheet.restored += 1,
                Action::Update => sheet.updated += 1,
                Action::Delete => sheet.deleted += 1,
            }
        }
        counts
    }
}
