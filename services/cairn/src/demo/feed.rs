//! The telemetry that a plan is sent: derived from its criteria and a moment that is known, so every run sends the same.
//!
//! Most tasks are proved, some fail, some are proved in part. Each third value comes twice, some come late, and some are
//! such that they must be refused. What should become of each is known before it is sent. Pure.

use chrono::Duration;
use contracts::telemetry::RefusalCode;
use kernel::{AssignmentId, Timestamp};
use rules::DataType;
use serde_json::{Value, json};

use super::catalogue::{Attribute, Task};

/// What a task's attributes report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conduct {
    /// All that is asked.
    Proved,
    /// All that is asked; then an older, worse value arrives, which must change nothing.
    Overtaken,
    /// Too little.
    Failing,
    /// All that is asked, but for the last attribute that is required, which is silent.
    Partial,
}

/// The conduct of tasks in turn; each plan begins one further, so that short plans differ.
const ROUND: [Conduct; 7] = [
    Conduct::Proved,
    Conduct::Overtaken,
    Conduct::Failing,
    Conduct::Proved,
    Conduct::Partial,
    Conduct::Proved,
    Conduct::Overtaken,
];

/// What should become of a value when it is sent for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Stored.
    Accepted,
    /// Known already.
    Duplicate,
    /// Refused.
    Refused(RefusalCode),
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading<'a> {
    pub(super) task: &'a str,
    pub(super) attribute: &'a str,
    pub(super) value: Value,
    pub(super) observed_at: Option<Timestamp>,
    pub(super) event_id: String,
    pub(super) fate: Fate,
}

/// Everything a plan is sent, in two deliveries: what is late or repeated comes with the second.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Feed<'a> {
    pub(super) deliveries: [Vec<Reading<'a>>; 2],
}

impl<'a> Feed<'a> {
    /// The feed of the plan that is `turn`th in the file, for a deployment that began at `since`.
    pub(super) fn of(tasks: &[&'a Task], turn: usize, since: Timestamp) -> Self {
        let (mut fresh, mut late) = (Vec::new(), Vec::new());
        for (task, conduct) in tasks.iter().zip(ROUND.into_iter().cycle().skip(turn % ROUND.len())) {
            for attribute in reporting(task, conduct) {
                let observed_at =
                    since - Duration::hours(1) + Duration::seconds(i64::try_from(fresh.len()).unwrap_or(0));
                let reading = |met, word, observed_at| Reading::witness(task, attribute, met, word, observed_at, since);
                fresh.extend(reading(conduct != Conduct::Failing, "now", observed_at));
                if conduct == Conduct::Overtaken {
                    late.extend(reading(false, "before", observed_at - Duration::hours(1)));
                }
            }
        }
        let repeated = fresh.iter().skip(2).step_by(3).cloned();
        let repeated = repeated.map(|reading| Reading { fate: Fate::Duplicate, ..reading });
        let second = late.into_iter().chain(repeated).collect();
        let malformed = tasks.iter().find_map(|task| Some(malformed(task, task.telemetry_attributes.first()?, since)));
        fresh.extend(malformed.into_iter().flatten());
        Self { deliveries: [fresh, second] }
    }

    /// All of it, in the order it is sent.
    pub(super) fn readings(&self) -> impl Iterator<Item = &Reading<'a>> {
        self.deliveries.iter().flatten()
    }
}

/// The attributes that send a value.
fn reporting(task: &Task, conduct: Conduct) -> impl Iterator<Item = &Attribute> {
    let silent = match conduct {
        Conduct::Partial => task.telemetry_attributes.iter().rposition(|attribute| attribute.is_required),
        _ => None,
    };
    let attributes = task.telemetry_attributes.iter().enumerate();
    attributes.filter(move |(place, _)| Some(*place) != silent).map(|(_, attribute)| attribute)
}

