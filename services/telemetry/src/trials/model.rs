//! Judging the past by a criterion on trial. Pure.

use chrono::{Days, NaiveDate, NaiveTime};
use contracts::adoption::{StatusOf, StatusSource, TaskStatus};
use kernel::{AssignmentId, AttributeId, CustomerTaskId, FieldError, Problem, Timestamp};
use rules::{Criterion, CriterionError, DataType};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::attributes::Attribute;
use crate::facts::Counts;

/// Tasks shown as examples.
const EXAMPLES: usize = 20;

/// What a criterion would have done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Trial {
    /// The first day that was looked at.
    pub(super) from: NaiveDate,
    /// The last.
    pub(super) to: NaiveDate,
    /// Customer tasks that have the attribute.
    pub(super) tasks: usize,
    /// Whether these are all: a trial looks at 5,000 at most.
    pub(super) complete: bool,
    /// Those whose attribute ever had a value.
    pub(super) with_data: usize,
    /// Those that would have been done at the end of some day.
    pub(super) would_close: usize,
    /// Those that would be done now.
    pub(super) would_be_done: usize,
    /// Of those that would have been done: where a person has said otherwise, and still does.
    pub(super) against_person: usize,
    /// The first 20 that would have been done, those against a person's word before the others.
    pub(super) examples: Vec<Closed>,
}

/// A task that would have been done.
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
    /// The first day at whose end it would have been done.
    pub(super) closed_on: NaiveDate,
    /// Where it stands; null when its plan is gone.
    pub(super) status: Option<TaskStatus>,
    /// Who says so.
    pub(super) status_source: Option<StatusSource>,
}

impl Closed {
    /// Whether a person has said otherwise.
    fn is_against_person(&self) -> bool {
        let by_person = matches!(self.status_source, Some(StatusSource::Manual | StatusSource::Import));
        by_person && !matches!(self.status, Some(TaskStatus::Done | TaskStatus::NotStarted))
    }
}

/// The last value of a day of one of a task's attributes, which is named by its place.
pub(super) type DayEnd = (NaiveDate, usize, Timestamp, Uuid, String);

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
        if row.original_attribute_id == Some(self.original) {
            return self.criterion(row.data_type).ok();
        }
        row.criterion()
    }

    /// Whether the task of these attributes would be done now.
    pub(super) fn is_done(&self, rows: &[Attribute], now: Timestamp) -> bool {
        let mut rows = rows.to_vec();
        rows.iter_mut().for_each(|row| row.judge(self.of(row).as_ref(), now));
        Counts::of(&rows).verdict() == Some(TaskStatus::Done)
    }

    /// The first day at whose end the task of these attributes would have been done. Before its first value within the days an
    /// attribute has the value that it has had since before them, if that is its latest.
    pub(super) fn closes_on(&self, rows: &[Attribute], from: NaiveDate, days: &[DayEnd]) -> Option<NaiveDate> {
        let criteria: Vec<Option<Criterion>> = rows.iter().map(|row| self.of(row)).collect();
        let begin = midnight(from);
        let mut rows: Vec<Attribute> = rows.iter().map(|row| before(row, begin)).collect();
        let mut days = days.iter().peekable();
        let mut day = from;
        loop {
            while let Some((_, at, seen, id, value)) = days.next_if(|(of, ..)| *of <= day) {
                if let Some(row) = rows.get_mut(*at) {
                    row.see(*seen, *id, value);
                }
            }
            let end = midnight(day.checked_add_days(Days::new(1))?);
            rows.iter_mut().zip(&criteria).for_each(|(row, criterion)| row.judge(criterion.as_ref(), end));
            if Counts::of(&rows).verdict() == Some(TaskStatus::Done) {
                return Some(day);
            }
            // On days without values only time goes by: what it changes is looked at with the next value.
            day = days.peek()?.0;
        }
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

    /// Adds the tasks that would have been done, with where they stand.
    pub(super) fn close(&mut self, mut closed: Vec<Closed>, statuses: &[StatusOf]) {
        for task in &mut closed {
            let known = statuses.iter().find(|known| known.id == task.customer_task_id);
            (task.status, task.status_source) = known.map(|known| (known.status, known.status_source)).unzip();
        }
        self.would_close = closed.len();
        self.against_person = closed.iter().filter(|task| task.is_against_person()).count();
        closed.sort_by_key(|task| (!task.is_against_person(), task.closed_on, task.customer_task_id));
        closed.truncate(EXAMPLES);
        self.examples = closed;
    }
}

/// An attribute as it was before a moment, as far as its latest value tells.
fn before(row: &Attribute, moment: Timestamp) -> Attribute {
    let mut row = row.clone();
    (row.emptied_at, row.vanished_at) = (None, None);
    if row.latest_observed_at.is_some_and(|seen| seen >= moment) {
        row.see_only(None);
    }
    row
}

fn midnight(day: NaiveDate) -> Timestamp {
    Timestamp::from(day.and_time(NaiveTime::MIN).and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::sample;
    use serde_json::json;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
    }

    fn end(of: u32, at: usize, value: &str) -> DayEnd {
        (day(of), at, midnight(day(of)), Uuid::from_u128(of.into()), value.to_owned())
    }

    #[test]
    fn a_task_closes_on_the_first_day_that_has_all_that_is_required() {
        let task = CustomerTaskId::fresh();
        let original = AttributeId::fresh();
        let mut rows = vec![sample(task), sample(task)];
        rows[0].original_attribute_id = Some(original);
        let on = |least: i64, days: &[DayEnd]| {
            let criteria = json!({ "operator": ">=", "value": least });
            Proposal { original, criteria: &criteria }.closes_on(&rows, day(1), days)
        };
        let days = [end(3, 0, "5"), end(4, 1, "10"), end(6, 0, "7"), end(8, 1, "3"), end(9, 0, "20")];
        assert_eq!(on(5, &days), Some(day(4)));
        assert_eq!(on(7, &days), Some(day(6)));
        assert_eq!(on(8, &days), None, "the other one has failed by then");
        assert_eq!(on(5, &[]), None);
    }

    #[test]
    fn what_was_seen_before_the_days_counts_in_them() {
        let original = AttributeId::fresh();
        let mut row = Attribute { original_attribute_id: Some(original), ..sample(CustomerTaskId::fresh()) };
        row.see(midnight(day(1)), Uuid::from_u128(1), "6");
        let criteria = json!({ "operator": ">=", "value": 5 });
        let proposal = Proposal { original, criteria: &criteria };
        assert_eq!(proposal.closes_on(&[row.clone()], day(2), &[]), Some(day(2)));
        assert!(proposal.is_done(&[row], midnight(day(3))));
        let misfit = proposal.criterion(DataType::Boolean).unwrap_err();
        assert!(misfit.errors()[0].pointer.starts_with("/successCriteria"), "{misfit:?}");
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
        };
        let all = vec![closed(1), closed(2), closed(3)];
        let said = |at: usize, status, status_source| StatusOf { id: all[at].customer_task_id, status, status_source };
        let statuses = [
            said(0, TaskStatus::Done, StatusSource::Manual),
            said(1, TaskStatus::NotApplicable, StatusSource::System),
            said(2, TaskStatus::InProgress, StatusSource::Manual),
        ];
        let mut trial = Trial::new(day(1), day(9));
        trial.close(all.clone(), &statuses);
        assert_eq!((trial.would_close, trial.against_person), (3, 1));
        assert_eq!(trial.examples[0].customer_task_id, all[2].customer_task_id);
    }
}
