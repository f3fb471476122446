//! What an import would do, row by row.
//!
//! A row is found by its id, or by its name; what was deleted, by its id alone, and it comes back. Rows that say the same are
//! left; what a row does not say is left too. What only the file lacks is deleted if that is asked for, and never silently.

mod change;
mod claims;
mod names;
mod pairs;
mod tasks;

use std::collections::HashMap;

pub use self::change::{Action, Change, Counts, Diff, FieldChange};
pub use self::claims::{Claim, Claims};
use self::pairs::Pairs;
use crate::book::Workbook;
use crate::cell::Cell;
use crate::fault::{Fault, Faults};
use crate::fields::Fields;
use crate::sheet::{Form, fold};
use crate::table::{Kind, Row, Table};

/// What has to be done so that `before` says what `after` says; what `after` lacks is deleted only with `delete_missing`.
/// Takes both, for they may be large: what is made moves into its change.
#[must_use]
pub fn diff(mut before: Workbook, mut after: Workbook, delete_missing: bool) -> Diff {
    let mut work = Work { delete_missing, diff: Diff::default() };
    let weight = tasks::weight(&before);
    let links = tasks::link(&mut before, &mut after, delete_missing, &mut work.diff.faults);
    tasks::measure(&mut before, &mut after, delete_missing, &mut work.diff.faults);
    work.compare(before.info, after.info);
    work.compare(before.licenses, after.licenses);
    work.compare(before.outcomes, after.outcomes);
    work.compare(before.releases, after.releases);
    work.compare(before.tags, after.tags);
    work.compare(before.products, after.products);
    work.compare(before.resources, after.resources);
    work.compare(before.tasks, after.tasks);
    work.compare(before.custom_attributes, after.custom_attributes);
    work.compare(before.telemetry, after.telemetry);
    work.compare(before.task_order, after.task_order);
    let mut diff = work.diff;
    tasks::weigh(weight, &mut diff);
    links.check(&mut diff);
    diff.claims = Claims::of(&diff.changes);
    diff.claims.external_keys.iter().for_each(|claim| claim.twice(&mut diff.faults));
    diff
}

struct Work {
    delete_missing: bool,
    diff: Diff,
}

impl Work {
    /// Compares one kind of row. What is deleted goes first, for its name may be wanted again.
    fn compare<T: Kind>(&mut self, before: Option<Table<T>>, after: Option<Table<T>>) {
        let (before, Some(after)) = (before.unwrap_or_default(), after) else { return };
        let pairs = Pairs::of(&before, &after);
        let deletes = self.delete_missing && T::DELETES;
        let staying: Vec<&T> = if deletes { Vec::new() } else { pairs.left(&before).collect() };
        repeats(&staying, &after, &pairs, &mut self.diff.faults);
        if deletes {
            self.diff.changes.extend(pairs.left(&before).map(Change::delete));
        }
        let mut created = Vec::new();
        for (row, old) in after.rows.into_iter().zip(pairs.found()) {
            match old.and_then(|old| before.rows.get(old)) {
                Some(old) => self.update(&old.item, &row),
                None => created.push(Change::create(row)),
            }
        }
        self.diff.changes.append(&mut created);
    }

    fn update<T: Kind>(&mut self, old: &T, row: &Row<T>) {
        let columns = T::SHEET.columns();
        let (was, says) = (old.cells(), row.item.cells());
        let cells = columns.iter().zip(was.iter().zip(&says)).enumerate();
        let mut fields = Vec::new();
        for (index, (column, (was, says))) in cells {
            if row.given.has(index) && column.counts() && !was.says(says, column.form) {
                fields.push(FieldChange::of(column, was, says));
            }
        }
        if fields.is_empty() && !old.is_deleted() {
            self.diff.unchanged += 1;
            return;
        }
        let whole = columns.iter().zip(was.into_iter().zip(says)).enumerate();
        let cells: Vec<Cell> = whole
            .map(
                |(index, (column, (was, says)))| {
                    if row.given.has(index) && column.form != Form::Id { says } else { was }
                },
            )
            .collect();
        let mut read = Fields::new(T::SHEET, row.number, cells, &mut self.diff.faults);
        let whole = T::read(&mut read);
        self.diff.changes.push(Change::update(old, whole, row.number, fields));
    }
}

/// Notes the names that stand where only one may, and warns of new rows that share a name.
fn repeats<T: Kind>(staying: &[&T], after: &Table<T>, pairs: &Pairs, faults: &mut Faults) {
    let mut unique: HashMap<String, Option<u32>> =
        staying.iter().filter_map(|item| Some((item.unique()?, None))).collect();
    let mut named: HashMap<String, u32> = HashMap::new();
    for (row, old) in after.rows.iter().zip(pairs.found()) {
        let name = row.item.name();
        if let Some(key) = row.item.unique() {
            match unique.get(&key) {
                Some(Some(first)) => {
                    let message = format!("is the same as row {first}; delete one or rename it");
                    faults.push(Fault::error("ROW_TWICE", message).on(T::SHEET).at(row.number).quoting(name));
                }
                Some(None) => {
                    let message = "has the name of another that the sheet does not have; choose another name";
                    faults.push(Fault::error("NAME_TAKEN", message).on(T::SHEET).at(row.number).quoting(name));
                }
                None => {
                    unique.insert(key, Some(row.number));
                }
            }
        } else if let Some(first) = named.get(&fold(name)).filter(|_| old.is_none()) {
            let message = format!("has the same name as row {first}; both will be there");
            faults.push(Fault::warning("NAME_TWICE", message).on(T::SHEET).at(row.number).quoting(name));
        }
        named.entry(fold(name)).or_insert(row.number);
    }
    for (first, row) in &pairs.twice {
        let message = format!("has the id of row {first}; clear the id of the row that is new");
        faults.push(Fault::error("ID_TWICE", message).on(T::SHEET).at(*row));
    }
}
