//! Judging the past by a criterion on trial. Pure.

use std::collections::HashMap;

use chrono::{Duration, NaiveDate, NaiveTime};
use contracts::adoption::{StatusOf, StatusSource, TaskStatus};
use kernel::{AssignmentId, AttributeId, CustomerAttributeId, CustomerTaskId, FieldError, Problem, Timestamp};
use rules::{Criterion, CriterionError, DataType};
use serde::Serialize;
use serde_json::Value;

use crate::attributes::Attribute;
use crate::facts::Counts;
use crate::rollups::Latest;

/// Tasks shown as examples.
const EXAMPLES: usize = 20;

/// What a criterion would have done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Trial {
    /// The first day that was looked at: none from before what is kept.
    pub(super) from: NaiveDate,
    /// The last.
    pub(super) to: NaiveDate,
    /// Customer tasks that have the attribute.
    pub(super) tasks: usize,
    /// Whether these are all: a trial looks at 5,000 at most.
    pub(super) complete: bool,
    /// Those whose attribute ever had a value.
    pub(super) with_data: usize,
    /// Those that it would have closed: done at the end of some day, or now, and not without it. What a task's other attributes
    /// decide is the same with it and without it.
    pub(super) would_close: usize,
    /// Those that would be done now, and not without it: no person has said otherwise, and they are applicable.
    pub(super) would_be_done: usize,
    /// Of those that it would have closed: where a person has said otherwise, and still does.
    pub(super) against_person: usize,
    /// The first 20 that it would have closed, those against a person's word before the others.
    pub(super) examples: Vec<Closed>,
}

/// A task that a criterion would have closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TrialExample)]
pub(crate) struct Closed {
    /// The task.
    pub(super) customer_task_id: CustomerTaskId,
    /// The assignment of its plan.
    pub(super) assignment_id: AssignmentId,
    /// Its name.
    pub(super) task_name: String,
    /// The first day at whose end it would have been done by the criterion, or today.
    pub(super) closed_on: NaiveDate,
    /// Where it stands; null when its plan is gone.
    pub(super) status: Option<TaskStatus>,
    /// Who says so.
    pub(super) status_source: Option<StatusSource>,
    /// Whether the criterion is what it takes now, and not only on some day.
    #[serde(skip)]
    pub(super) is_now: bool,
}

impl Closed {
    /// Whether a person has said otherwise.
    fn is_against_person(&self) -> bool {
        let by_person = matches!(self.status_source, Some(StatusSource::Manual | StatusSource::Import));
        by_person && !matches!(self.status, Some(TaskStatus::Done | TaskStatus::NotStarted))
    }

    /// Whether it would be done now: telemetry makes nothing of a task that is not applicable, nor anything against a person.
    fn would_be_done(&self) -> bool {
        self.is_now && !self.is_against_person() && self.status != Some(TaskStatus::NotApplicable)
    }
}

/// What one of a task's attributes, named by its place, had as its last value at the end of a day.
pub(super) type DayEnd = (NaiveDate, usize, Latest);

/// What a task's attributes had at the ends of the days from this one on, day by day, by the last values of days. The latest
/// value is known for longer than its day is kept; what was seen before the first day is what there was on it.
pub(super) fn ends(
    rows: &[Attribute],
    from: NaiveDate,
    days: &HashMap<CustomerAttributeId, Vec<Latest>>,
) -> Vec<DayEnd> {
    let of = |(at, row): (usize, &Attribute)| {
        let seen = days.get(&row.id).into_iter().flatten().cloned().chain(row.latest());
        seen.map(move |value| (value.0.date_naive().max(from), at, value))
    };
    let mut ends: Vec<DayEnd> = rows.iter().enumerate().flat_map(of).collect();
    ends.sort_by_key(|(day, ..)| *day);
    ends
}

/// A criterion on trial for all copies of a catalog attribute.
pub(super) struct Proposal<'a> {
    pub(super) original: AttributeId,
    pub(super) criteria: &'a Value,
}

