//! What rows come to have and only one of all may, whoever's it is: external keys, and the name of a product.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use super::change::{Action, Change};
use crate::book::Item;
use crate::fault::{Fault, Faults};
use crate::sheet::Sheet;

const NAME: &str = "name";
const EXTERNAL_KEY: &str = "externalKey";

/// What the changes of an import claim. Whether it is free, only those can say who see everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Claims {
    /// The owner's name, if it is another.
    pub name: Option<Claim>,
    /// External keys, for each kind of row that comes to have some.
    pub external_keys: Vec<Claim>,
}

/// Values that rows of a sheet come to have in a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The sheet.
    pub sheet: Sheet,
    column: &'static str,
    wanted: Vec<(u32, String)>,
    /// What has another value then, or none.
    yielding: HashSet<Uuid>,
}

impl Claims {
    pub(super) fn of(changes: &[Change]) -> Self {
        let mut keys = BTreeMap::new();
        let mut name = Claim::empty(Sheet::Info, NAME);
        for change in changes {
            keys.entry(change.sheet).or_insert_with(|| Claim::empty(change.sheet, EXTERNAL_KEY)).add(change);
            if change.sheet == Sheet::Info {
                name.add(change);
            }
        }
        let is_made = |claim: &Claim| !claim.wanted.is_empty();
        Self { name: Some(name).filter(is_made), external_keys: keys.into_values().filter(is_made).collect() }
    }
}

impl Claim {
    fn empty(sheet: Sheet, column: &'static str) -> Self {
        Self { sheet, column, wanted: Vec::new(), yielding: HashSet::new() }
    }

    fn add(&mut self, change: &Change) {
        let field = change.fields.iter().find(|field| field.key == self.column);
        if field.is_some() || change.action == Action::Delete {
            self.yielding.extend(match &change.before {
                Some(Item::Info(owner)) => owner.id,
                before => before.as_ref().and_then(Item::id),
            });
        }
        let value = match (&change.after, field) {
            (_, Some(field)) => field.after.as_deref(),
            // It had given its key up.
            (Some(Item::Task(task)), None) if change.action == Action::Restore => task.external_key.as_deref(),
            _ => None,
        };
        self.wanted.extend(change.row.zip(value.map(str::to_owned)));
    }

    /// The values, each as a row has it.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.wanted.iter().map(|(_, value)| value.as_str())
    }

    /// Notes the values that two rows claim.
    pub(super) fn twice(&self, faults: &mut Faults) {
        let mut first = HashMap::new();
        for (row, value) in &self.wanted {
            let before = *first.entry(value).or_insert(*row);
            if before != *row {
                faults.push(self.fault(
                    "EXTERNAL_KEY_TWICE",
                    format!("is that of row {before}, too; change one"),
                    *row,
                    value,
                ));
            }
        }
    }

    /// What is wrong with it when these have such values: each with its id.
    #[must_use]
    pub fn against(&self, holders: &[(String, Uuid)]) -> Faults {
        let taken = holders.iter().filter(|(_, id)| !self.yielding.contains(id)).map(|(value, _)| value);
        let taken: HashSet<&String> = taken.collect();
        let mut faults = Faults::default();
        for (row, value) in self.wanted.iter().filter(|(_, value)| taken.contains(value)) {
            let (code, message) = match self.column {
                NAME => ("NAME_TAKEN", "is what another is called; choose another name, or rename that one first"),
                _ => ("EXTERNAL_KEY_TAKEN", "is what another has; choose another, or change that one first"),
            };
            faults.push(self.fault(code, message, *row, value));
        }
        faults
    }

    fn fault(&self, code: &'static str, message: impl Into<String>, row: u32, value: &str) -> Fault {
        Fault::error(code, message).on(self.sheet).at(row).under(self.column).quoting(value)
    }
}
