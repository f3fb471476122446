//! The parts of health: each a number from 0 to 100 that follows from a few counts. Pure.

use kernel::Hundredths;
use serde_json::{Map, Value, json};

use crate::reports::{Counts, LATELY};

/// A value of so many days ago is still fresh.
pub(super) const FRESH: i64 = 7;
/// So many times what was done lately is done in a year.
const PACE: i64 = 12;

/// A part before it is weighed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    /// `None`: nothing is known.
    pub(super) score: Option<Hundredths>,
    pub(super) inputs: Map<String, Value>,
    pub(super) because: String,
}

/// How fresh the telemetry of a customer is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Freshness {
    /// Attributes that ever had a value.
    pub(super) attributes: i64,
    /// Those that had one lately.
    pub(super) fresh: i64,
}

/// How far the assigned products have come.
pub(super) fn adoption(counts: &Counts) -> Measured {
    let score = counts.adoption();
    let products = counts.products;
    let sum = Hundredths(i32::try_from(counts.progress).unwrap_or(i32::MAX));
    let because = match score {
        Some(mean) => format!("The mean progress of {products} assigned product(s), {sum} / {products}, is {mean} %."),
        None => "No product is assigned.".to_owned(),
    };
    Measured { score, inputs: inputs([("products", json!(products)), ("progressSum", json!(sum))]), because }
}

/// Whether all that is open would be done in a year at the pace of the last 30 days.
pub(super) fn velocity(counts: &Counts) -> Measured {
    let (done, open) = (counts.velocity, counts.total_tasks - counts.completed_tasks);
    let (score, because) = match open {
        _ if counts.total_tasks == 0 => (None, "There are no tasks.".to_owned()),
        0 => (Some(Hundredths::HUNDRED), "All tasks are done.".to_owned()),
        _ => {
            let score = Hundredths::part(PACE * done, open + done).unwrap_or_default().min(Hundredths::HUNDRED);
            let because = format!(
                "{done} task(s) were done in {LATELY} days and {open} are open; {PACE} times as many would be done in a year: \
                 {PACE} × {done} / ({done} + {open}), or all of them at most, is {score} %."
            );
            (Some(score), because)
        }
    };
    let counts = [("tasksDone", json!(done)), ("tasksOpen", json!(open))];
    let pace = [("days", json!(LATELY)), ("timesAYear", json!(PACE))];
    Measured { score, inputs: inputs(counts.into_iter().chain(pace)), because }
}

/// How many of the attributes that ever reported did so lately; `None` when telemetry was not heard.
pub(super) fn freshness(heard: Option<Freshness>) -> Measured {
    let Some(Freshness { attributes, fresh }) = heard else {
        let because = "Telemetry did not answer.".to_owned();
        return Measured { score: None, inputs: Map::new(), because };
    };
    let score = Hundredths::part(fresh, attributes);
    let because = match score {
        Some(score) => {
            format!("{fresh} of {attributes} attribute(s) that ever had a value had one in {FRESH} days: {score} %.")
        }
        None => "No attribute ever had a value.".to_owned(),
    };
    let counts = [("attributes", json!(attributes)), ("fresh", json!(fresh)), ("days", json!(FRESH))];
    Measured { score, inputs: inputs(counts), because }
}

/// Open tickets by their severity: helpdesk does not tell of them yet.
pub(super) fn tickets() -> Measured {
    let because = "Helpdesk has not told of tickets yet.".to_owned();
    Measured { score: None, inputs: Map::new(), because }
}

fn inputs<'a>(of: impl IntoIterator<Item = (&'a str, Value)>) -> Map<String, Value> {
    of.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(done: i64, open: i64) -> Counts {
        Counts { total_tasks: open + done, completed_tasks: done, velocity: done, ..Counts::default() }
    }

    #[test]
    fn each_part_follows_from_its_counts() {
        let score = |measured: Measured| measured.score.map(|score| score.to_string());
        assert_eq!(score(velocity(&counts(12, 228))), Some("60.00".to_owned()));
        assert_eq!(score(velocity(&counts(3, 9))), Some("100.00".to_owned()), "three times as fast as needed");
        assert_eq!(score(velocity(&counts(5, 0))), Some("100.00".to_owned()));
        assert_eq!((score(velocity(&counts(0, 0))), score(velocity(&counts(0, 4)))), (None, Some("0.00".to_owned())));
        assert_eq!(score(freshness(Some(Freshness { attributes: 3, fresh: 2 }))), Some("66.67".to_owned()));
        assert_eq!((score(freshness(None)), score(freshness(Some(Freshness::default())))), (None, None));
        let half = Counts { products: 2, progress: 10_000, ..Counts::default() };
        assert_eq!((score(adoption(&half)), score(adoption(&Counts::default()))), (Some("50.00".to_owned()), None));
        assert_eq!(score(tickets()), None);
    }

    /// The numbers that a sentence names.
    fn numbers(sentence: &str) -> Vec<String> {
        let parts = sentence.split(|c: char| !c.is_ascii_digit() && c != '.').map(|part| part.trim_matches('.'));
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    proptest! {
        #[test]
        fn a_sentence_names_the_inputs_the_score_and_no_other_number(done in 0..50_i64, open in 0..50_i64, progress in 0..10_000_i64) {
            let counts = Counts { progress, products: 3, ..counts(done, open) };
            let heard = Some(Freshness { attributes: done + open, fresh: done });
            for part in [adoption(&counts), velocity(&counts), freshness(heard), freshness(None), tickets()] {
                let percents = part.inputs.values().filter_map(|input| Hundredths::from_f64(input.as_f64()?).ok());
                let percents = percents.chain(part.score).map(|percent| percent.to_string());
                let known: Vec<_> = part.inputs.values().map(ToString::to_string).chain(percents).collect();
                for number in numbers(&part.because) {
                    prop_assert!(known.contains(&number), "{number} in {:?} {}", part.inputs, part.because);
                }
            }
        }

        #[test]
        fn more_done_is_never_worse_and_more_open_never_better(done in 0..500_i64, open in 1..500_i64) {
            let score = |done, open| velocity(&counts(done, open)).score.unwrap();
            prop_assert!(score(done, open) <= Hundredths::HUNDRED);
            prop_assert!(score(done + 1, open) >= score(done, open));
            prop_assert!(score(done, open + 1) <= score(done, open));
        }
    }
}