impl Proposal<'_> {
    /// The criterion as an attribute of this type reads it.
    ///
    /// # Errors
    /// 422 that names each mistake.
    pub(super) fn criterion(&self, data_type: DataType) -> Result<Criterion, Problem> {
        let fault = |error: CriterionError| {
            FieldError::new(format!("/successCriteria{}", error.pointer), error.code, error.detail)
        };
        let errors = |errors: Vec<CriterionError>| Problem::invalid(errors.into_iter().map(fault).collect());
        Criterion::parse(self.criteria, data_type).map_err(errors)
    }

    /// The criterion that a copy, or another attribute of its task, is held against.
    fn of(&self, row: &Attribute) -> Option<Criterion> {
        if self.is_about(row) { self.criterion(row.data_type).ok() } else { row.criterion() }
    }

    /// Whether an attribute is a copy of the one that it is for.
    pub(super) fn is_about(&self, row: &Attribute) -> bool {
        row.original_attribute_id == Some(self.original)
    }

    /// Whether these attributes, as they were judged, make their task done, and would not without the criterion: then the copy
    /// would never be met.
    fn decides(&self, judged: &[Attribute]) -> bool {
        let is_done = |rows: &[Attribute]| Counts::of(rows).verdict() == Some(TaskStatus::Done);
        let unmet = |row: &Attribute| Attribute { is_met: row.is_met && !self.is_about(row), ..row.clone() };
        is_done(judged) && !is_done(&judged.iter().map(unmet).collect::<Vec<_>>())
    }

    /// Whether it makes the task of these attributes done now.
    pub(super) fn closes(&self, rows: &[Attribute], now: Timestamp) -> bool {
        let mut rows = rows.to_vec();
        rows.iter_mut().for_each(|row| row.judge(self.of(row).as_ref(), now));
        self.decides(&rows)
    }

    /// The first day at whose end it would have made the task of these attributes done, or today when it would only now; and
    /// whether it would now.
    pub(super) fn closes_on(&self, rows: &[Attribute], now: Timestamp, ends: &[DayEnd]) -> Option<(NaiveDate, bool)> {
        let criteria: Vec<Option<Criterion>> = rows.iter().map(|row| self.of(row)).collect();
        let mut then: Vec<Attribute> = rows.iter().map(unseen).collect();
        let closes = |(day, ends): &(NaiveDate, &[DayEnd])| {
            for (_, at, (seen, id, value)) in *ends {
                if let Some(row) = then.get_mut(*at) {
                    row.see(*seen, *id, value);
                }
            }
            let end = now.min(midnight(*day) + Duration::days(1));
            then.iter_mut().zip(&criteria).for_each(|(row, criterion)| row.judge(criterion.as_ref(), end));
            self.decides(&then)
        };
        let days = ends.chunk_by(|(one, ..), (next, ..)| one == next);
        let mut days = days.filter_map(|ends| ends.first().map(|(day, ..)| (*day, ends)));
        let closed = days.find(closes).map(|(day, _)| day);
        let is_now = self.closes(rows, now);
        closed.or_else(|| is_now.then(|| now.date_naive())).map(|day| (day, is_now))
    }
}

impl Trial {
    /// A trial of these days.
    pub(super) fn new(from: NaiveDate, to: NaiveDate) -> Self {
        Self {
            from,
            to,
            tasks: 0,
            complete: true,
            with_data: 0,
            would_close: 0,
            would_be_done: 0,
            against_person: 0,
            examples: Vec::new(),
        }
    }

    /// Adds the tasks that it would have closed, with where they stand.
    pub(super) fn close(&mut self, mut closed: Vec<Closed>, statuses: &[StatusOf]) {
        for task in &mut closed {
            let known = statuses.iter().find(|known| known.id == task.customer_task_id);
            (task.status, task.status_source) = known.map(|known| (known.status, known.status_source)).unzip();
        }
        self.would_close = closed.len();
        self.would_be_done = closed.iter().filter(|task| task.would_be_done()).count();
        self.against_person = closed.iter().filter(|task| task.is_against_person()).count();
        closed.sort_by_key(|task| (!task.is_against_person(), task.closed_on, task.customer_task_id));
        closed.truncate(EXAMPLES);
        self.examples = closed;
    }
}

/// An attribute before anything was seen of it.
fn unseen(row: &Attribute) -> Attribute {
    let mut row = Attribute { emptied_at: None, ..row.clone() };
    row.see_only(None);
    row
}

