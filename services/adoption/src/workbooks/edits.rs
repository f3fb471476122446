//! A customer's workbook that comes back: row by row, what somebody has edited. Pure.

use std::collections::{BTreeSet, HashMap};

use contracts::adoption::TaskStatus;
use kernel::{Check, CustomerTaskId};
use workbook::form::Row;

use super::receipt::{Reading, WorkbookError as Fault};
use super::sheets::{ASSIGNMENT, EXPORTED, NOTE, STATUS, Standing, TASK, TASK_COLUMNS, TASK_ID};
use crate::customer_tasks::CustomerTask;

/// What a row says anew of a task.
#[derive(Debug, Clone)]
pub(super) struct Edit {
    pub(super) row: u64,
    pub(super) task: CustomerTask,
    /// The status to be set; `None`: only a note is added.
    pub(super) status: Option<TaskStatus>,
    pub(super) note: Option<String>,
}

/// What somebody wrote last about each task.
pub(super) type Notes = HashMap<CustomerTaskId, String>;

/// A customer's tasks, by what a row may name them with.
struct Known<'a> {
    /// As the hidden column has it.
    by_id: HashMap<String, &'a CustomerTask>,
    /// Of each name of an assignment, the tasks of each name.
    by_name: HashMap<&'a str, HashMap<&'a str, Vec<&'a CustomerTask>>>,
    /// What somebody wrote last about each.
    notes: &'a Notes,
}

/// What the rows of the sheet of tasks say, given how the customer stands now. A file that was imported before says nothing anew.
pub(super) fn read(rows: &[Row], standing: &Standing, notes: &Notes) -> Vec<Reading> {
    let known = Known::of(standing, notes);
    let mut edited: BTreeSet<CustomerTaskId> = BTreeSet::new();
    let mut once = |edit: Edit| {
        let (row, is_first) = (edit.row, edited.insert(edit.task.id));
        let twice = || Fault::at(row, TASK, "ROW_TWICE", "The task is edited in an earlier row as well; keep one.");
        is_first.then_some(edit).ok_or_else(twice)
    };
    rows.iter().map(|row| edit(row, &known).and_then(|edit| edit.map(&mut once).transpose())).collect()
}

fn edit(row: &Row, known: &Known<'_>) -> Result<Option<Edit>, Fault> {
    if let Some((column, message)) = row.broken(TASK_COLUMNS) {
        return Err(Fault::at(row.number, column, "CELL_BROKEN", message));
    }
    let task = known.find(row)?;
    let status = status(row, task)?;
    if status.is_some() && task.is_retired() {
        let how = "The catalog no longer has the task for this customer; a sync brings it back when it has it again.";
        return Err(Fault::at(row.number, STATUS, "TASK_RETIRED", how));
    }
    // With a status the note tells of that; by itself it is new unless it is what was written last.
    let written = known.notes.get(&task.id).map(String::as_str);
    let is_new = |note: &&str| !note.is_empty() && (status.is_some() || written != Some(*note));
    let note = Some(row.cell(NOTE)).filter(is_new).map(str::to_owned);
    let mut check = Check::new();
    check.optional_text("", note.as_deref(), 5_000);
    if let Err(problem) = check.finish() {
        let detail = problem.errors().first().map(|error| error.detail.clone()).unwrap_or_default();
        return Err(Fault::at(row.number, NOTE, "NOTE_INVALID", format!("The note {detail}.")));
    }
    let is_edited = status.is_some() || note.is_some();
    Ok(is_edited.then(|| Edit { row: row.number, task: task.clone(), status, note }))
}

impl<'a> Known<'a> {
    fn of(standing: &'a Standing, notes: &'a Notes) -> Self {
        let assignments = standing.by_id();
        let mut by_name: HashMap<_, HashMap<_, Vec<_>>> = HashMap::new();
        for assignment in &standing.assignments {
            by_name.entry(assignment.name.trim()).or_default();
        }
        for task in &standing.tasks {
            if let Some(assignment) = assignments.get(&task.assignment_id) {
                by_name.entry(assignment.name.trim()).or_default().entry(task.name.trim()).or_default().push(task);
            }
        }
        Self { by_id: standing.tasks.iter().map(|task| (task.id.to_string(), task)).collect(), by_name, notes }
    }

    /// The task that a row is about: by its hidden id, or in a sheet that has none by the names of the assignment and of the
    /// task.
    fn find(&self, row: &Row) -> Result<&'a CustomerTask, Fault> {
        let (id, assignment, name) = (row.cell(TASK_ID), row.cell(ASSIGNMENT), row.cell(TASK));
        let unknown = |column, code, message: String| Err(Fault::at(row.number, column, code, message));
        if let Some(task) = self.by_id.get(id) {
            return Ok(task);
        }
        if !id.is_empty() {
            let how = "The row's hidden Task ID is none of this customer's; export this customer, or clear the column.";
            return unknown(TASK, "TASK_UNKNOWN", how.to_owned());
        }
        let Some(tasks) = self.by_name.get(assignment) else {
            return unknown(
                ASSIGNMENT,
                "ASSIGNMENT_UNKNOWN",
                format!("The customer has no assignment {assignment:?}."),
            );
        };
        match tasks.get(name).map(Vec::as_slice).unwrap_or_default() {
            [task] => Ok(task),
            [] => unknown(TASK, "TASK_UNKNOWN", format!("The assignment has no task {name:?}.")),
            _ => {
                let how = "Several tasks have this name; keep the hidden columns of the export.";
                unknown(TASK, "TASK_AMBIGUOUS", how.to_owned())
            }
        }
    }
}

/// The status that somebody has written where the export had another one.
fn status(row: &Row, task: &CustomerTask) -> Result<Option<TaskStatus>, Fault> {
    let cell = row.cell(STATUS);
    if cell.is_empty() {
        return Ok(None);
    }
    let unknown = |message| Fault::at(row.number, STATUS, "STATUS_UNKNOWN", format!("{message}."));
    let status = word(cell).map_err(unknown)?;
    let exported = word(row.cell(EXPORTED)).ok();
    if status == task.status || exported == Some(status) {
        return Ok(None);
    }
    if exported.is_some_and(|exported| exported != task.status) {
        let how = format!("The task has become {} since the export; export again.", task.status);
        return Err(Fault::at(row.number, STATUS, "CHANGED_SINCE", how));
    }
    Ok(Some(status))
}

/// A status as people write it: `In progress` is `IN_PROGRESS`.
fn word(cell: &str) -> Result<TaskStatus, String> {
    cell.trim().to_ascii_uppercase().replace([' ', '-'], "_").parse()
}
