//! The hand calculation: what a plan must come to after its feed. Pure, and written from the reference. Single criteria
//! are judged by the rules crate, which has a table of cases of its own from the same reference.

use contracts::adoption::PlanView;
use kernel::{Hundredths, Timestamp};

use super::catalogue::{Attribute, Task};
use super::feed::{Fate, Feed, Reading};

/// The sums of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    /// Its tasks.
    pub tasks: i32,
    /// Those that are done.
    pub done: i32,
    /// The weight of what is done in percent of the whole, rounded half up to two places.
    pub progress: Hundredths,
}

/// What the feed proves of these tasks at a moment.
pub(super) fn expected(tasks: &[&Task], feed: &Feed<'_>, now: Timestamp) -> Sums {
    let done: Vec<&&Task> = tasks.iter().filter(|task| is_done(task, feed, now)).collect();
    let weight: Hundredths = tasks.iter().map(|task| task.weight).sum();
    let done_weight: Hundredths = done.iter().map(|task| task.weight).sum();
    let count = |tasks: usize| i32::try_from(tasks).unwrap_or(i32::MAX);
    Sums { tasks: count(tasks.len()), done: count(done.len()), progress: Hundredths::percent(done_weight, weight) }
}

impl From<&PlanView> for Sums {
    fn from(plan: &PlanView) -> Self {
        Self { tasks: plan.total_tasks, done: plan.completed_tasks, progress: plan.progress_percentage }
    }
}

/// Done is a task whose required attributes are all met; without required ones, any that is met suffices.
fn is_done(task: &Task, feed: &Feed<'_>, now: Timestamp) -> bool {
    let met = |attribute: &&Attribute| is_met(task, attribute, feed, now);
    let required: Vec<&Attribute> =
        task.telemetry_attributes.iter().filter(|attribute| attribute.is_required).collect();
    if required.is_empty() {
        task.telemetry_attributes.iter().any(|attribute| met(&attribute))
    } else {
        required.iter().all(met)
    }
}

/// What counts is the value observed last, whenever it came.
fn is_met(task: &Task, attribute: &Attribute, feed: &Feed<'_>, now: Timestamp) -> bool {
    let of_attribute = |reading: &&Reading<'_>| reading.task == task.name && reading.attribute == attribute.name;
    let taken = feed.readings().filter(|reading| reading.fate == Fate::Accepted).filter(of_attribute);
    let latest = taken.max_by_key(|reading| reading.observed_at);
    let value = latest.map(|reading| &reading.value);
    attribute.criterion().is_some_and(|criterion| criterion.evaluate(value, *now).met)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn task(name: &str, weight: f64, attributes: &[(&str, bool)]) -> Task {
        let attribute = |(name, required): &(&str, bool)| {
            let criterion = json!({ "operator": ">=", "value": 10 });
            json!({ "name": name, "dataType": "NUMBER", "isRequired": required, "successCriteria": criterion })
        };
        let attributes: Vec<Value> = attributes.iter().map(attribute).collect();
        let task = json!({ "key": name, "name": name, "weight": weight, "sequenceNumber": 1, "licenseLevel": "ESSENTIAL",
            "estMinutes": 5, "telemetryAttributes": attributes });
        serde_json::from_value(task).unwrap()
    }

    #[test]
    fn progress_is_the_weight_of_what_the_latest_accepted_values_prove() {
        let tasks = [
            task("all met, an older failure came late", 10.0, &[("a", true), ("b", true), ("c", false)]),
            task("one required is silent", 12.5, &[("a", true), ("b", true)]),
            task("met, then failing", 7.5, &[("a", true)]),
            task("one of two optional met", 20.0, &[("a", false), ("b", false)]),
            task("met, but refused", 15.0, &[("a", true)]),
            task("nothing is measured", 5.0, &[]),
        ];
        let reading = |task: usize, attribute, value: i32, second: i64| Reading {
            task: tasks[task].name.as_str(),
            attribute,
            value: json!(value),
            observed_at: Some(Timestamp::from_micros(second * 1_000_000)),
            event_id: String::new(),
            fate: Fate::Accepted,
        };
        let refused = Fate::Refused(contracts::telemetry::RefusalCode::ObservedAtInFuture);
        let first = vec![
            reading(0, "a", 10, 5),
            reading(0, "b", 11, 5),
            reading(0, "c", 9, 5),
            reading(1, "a", 10, 5),
            reading(2, "a", 10, 5),
            reading(2, "a", 9, 6),
            reading(3, "b", 10, 5),
            Reading { fate: refused, ..reading(4, "a", 10, 5) },
        ];
        let feed = Feed { deliveries: [first, vec![reading(0, "a", 9, 4)]] };
        let tasks: Vec<&Task> = tasks.iter().collect();
        // (10 + 20) / 70 = 0.428571
        let by_hand = Sums { tasks: 6, done: 2, progress: Hundredths(4_286) };
        assert_eq!(expected(&tasks, &feed, Timestamp::from_micros(0)), by_hand);
    }
}
