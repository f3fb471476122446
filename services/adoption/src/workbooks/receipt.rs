//! What an import of a customer's workbook does, or would do. Pure.

use contracts::adoption::TaskStatus;
use kernel::{CustomerTaskId, FieldError, PlanId, Problem};
use serde::Serialize;

use super::edits::Edit;
use super::sheets::TASKS;

/// The most errors that are told.
const MOST_ERRORS: usize = 100;

/// What an import does, or would do.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WorkbookReceipt {
    /// Whether this only shows it.
    dry_run: bool,
    /// The rows that change something, in the order of the sheet.
    changes: Vec<WorkbookChange>,
    /// Rows that change nothing.
    unchanged: usize,
    /// What keeps the file from being imported: the first hundred.
    errors: Vec<WorkbookError>,
    /// How many errors there are beyond these.
    more_errors: usize,
}

/// A row that changes something.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct WorkbookChange {
    /// The row as a spreadsheet numbers it.
    row: u64,
    /// The task.
    customer_task_id: CustomerTaskId,
    /// Its plan.
    plan_id: PlanId,
    /// What the task is called.
    task_name: String,
    /// Its status before.
    before: TaskStatus,
    /// Its status after; the same where only a note is added.
    after: TaskStatus,
    /// What joins its history.
    note: Option<String>,
}

/// What is wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WorkbookError {
    /// The sheet.
    pub(super) sheet: &'static str,
    /// The row as a spreadsheet numbers it.
    pub(super) row: u64,
    /// The heading of the column.
    pub(super) column: &'static str,
    /// UPPER_SNAKE, such as `STATUS_UNKNOWN`.
    pub(super) code: &'static str,
    /// What is wrong and what to do.
    pub(super) message: String,
}

/// What every row says: nothing, an edit, or something that cannot be done.
pub(super) type Reading = Result<Option<Edit>, WorkbookError>;

impl WorkbookError {
    pub(super) fn at(row: u64, column: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { sheet: TASKS, row, column, code, message: message.into() }
    }
}

impl WorkbookReceipt {
    pub(super) fn of(readings: &[Reading], dry_run: bool) -> Self {
        let edits = readings.iter().filter_map(|reading| reading.as_ref().ok()?.as_ref());
        let unchanged = readings.iter().filter(|reading| matches!(reading, Ok(None))).count();
        let mut errors = readings.iter().filter_map(|reading| reading.as_ref().err());
        Self {
            dry_run,
            changes: edits.map(WorkbookChange::of).collect(),
            unchanged,
            errors: errors.by_ref().take(MOST_ERRORS).cloned().collect(),
            more_errors: errors.count(),
        }
    }
}

impl WorkbookChange {
    fn of(Edit { row, task, status, note }: &Edit) -> Self {
        Self {
            row: *row,
            customer_task_id: task.id,
            plan_id: task.plan_id,
            task_name: task.name.clone(),
            before: task.status,
            after: status.unwrap_or(task.status),
            note: note.clone(),
        }
    }
}

/// The edits of a file in which nothing is wrong.
///
/// # Errors
/// 422 with everything that is wrong.
pub(super) fn sound(readings: Vec<Reading>) -> Result<Vec<Edit>, Problem> {
    let fault = |error: &WorkbookError| {
        let pointer = format!("/{}/{}/{}", error.sheet, error.row, error.column);
        FieldError::new(pointer, error.code, error.message.clone())
    };
    let faults: Vec<_> = readings.iter().filter_map(|reading| reading.as_ref().err().map(fault)).collect();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    Ok(readings.into_iter().flatten().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_errors_the_first_are_told_and_the_others_counted() {
        let wrong = |row| Err(WorkbookError::at(row, "Status", "STATUS_UNKNOWN", "It is none."));
        let readings: Vec<Reading> = (2..252).map(wrong).collect();
        let receipt = WorkbookReceipt::of(&readings, true);
        assert_eq!((receipt.errors.len(), receipt.more_errors, receipt.unchanged), (MOST_ERRORS, 150, 0));
        assert_eq!(receipt.errors.last().map(|error| error.row), Some(101));
        assert_eq!(sound(readings).unwrap_err().errors().len(), MOST_ERRORS);
    }
}
