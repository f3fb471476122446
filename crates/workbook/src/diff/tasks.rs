//! What tasks name, and what names tasks.

use std::collections::HashMap;

use kernel::{Hundredths, TaskId};
use uuid::Uuid;

use super::change::Diff;
use super::names::{Named, Names};
use super::pairs::Pairs;
use crate::book::{Item, Workbook};
use crate::fault::{Fault, Faults};
use crate::rows::{Task, TelemetryAttribute};
use crate::sheet::Sheet;
use crate::table::{Kind, Row, Table};

/// What the tasks' lists may name.
pub(super) struct Links {
    outcomes: Names<Uuid>,
    releases: Names<Uuid>,
    tags: Names<Uuid>,
}

/// Has the tasks name everything as it will be called. A name that nothing has is dropped, with a warning.
pub(super) fn link(before: &mut Workbook, after: &mut Workbook, delete_missing: bool, faults: &mut Faults) -> Links {
    let links = Links {
        outcomes: Names::of(before.outcomes.as_ref(), after.outcomes.as_ref(), delete_missing, Kind::id),
        releases: Names::of(before.releases.as_ref(), after.releases.as_ref(), delete_missing, Kind::id),
        tags: Names::of(before.tags.as_ref(), after.tags.as_ref(), delete_missing, Kind::id),
    };
    for row in before.tasks.iter_mut().flat_map(|table| &mut table.rows) {
        for (_, names, list) in links.lists(&mut row.item) {
            let renamed = list.iter().map(|name| names.renamed(name).map_or(name, |named| &named.name).clone());
            *list = renamed.collect();
        }
    }
    for row in after.tasks.iter_mut().flat_map(|table| &mut table.rows) {
        for (key, names, list) in links.lists(&mut row.item) {
            *list = resolved(list, names, |name| {
                let message = format!("names `{name}`, which is not there; it is dropped");
                let fault = Fault::warning("REFERENCE_UNKNOWN", message).on(Sheet::Tasks).at(row.number);
                faults.push(fault.under(key).quoting(name));
            });
        }
    }
    links
}

fn resolved(list: &[String], names: &Names<Uuid>, mut unknown: impl FnMut(&str)) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in list {
        match names.find(name) {
            Some(named) if found.contains(&named.name) => {}
            Some(named) => found.push(named.name.clone()),
            None => unknown(name),
        }
    }
    found
}

impl Links {
    fn lists<'a>(&'a self, task: &'a mut Task) -> [(&'static str, &'a Names<Uuid>, &'a mut Vec<String>); 3] {
        [
            ("outcomes", &self.outcomes, &mut task.outcomes),
            ("releases", &self.releases, &mut task.releases),
            ("tags", &self.tags, &mut task.tags),
        ]
    }

    /// Notes the names that tasks come to name and that could mean several things.
    pub(super) fn check(&self, diff: &mut Diff) {
        for change in &diff.changes {
            let Some(Item::Task(task)) = &change.after else { continue };
            for (key, names, list) in self.lists(&mut task.clone()) {
                let changed = change.fields.iter().any(|field| field.key == key);
                let shared = list.iter().find(|name| names.find(name).is_some_and(|named| named.shared));
                if let (true, Some(name)) = (changed, shared) {
                    let message = format!("names `{name}`, which several are called; rename all but one");
                    let fault = Fault::error("REFERENCE_AMBIGUOUS", message).on(Sheet::Tasks).under(key).quoting(name);
                    diff.faults.push(change.row.into_iter().fold(fault, Fault::at));
                }
            }
        }
    }
}

