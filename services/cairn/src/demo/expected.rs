//! The hand calculation: what a plan must come to after its feed. Pure, and written from the reference alone.

use kernel::{Hundredths, Timestamp};

use super::catalogue::{Attribute, Task};
use super::feed::{Fate, Feed, Reading};

/// The sums of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    /// Its tasks.
    pub tasks: usize,
    /// Those that are done.
    pub done: usize,
    /// The weight of what is done in percent of the whole, rounded half up to two places.
    pub progress: Hundredths,
}

/// What the feed proves of these tasks at a moment.
pub(super) fn expected(tasks: &[&Task], feed: &Feed<'_>, now: Timestamp) -> Sums {
    let done: Vec<&&Task> = tasks.iter().filter(|task| is_done(task, feed, now)).collect();
    let weight: Hundredths = tasks.iter().map(|task| task.weight).sum();
    let done_weight: Hundredths = done.iter().map(|task| task.weight).sum();
    Sums { tasks: tasks.len(), done: done.len(), progress: Hundredths::percent(done_weight, weight) }
}

/// Done is a task whose required attributes are all met; without required ones, any that is met suffices.
fn is_done(task: &Task, feed: &Feed<'_>, now: Timestamp) -> bool {
    let met = |attribute: &&Attribute| is_met(task, attribute, feed, now);
    let required: Vec<&Attribute> = task.telemetry_attributes.iter().filter(|attribute| attribute.is_required).collect();
    if required.is_empty() { task.telemetry_attributes.iter().any(|attribute| met(&attribute)) } else { required.iter().all(met) }
}

/// What counts is the value observed last, whenever it came.
fn is_met(task: &Task, attribute: &Attribute, feed: &Feed<'_>, now: Timestamp) -> bool {
    let of_attribute = |reading: &&Reading<'_>| reading.task == task.name && reading.attribute == attribute.name;
    let taken = feed.readings().filter(|reading| reading.fate == Fate::Accepted).filter(of_attribute);
    let latest = taken.max_by_key(|reading| reading.observed_at);
    let value = latest.map(|reading| &reading.value);
    attribute.criterion().is_some_and(|criterion| criterion.evaluate(value, *now).met)
}