/// Values that nobody may take: of the wrong type, of no attribute, without a time, and of a time that is far away.
fn malformed<'a>(task: &'a Task, attribute: &'a Attribute, since: Timestamp) -> [Reading<'a>; 4] {
    let refused = |word, code| Reading {
        task: &task.name,
        attribute: &attribute.name,
        value: json!(0),
        observed_at: Some(since - Duration::hours(1)),
        event_id: event_id(task, attribute, word),
        fate: Fate::Refused(code),
    };
    [
        Reading { value: misfit(attribute.data_type), ..refused("misfit", RefusalCode::ValueTypeWrong) },
        Reading { attribute: "nobody_measures_this", ..refused("unknown", RefusalCode::AttributeUnknown) },
        Reading { observed_at: None, ..refused("timeless", RefusalCode::ObservedAtInvalid) },
        Reading {
            observed_at: Some(since + Duration::days(36_500)),
            ..refused("future", RefusalCode::ObservedAtInFuture)
        },
    ]
}

/// A value that no attribute of the type accepts.
fn misfit(data_type: DataType) -> Value {
    match data_type {
        DataType::Boolean => json!("perhaps"),
        DataType::Number => json!("a few"),
        DataType::String => json!(42),
        DataType::Timestamp => json!("soon"),
        DataType::Json => Value::Null,
    }
}

fn event_id(task: &Task, attribute: &Attribute, word: &str) -> String {
    format!("{}/{}/{word}", task.key, attribute.name)
}

impl<'a> Reading<'a> {
    /// A value that meets the attribute's criterion, or fails it; none when the criterion leaves no such value.
    fn witness(
        task: &'a Task,
        attribute: &'a Attribute,
        met: bool,
        word: &str,
        observed_at: Timestamp,
        since: Timestamp,
    ) -> Option<Self> {
        let value = attribute.criterion()?.witness(attribute.data_type, met, *since)?;
        let event_id = event_id(task, attribute, word);
        Some(Self {
            task: &task.name,
            attribute: &attribute.name,
            value,
            observed_at: Some(observed_at),
            event_id,
            fate: Fate::Accepted,
        })
    }

    /// As telemetry takes it.
    pub(super) fn to_json(&self, assignment: AssignmentId) -> Value {
        let Self { task, attribute, value, observed_at, event_id, fate: _ } = self;
        json!({
            "assignmentId": assignment,
            "taskName": task,
            "attributeName": attribute,
            "value": value,
            "observedAt": observed_at,
            "eventId": event_id,
            "source": "cairn demo",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::Catalogue;
    use proptest::prelude::*;

    fn count(feed: &Feed<'_>, fate: impl Fn(Fate) -> bool) -> usize {
        feed.readings().filter(|reading| fate(reading.fate)).count()
    }

    proptest! {
        // Each case reads the catalogue.
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_feed_is_the_same_each_time_and_knows_the_fate_of_each_value(turn in 0..50_usize, micros in 1_700_000_000_000_000..1_900_000_000_000_000_i64) {
            let own = Catalogue::own().unwrap();
            let since = Timestamp::from_micros(micros);
            for product in &own.products {
                let tasks: Vec<&Task> = product.tasks.iter().collect();
                let feed = Feed::of(&tasks, turn, since);
                prop_assert_eq!(&feed, &Feed::of(&tasks, turn, since));
                let fresh = feed.deliveries[0].iter().filter(|reading| reading.fate == Fate::Accepted).count();
                prop_assert_eq!(count(&feed, |fate| fate == Fate::Duplicate), fresh / 3);
                prop_assert_eq!(count(&feed, |fate| matches!(fate, Fate::Refused(_))), 4);
                for reading in feed.readings().filter(|reading| reading.fate == Fate::Accepted) {
                    let attribute = tasks.iter().flat_map(|task| &task.telemetry_attributes).find(|attribute| attribute.name == reading.attribute);
                    prop_assert!(attribute.unwrap().data_type.check(&reading.value).is_ok());
                    prop_assert!(reading.observed_at.unwrap() < since);
                }
            }
        }
    }

    #[test]
    fn a_misfit_fits_no_attribute_of_its_type() {
        for &data_type in DataType::ALL {
            assert!(data_type.check(&misfit(data_type)).is_err(), "{data_type}");
        }
    }
}
