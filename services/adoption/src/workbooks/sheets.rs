//! A customer's workbook as it is handed out. Pure.

use std::collections::BTreeMap;

use contracts::telemetry::AttributeView;
use kernel::{AssignmentId, Problem, Timestamp};
use serde_json::{Value, json};
use web::attachment::part_of_name;
use workbook::form::{self, Column, Sheet, Use};

use crate::assignments::Assignment;
use crate::customer_tasks::CustomerTask;
use crate::plans::Plan;

/// The sheet that is read back.
pub(super) const TASKS: &str = "Tasks";
pub(super) const TASK_ID: &str = "Task ID";
pub(super) const EXPORTED: &str = "Status at Export";
pub(super) const ASSIGNMENT: &str = "Assignment";
pub(super) const TASK: &str = "Task Name";
pub(super) const STATUS: &str = "Status";
pub(super) const NOTE: &str = "Note";

const PLAN_COLUMNS: &[Column] = &[
    (ASSIGNMENT, Use::Hint, 30),
    ("Product", Use::Hint, 30),
    ("License Level", Use::Hint, 14),
    ("Purchased", Use::Hint, 14),
    ("Tasks", Use::Hint, 10),
    ("Completed", Use::Hint, 10),
    ("Progress %", Use::Hint, 12),
    ("Last Synced", Use::Hint, 14),
    ("Plan ID", Use::Key, 10),
];

pub(super) const TASK_COLUMNS: &[Column] = &[
    (ASSIGNMENT, Use::Hint, 30),
    ("Product", Use::Hint, 30),
    ("Task Sequence", Use::Hint, 10),
    (TASK, Use::Hint, 40),
    (STATUS, Use::Choice(&["NOT_STARTED", "IN_PROGRESS", "DONE", "NOT_APPLICABLE", "NO_LONGER_USING"]), 20),
    (NOTE, Use::Asked, 50),
    ("Status Source", Use::Hint, 14),
    ("Status Updated", Use::Hint, 14),
    ("Weight", Use::Hint, 10),
    ("License Level", Use::Hint, 14),
    ("Est. Minutes", Use::Hint, 12),
    // These find the row again, and tell what somebody has edited.
    (TASK_ID, Use::Key, 10),
    (EXPORTED, Use::Key, 10),
];

const TELEMETRY_COLUMNS: &[Column] = &[
    (ASSIGNMENT, Use::Hint, 30),
    (TASK, Use::Hint, 40),
    ("Telemetry Attribute", Use::Hint, 30),
    ("Attribute Type", Use::Hint, 14),
    ("Required", Use::Hint, 10),
    ("Current Value", Use::Hint, 20),
    ("Observed At", Use::Hint, 24),
    ("Criteria Met", Use::Hint, 12),
];

/// The lines of the sheet Instructions.
const INSTRUCTIONS: &[&str] = &[
    "How to edit this workbook",
    "",
    "Tasks: change the Status, or write a Note, which joins the history of the task. Everything grey is there to be read; it is not read back.",
    "A row that you do not touch changes nothing, and neither does one that you delete. Rows may stand in any order.",
    "NOT_STARTED hands a task back to telemetry. NOT_APPLICABLE leaves it out of every sum.",
    "The import shows what it would do before it does it. If a task has changed since the export and you have changed it as well, export again.",
    "Telemetry: the latest values. To send values, fill in the telemetry template of a plan.",
];

/// Everything that a customer adopts.
pub(super) struct Standing {
    pub(super) assignments: Vec<Assignment>,
    pub(super) plans: Vec<Plan>,
    /// Each plan's in order.
    pub(super) tasks: Vec<CustomerTask>,
}

impl Standing {
    /// The assignments, by id.
    pub(super) fn by_id(&self) -> BTreeMap<AssignmentId, &Assignment> {
        self.assignments.iter().map(|assignment| (assignment.id, assignment)).collect()
    }

    /// The tasks that count somewhere, with the assignment of each, in the order of assignments and plans.
    fn counting(&self) -> Vec<(&Assignment, &CustomerTask)> {
        let mut of: BTreeMap<AssignmentId, Vec<&CustomerTask>> = BTreeMap::new();
        for task in self.tasks.iter().filter(|task| !task.is_retired()) {
            of.entry(task.assignment_id).or_default().push(task);
        }
        let tasks = |one: &Assignment| of.get(&one.id).into_iter().flatten().copied();
        self.assignments.iter().flat_map(|one| tasks(one).map(move |task| (one, task)).collect::<Vec<_>>()).collect()
    }

    /// The workbook, with what telemetry says.
    pub(super) fn write(&self, telemetry: &[AttributeView]) -> Result<Vec<u8>, Problem> {
        let assignments = self.by_id();
        let plans = self.plans.iter().filter_map(|plan| Some(plan_row(assignments.get(&plan.assignment_id)?, plan)));
        let counting = self.counting();
        let known: BTreeMap<_, _> = telemetry.iter().map(|attribute| (attribute.id, attribute)).collect();
        let attributes = counting.iter().flat_map(|(assignment, task)| {
            let active = task.attributes.0.iter().filter(|attribute| attribute.is_active);
            let known = active.filter_map(|attribute| known.get(&attribute.id));
            known.map(|attribute| attribute_row(assignment, task, attribute)).collect::<Vec<_>>()
        });
        let sheets = [
            Sheet { name: "Plans", columns: PLAN_COLUMNS, rows: plans.collect() },
            Sheet { name: TASKS, columns: TASK_COLUMNS, rows: counting.iter().map(task_row).collect() },
            Sheet { name: "Telemetry", columns: TELEMETRY_COLUMNS, rows: attributes.collect() },
        ];
        form::write(&sheets, INSTRUCTIONS).map_err(Problem::internal)
    }
}

fn plan_row(assignment: &Assignment, plan: &Plan) -> Vec<Value> {
    vec![
        json!(assignment.name),
        json!(plan.owner_name),
        json!(plan.license_level),
        json!(assignment.purchased_at.map(day)),
        json!(plan.progress.total_tasks),
        json!(plan.progress.completed_tasks),
        json!(plan.progress.progress_percentage),
        json!(day(plan.last_synced_at)),
        json!(plan.id),
    ]
}

fn task_row((assignment, task): &(&Assignment, &CustomerTask)) -> Vec<Value> {
    vec![
        json!(assignment.name),
        json!(assignment.owner_name),
        json!(task.sequence_number),
        json!(task.name),
        json!(task.status),
        Value::Null,
        json!(task.status_source),
        json!(day(task.status_updated_at)),
        json!(task.weight),
        json!(task.license_level),
        json!(task.est_minutes),
        json!(task.id),
        json!(task.status),
    ]
}

fn attribute_row(assignment: &Assignment, task: &CustomerTask, attribute: &AttributeView) -> Vec<Value> {
    let said = |yes: bool| json!(if yes { "Yes" } else { "No" });
    vec![
        json!(assignment.name),
        json!(task.name),
        json!(attribute.name),
        json!(attribute.data_type),
        said(attribute.is_required),
        attribute.latest_value.clone(),
        json!(attribute.latest_observed_at),
        said(attribute.is_met),
    ]
}

fn day(moment: Timestamp) -> String {
    moment.format("%Y-%m-%d").to_string()
}

/// What the file is called.
pub(super) fn file_name(customer: &str, now: Timestamp) -> String {
    format!("{}_adoption_{}.xlsx", part_of_name(customer, "customer"), day(now))
}