/// Has the telemetry attributes name the tasks they belong to. What belongs to a task that is deleted goes with it.
pub(super) fn measure(before: &mut Workbook, after: &mut Workbook, delete_missing: bool, faults: &mut Faults) {
    let names = Names::of(before.tasks.as_ref(), after.tasks.as_ref(), delete_missing, |task: &Task| task.id);
    let tasks = Tasks { by_id: by_id(before, after, delete_missing), names };
    if let Some(table) = &mut before.telemetry {
        table.rows.retain_mut(|row| tasks.find(&mut row.item, Names::renamed).is_some());
    }
    if let Some(table) = &mut after.telemetry {
        table.rows.retain_mut(|row| tasks.known(row, faults));
    }
}

struct Tasks {
    by_id: HashMap<TaskId, String>,
    names: Names<TaskId>,
}

impl Tasks {
    /// Writes into an attribute the task it belongs to, if that will be there. Says whether only its name found it, and several
    /// have that.
    fn find<'a>(
        &'a self,
        attribute: &mut TelemetryAttribute,
        find: impl Fn(&'a Names<TaskId>, &str) -> Option<&'a Named<TaskId>>,
    ) -> Option<bool> {
        if let Some(name) = attribute.task_id.and_then(|id| self.by_id.get(&id)) {
            attribute.task.clone_from(name);
            return Some(false);
        }
        let named = find(&self.names, &attribute.task)?;
        attribute.task.clone_from(&named.name);
        attribute.task_id = named.id;
        Some(named.shared)
    }

    fn known(&self, row: &mut Row<TelemetryAttribute>, faults: &mut Faults) -> bool {
        let (code, message) = match self.find(&mut row.item, Names::find) {
            Some(false) => return true,
            Some(true) => ("REFERENCE_AMBIGUOUS", "is the name of several tasks; rename all but one"),
            None => ("TASK_NOT_FOUND", "is no task; add it to Tasks, or name another"),
        };
        let fault = Fault::error(code, message).on(Sheet::Telemetry).at(row.number);
        faults.push(fault.under("task").quoting(&row.item.task));
        false
    }
}

/// The names that the tasks which are there and stay will have.
fn by_id(before: &Workbook, after: &Workbook, delete_missing: bool) -> HashMap<TaskId, String> {
    let none = Table::default();
    let there = before.tasks.as_ref().unwrap_or(&none);
    let own = |task: &Task| Some((task.id?, task.name.clone()));
    let Some(after) = &after.tasks else { return there.items().filter_map(own).collect() };
    let pairs = Pairs::of(there, after);
    let kept = pairs.left(there).filter(|_| !delete_missing).filter_map(own);
    let found = after.items().zip(pairs.found());
    let found = found.filter_map(|(task, old)| Some((there.rows.get(old?)?.item.id?, task.name.clone())));
    kept.chain(found).collect()
}

/// What the tasks weigh that are there.
pub(super) fn weight(before: &Workbook) -> i64 {
    let there = before.tasks.iter().flat_map(Table::items).filter(|task| !task.is_deleted);
    there.map(|task| i64::from(task.weight.0)).sum()
}

/// Notes when the tasks would weigh more than a hundred together.
pub(super) fn weigh(mut weight: i64, diff: &mut Diff) {
    let mut changed = false;
    for change in &diff.changes {
        let weight_of = |item: &Option<Item>| match item {
            Some(Item::Task(task)) if !task.is_deleted => task.weight,
            _ => Hundredths::ZERO,
        };
        let (minus, plus) = (weight_of(&change.before), weight_of(&change.after));
        weight += i64::from(plus.0) - i64::from(minus.0);
        changed |= plus > minus;
    }
    if changed && weight > i64::from(Hundredths::HUNDRED.0) {
        let (sum, over) = (Hundredths(clamped(weight)), Hundredths(clamped(weight)) - Hundredths::HUNDRED);
        let message = format!("the tasks would weigh {sum} together, {over} over 100; lighten some");
        diff.faults.push(Fault::error("TOTAL_WEIGHT_EXCEEDED", message).on(Sheet::Tasks).under("weight"));
    }
}

fn clamped(weight: i64) -> i32 {
    i32::try_from(weight).unwrap_or(i32::MAX)
}
