//! How the status of a customer task changes. Pure.

use contracts::adoption::{CustomerTaskView, PlanView, StatusSource, TaskStatus};
use kernel::{Check, CustomerTaskId, Problem, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::decide::decide;
use super::history::StatusChange;
use crate::customer_tasks::{CustomerTask, Facts};

/// The most tasks of one command.
const MOST: usize = 1_000;

/// A status set by a person.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "status": "IN_PROGRESS", "note": "The first site goes live on Monday." }))]
pub(crate) struct SetStatus {
    /// Where the customer stands; `COMPLETED` is read as `DONE`, and `NOT_STARTED` hands the task back to telemetry.
    pub(crate) status: TaskStatus,
    /// Why, for the history: up to 5,000 characters.
    pub(crate) note: Option<String>,
}

/// One status for several tasks of a plan.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "customerTaskIds": ["019a8b2e-7c00-7000-8000-000000000001"], "status": "NOT_APPLICABLE", "note": "No branch offices." }))]
pub(crate) struct SetStatuses {
    /// 1 to 1,000 tasks of the plan.
    pub(crate) customer_task_ids: Vec<CustomerTaskId>,
    /// Where the customer stands with each of them.
    status: TaskStatus,
    /// Why, for the history of each: up to 5,000 characters.
    note: Option<String>,
}

/// The plan and the tasks after a command for several.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusesView {
    /// The plan with its new sums.
    pub(crate) plan: PlanView,
    /// The tasks that were named, by id.
    pub(crate) tasks: Vec<CustomerTaskView>,
}

impl SetStatus {
    /// The command with a note that says something, or none.
    pub(crate) fn checked(self) -> Result<Self, Problem> {
        let note = self.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
        let mut check = Check::new();
        check.optional_text("/note", note.as_deref(), 5_000);
        check.finish()?;
        Ok(Self { note, ..self })
    }
}

impl SetStatuses {
    /// The tasks that are meant and what is to become of each.
    pub(crate) fn checked(self) -> Result<(Vec<CustomerTaskId>, SetStatus), Problem> {
        let Self { customer_task_ids: ids, status, note } = self;
        let mut check = Check::new();
        check.that((1..=MOST).contains(&ids.len()), "/customerTaskIds", "LENGTH", || format!("name 1 to {MOST} tasks"));
        check.distinct("/customerTaskIds", &ids);
        check.finish()?;
        Ok((ids, SetStatus { status, note }.checked()?))
    }
}

/// Refuses a list that names tasks the plan does not have.
pub(crate) fn require_all(asked: &[CustomerTaskId], found: &[CustomerTask]) -> Result<(), Problem> {
    let mut check = Check::new();
    for (index, id) in asked.iter().enumerate() {
        let known = found.iter().any(|task| task.id == *id);
        check.that(known, &format!("/customerTaskIds/{index}"), "UNKNOWN", || "is not a task of this plan".to_owned());
    }
    check.finish()
}

/// What becomes of a task: the row before and after, and what its history gains. An empty history means that only the
/// facts are new, of which nobody else needs to hear.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    pub(crate) before: CustomerTask,
    pub(crate) after: CustomerTask,
    pub(crate) history: Vec<StatusChange>,
}

impl Changed {
    /// A person sets a status. `None`: it is set like that already, and there is nothing to note. Whoever sets
    /// `NOT_STARTED` hands the task back to telemetry, whose latest facts count at once.
    pub(crate) fn by_person(before: &CustomerTask, command: &SetStatus, by: Option<UserId>, now: Timestamp) -> Option<Self> {
        let SetStatus { status, note } = command;
        let is_set = before.status == *status && before.status_source == StatusSource::Manual;
        if is_set && note.is_none() {
            return None;
        }
        let mut changed = Self { before: before.clone(), after: before.clone(), history: Vec::new() };
        changed.after.version += 1;
        changed.turn(*status, StatusSource::Manual, by, note.clone(), now);
        changed.follow_facts(now);
        Some(changed)
    }

    /// Telemetry tells facts. `None`: they are not newer than what it told before.
    pub(crate) fn by_telemetry(before: &CustomerTask, facts: Facts, now: Timestamp) -> Option<Self> {
        if facts.facts_version <= before.facts.facts_version {
            return None;
        }
        let after = CustomerTask { facts, ..before.clone() };
        let mut changed = Self { before: before.clone(), after, history: Vec::new() };
        changed.follow_facts(now);
        changed.after.version += i64::from(!changed.history.is_empty());
        Some(changed)
    }

    fn follow_facts(&mut self, now: Timestamp) {
        let CustomerTask { status, status_source, facts, .. } = self.after;
        if let Some(status) = decide(status, status_source, &facts) {
            self.turn(status, StatusSource::Telemetry, None, Some(facts.sentence()), now);
        }
    }

    fn turn(&mut self, status: TaskStatus, source: StatusSource, by: Option<UserId>, note: Option<String>, now: Timestamp) {
        let task = &mut self.after;
        task.status = status;
        task.status_source = source;
        task.status_updated_at = now;
        task.status_updated_by = by;
        task.completed_at = (status == TaskStatus::Done).then(|| task.completed_at.unwrap_or(now));
        self.history.push(StatusChange::of(task, note));
    }
}
