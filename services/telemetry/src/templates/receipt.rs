//! What became of a filled template. Pure.

use std::collections::{BTreeMap, HashMap};

use contracts::adoption::CustomerTaskView;
use contracts::telemetry::{BatchReceipt, RefusalCode};
use kernel::{CustomerAttributeId, CustomerTaskId};
use serde::Serialize;
use uuid::Uuid;

use super::filled::{Filled, NewValue, Outcome};
use super::sheet::{ATTRIBUTE, DATE, NAME, NOTES, VALUE, is_asked};
use crate::attributes::Attribute;
use crate::refusals::Refusal;

/// What is wrong with one row.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RowError {
    /// The sheet.
    sheet: &'static str,
    /// The row as a spreadsheet numbers it.
    row: u64,
    /// The heading of the column.
    column: &'static str,
    /// UPPER_SNAKE, such as `DATE_INVALID`.
    code: String,
    /// What is wrong and what to do.
    message: String,
}

/// What became of a filled template.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TemplateReceipt {
    /// Whether every row could be taken.
    success: bool,
    /// The batch that the values came in; null when there were none.
    batch_id: Option<Uuid>,
    /// Whether the word that the sheet says everything was taken. It is not when a row was refused.
    completed: bool,
    /// The whole in numbers.
    summary: TemplateSummary,
    /// The tasks that rows were about, in the order of the plan.
    task_results: Vec<TaskResult>,
}

/// A filled template in numbers.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct TemplateSummary {
    /// Tasks that rows were about.
    tasks_processed: usize,
    /// Attributes that have another latest value now.
    attributes_updated: usize,
    /// Values from before the latest of their attributes: they are stored, and the latest stays.
    older: usize,
    /// Criteria that were held against what is known now: those of every task with a new value.
    criteria_evaluated: usize,
    /// Rows that said what was known already.
    unchanged: usize,
    /// What is wrong with the others.
    errors: Vec<RowError>,
}

/// A task that rows were about.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct TaskResult {
    /// The customer task.
    task_id: CustomerTaskId,
    /// What it is called.
    task_name: String,
    /// Attributes that have another latest value now.
    attributes_updated: usize,
    /// Values from before the latest of their attributes.
    older: usize,
    /// Attributes with a criterion that is met now.
    criteria_met: usize,
    /// Attributes with a criterion.
    criteria_total: usize,
    /// The former of the latter in percent.
    completion_percentage: usize,
    /// What is wrong with its rows.
    errors: Vec<RowError>,
}

impl RowError {
    pub(super) fn at(row: u64, column: &'static str, code: impl ToString, message: String) -> Self {
        Self { sheet: NAME, row, column, code: code.to_string(), message }
    }

    /// Why a row's value was refused when it was taken.
    fn of(row: u64, refused: &Refusal) -> Self {
        let column = match refused.code {
            RefusalCode::ObservedAtInvalid | RefusalCode::ObservedAtTooEarly | RefusalCode::ObservedAtInFuture => DATE,
            RefusalCode::ValueMalformed | RefusalCode::ValueTooLarge | RefusalCode::ValueTypeWrong => VALUE,
            RefusalCode::TextInvalid => NOTES,
            RefusalCode::AssignmentUnknown
            | RefusalCode::AttributeUnknown
            | RefusalCode::AttributeAmbiguous
            | RefusalCode::SourceDenied => ATTRIBUTE,
        };
        Self::at(row, column, refused.code, refused.detail.clone())
    }
}

/// What became of each row once its values were taken, or not.
pub(super) fn settle(rows: &mut [Filled], refused: &[Refusal]) {
    let mut sent: Vec<_> = rows.iter_mut().filter(|row| matches!(row.outcome, Outcome::Value(_))).collect();
    for refused in refused {
        if let Some(row) = usize::try_from(refused.index).ok().and_then(|at| sent.get_mut(at)) {
            row.outcome = Outcome::Refused(RowError::of(row.row, refused));
        }
    }
}

impl TemplateReceipt {
    /// Of rows that are settled, with what is known of the attributes now.
    pub(super) fn of(
        rows: &[Filled],
        taken: Option<&BatchReceipt>,
        tasks: &[CustomerTaskView],
        known: &HashMap<CustomerAttributeId, Attribute>,
    ) -> Self {
        let mut of_task: BTreeMap<CustomerTaskId, Vec<&Filled>> = BTreeMap::new();
        for row in rows {
            if let Some(task) = row.task {
                of_task.entry(task).or_default().push(row);
            }
        }
        let results = tasks.iter().filter_map(|task| Some(TaskResult::of(task, of_task.get(&task.id)?, known)));
        let task_results: Vec<_> = results.collect();
        let judged = task_results.iter().filter(|task| task.attributes_updated > 0);
        let errors = errors(rows.iter());
        let summary = TemplateSummary {
            tasks_processed: task_results.len(),
            attributes_updated: task_results.iter().map(|task| task.attributes_updated).sum(),
            older: task_results.iter().map(|task| task.older).sum(),
            criteria_evaluated: judged.map(|task| task.criteria_total).sum(),
            unchanged: rows.iter().filter(|row| matches!(row.outcome, Outcome::Unchanged)).count(),
            errors,
        };
        Self {
            success: summary.errors.is_empty(),
            batch_id: taken.map(|taken| taken.batch_id),
            completed: taken.is_some_and(|taken| taken.completed),
            summary,
            task_results,
        }
    }
}

impl TaskResult {
    fn of(task: &CustomerTaskView, rows: &[&Filled], known: &HashMap<CustomerAttributeId, Attribute>) -> Self {
        let asked: Vec<_> = task.attributes.iter().filter(|attribute| is_asked(attribute)).collect();
        let is_met = |id: &CustomerAttributeId| known.get(id).is_some_and(|known| known.is_met);
        let latest = |new: &NewValue| known.get(&new.attribute)?.latest_observed_at;
        let is_older = |new: &&NewValue| latest(new) > Some(new.observed_at);
        let (older, newest): (Vec<_>, Vec<_>) = rows.iter().copied().filter_map(Filled::new_value).partition(is_older);
        let (total, met) = (asked.len(), asked.iter().filter(|attribute| is_met(&attribute.id)).count());
        Self {
            task_id: task.id,
            task_name: task.name.clone(),
            attributes_updated: newest.len(),
            older: older.len(),
            criteria_met: met,
            criteria_total: total,
            completion_percentage: (met * 200 + total).checked_div(2 * total).unwrap_or_default(),
            errors: errors(rows.iter().copied()),
        }
    }
}

fn errors<'a>(rows: impl Iterator<Item = &'a Filled>) -> Vec<RowError> {
    let error = |row: &Filled| if let Outcome::Refused(error) = &row.outcome { Some(error.clone()) } else { None };
    rows.filter_map(error).collect()
}