fn midnight(day: NaiveDate) -> Timestamp {
    Timestamp::from(day.and_time(NaiveTime::MIN).and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::sample;
    use proptest::prelude::*;
    use serde_json::json;
    use std::collections::BTreeMap;
    use uuid::Uuid;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
    }

    fn seen(of: u32, value: &str) -> Latest {
        (midnight(day(of)), Uuid::from_u128(of.into()), value.to_owned())
    }

    fn end(of: u32, at: usize, value: &str) -> DayEnd {
        (day(of), at, seen(of, value))
    }

    const NOW: u32 = 20;

    #[test]
    fn a_task_closes_on_the_first_day_that_has_all_that_is_required() {
        let task = CustomerTaskId::fresh();
        let original = AttributeId::fresh();
        let mut rows = vec![sample(task), sample(task)];
        rows[0].original_attribute_id = Some(original);
        let on = |least: i64, ends: &[DayEnd]| {
            let criteria = json!({ "operator": ">=", "value": least });
            Proposal { original, criteria: &criteria }.closes_on(&rows, midnight(day(NOW)), ends).map(|(on, _)| on)
        };
        let ends = [end(3, 0, "5"), end(4, 1, "10"), end(6, 0, "7"), end(8, 1, "3"), end(9, 0, "20")];
        assert_eq!(on(5, &ends), Some(day(4)));
        assert_eq!(on(7, &ends), Some(day(6)));
        assert_eq!(on(8, &ends), None, "the other one has failed by then");
        assert_eq!(on(5, &[]), None);
    }

    #[test]
    fn what_was_seen_before_the_days_counts_in_them() {
        let original = AttributeId::fresh();
        let mut row = Attribute { original_attribute_id: Some(original), ..sample(CustomerTaskId::fresh()) };
        let (at, id, value) = seen(9, "3");
        row.see(at, id, &value);
        let criteria = json!({ "operator": ">=", "value": 5 });
        let proposal = Proposal { original, criteria: &criteria };
        let on = |kept: &[Latest]| {
            let days = HashMap::from([(row.id, kept.to_vec())]);
            proposal.closes_on(&[row.clone()], midnight(day(NOW)), &ends(&[row.clone()], day(7), &days))
        };
        let stood = Some((day(7), false));
        assert_eq!(on(&[seen(2, "6"), seen(9, "3")]), stood, "the value of the second stands until the ninth");
        assert_eq!(on(&[seen(2, "6"), seen(7, "4"), seen(9, "3")]), None);
        let misfit = proposal.criterion(DataType::Boolean).unwrap_err();
        assert!(misfit.errors()[0].pointer.starts_with("/successCriteria"), "{misfit:?}");
    }

    #[test]
    fn what_other_attributes_decide_is_not_the_criterions() {
        let (task, original) = (CustomerTaskId::fresh(), AttributeId::fresh());
        let criteria = json!({ "operator": ">=", "value": 5 });
        let closes = |required: [bool; 2], ends: &[DayEnd]| {
            let mut rows = required.map(|is_required| Attribute { is_required, ..sample(task) });
            rows[0].original_attribute_id = Some(original);
            Proposal { original, criteria: &criteria }.closes_on(&rows, midnight(day(NOW)), ends).map(|(on, _)| on)
        };
        let both = [end(3, 1, "10"), end(4, 0, "5"), end(6, 1, "3")];
        assert_eq!(closes([false, true], &both), None, "an optional one decides nothing beside a required one");
        assert_eq!(closes([false, false], &both), Some(day(6)), "until then the other one has closed it");
        assert_eq!(closes([true, true], &both), Some(day(4)), "without it the task would never be done");
    }

    proptest! {
        /// A trial says of each day what a replay of everything says of it; and what would be done now would have been closed,
        /// however little of the past is kept and whatever vanished.
        #[test]
        fn a_trial_is_a_replay(
            history in proptest::collection::vec((1..NOW, 0..2_usize, 0..20_i64), 0..12), from in 1..NOW, kept in 1..NOW,
            emptied in proptest::option::of(1..NOW), required in any::<[bool; 2]>(),
        ) {
            let (task, original) = (CustomerTaskId::fresh(), AttributeId::fresh());
            let mut rows = required.map(|is_required| Attribute { is_required, ..sample(task) });
            rows[0].original_attribute_id = Some(original);
            // One value of an attribute and day: the last one of it.
            let last: BTreeMap<(u32, usize), i64> = history.into_iter().map(|(on, at, value)| ((on, at), value)).collect();
            let replayed = |until: u32| {
                let mut rows = rows.clone();
                for ((on, at), value) in last.iter().filter(|((on, _), _)| *on <= until) {
                    let (seen, id, value) = seen(*on, &value.to_string());
                    rows[*at].see(seen, id, &value);
                }
                rows
            };
            let criteria = json!({ "operator": ">=", "value": 5 });
            let (proposal, now) = (Proposal { original, criteria: &criteria }, midnight(day(NOW)));
            let days = |since: u32| {
                let mut days: HashMap<_, Vec<Latest>> = HashMap::new();
                for ((on, at), value) in last.iter().filter(|((on, _), _)| *on >= since) {
                    days.entry(rows[*at].id).or_default().push(seen(*on, &value.to_string()));
                }
                days
            };
            let mut today = replayed(NOW);
            let closes = proposal.closes_on(&today, now, &ends(&today, day(from), &days(1)));
            let first = (from..NOW).find(|until| proposal.closes(&replayed(*until), now));
            prop_assert_eq!(closes, first.map(|on| (day(on), proposal.closes(&today, now))));
            today.iter_mut().for_each(|row| row.emptied_at = emptied.map(|on| midnight(day(on))));
            let closes = proposal.closes_on(&today, now, &ends(&today, day(from), &days(kept)));
            prop_assert_eq!(closes.is_some_and(|(_, is_now)| is_now), proposal.closes(&today, now));
        }
    }

    #[test]
    fn a_persons_word_is_named_first() {
        let closed = |on: u32| Closed {
            customer_task_id: CustomerTaskId::fresh(),
            assignment_id: AssignmentId::fresh(),
            task_name: "Roll out".to_owned(),
            closed_on: day(on),
            status: None,
            status_source: None,
            is_now: on > 1,
        };
        let all = vec![closed(1), closed(2), closed(3), closed(4)];
        let said = |at: usize, status, status_source| StatusOf { id: all[at].customer_task_id, status, status_source };
        let statuses = [
            said(0, TaskStatus::Done, StatusSource::Manual),
            said(1, TaskStatus::NotApplicable, StatusSource::System),
            said(2, TaskStatus::InProgress, StatusSource::Manual),
        ];
        let mut trial = Trial::new(day(1), day(9));
        trial.close(all.clone(), &statuses);
        assert_eq!((trial.would_close, trial.would_be_done, trial.against_person), (4, 1, 1));
        assert_eq!(trial.examples[0].customer_task_id, all[2].customer_task_id);
    }
}
