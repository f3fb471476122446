//! A plan as sync sees it, and what a sync changes. Pure.

use std::collections::BTreeMap;

use contracts::adoption::{StatusSource, TaskStatus};
use kernel::{CustomerAttributeId, CustomerTaskId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::attributes::AttributeChange;
use super::definitions::{AttributeDefinition, PlanMerge, TaskDefinition, TaskMerge};
use crate::customer_tasks::CustomerTask;
use crate::plans::model::Plan;
use crate::plans::snapshot::Snapshot;

/// A plan with all its tasks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Synced {
    pub(crate) plan: Plan,
    pub(crate) tasks: Vec<SyncedTask>,
}

/// A task of a plan, and how it stands to the catalog.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SyncedTask {
    pub(crate) task: CustomerTask,
    /// What the catalog said when the plan was last synced; `None`: just what the task says.
    pub(crate) baseline: Option<Baseline>,
    /// Where the customer stood when the catalog no longer had the task for them; `None`: it has.
    pub(crate) retired: Option<Standing>,
}

/// What the catalog said of a task and its attributes when the plan was last synced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Baseline {
    pub(super) task: TaskDefinition,
    pub(super) attributes: BTreeMap<CustomerAttributeId, AttributeDefinition>,
}

/// Where the customer stands with a task, and since when by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Standing {
    pub(super) status: TaskStatus,
    pub(super) source: StatusSource,
    pub(super) updated_at: Timestamp,
    pub(super) updated_by: Option<UserId>,
    pub(super) completed_at: Option<Timestamp>,
}

/// One thing that a sync changes: enough to show it, to make it and to take it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum SyncChange {
    /// The plan's own fields move.
    Plan { fields: Vec<PlanMerge> },
    /// A task enters the plan.
    Added { task: CustomerTaskId },
    /// A task of the plan changes.
    Task { task: CustomerTaskId, what: TaskChange },
}

/// What becomes of a task that the plan has already.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub(crate) enum TaskChange {
    /// The catalog says something else of it. With what telemetry had told by then, to see whether it told more since.
    Redefined { fields: Vec<TaskMerge>, attributes: Vec<AttributeChange>, facts_version: i64 },
    /// The catalog no longer has it for this customer.
    Retired { was: Standing, at: Timestamp },
    /// The catalog has it for this customer again.
    Revived { remembered: Standing, shown: Standing },
}

/// What it takes to make a plan equal to the catalog.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sync {
    pub(crate) changes: Vec<SyncChange>,
    /// The tasks that enter the plan.
    pub(crate) added: Vec<CustomerTask>,
}

impl SyncChange {
    /// How many values of the plan's people it keeps against the catalog's.
    pub(crate) fn conflicts(&self) -> usize {
        match self {
            Self::Plan { fields } => fields.iter().filter(|field| field.is_conflict()).count(),
            Self::Task { task: _, what: TaskChange::Redefined { fields, attributes, facts_version: _ } } => {
                let in_attributes: usize = attributes.iter().map(AttributeChange::conflicts).sum();
                in_attributes + fields.iter().filter(|field| field.is_conflict()).count()
            }
            Self::Added { .. } | Self::Task { .. } => 0,
        }
    }
}

impl From<Snapshot> for Synced {
    /// A plan that has just been made is equal to the catalog.
    fn from(Snapshot { plan, tasks }: Snapshot) -> Self {
        Self { plan, tasks: tasks.into_iter().map(SyncedTask::from).collect() }
    }
}

impl From<CustomerTask> for SyncedTask {
    fn from(task: CustomerTask) -> Self {
        Self { task, baseline: None, retired: None }
    }
}

impl SyncedTask {
    /// What the catalog said when the plan was last synced.
    pub(super) fn baseline(&self) -> Baseline {
        self.baseline.clone().unwrap_or_else(|| Baseline::of(&self.task))
    }

    /// Remembers what the catalog says, where the task says otherwise.
    pub(super) fn rebase(&mut self, baseline: Baseline) {
        self.task.attributes.0.sort_by_key(|attribute| (attribute.display_order, attribute.id));
        self.baseline = (baseline != Baseline::of(&self.task)).then_some(baseline);
    }

    /// A person edits what the catalog had said: from here on it is theirs.
    #[cfg(test)]
    pub(crate) fn edit(&mut self, by_person: impl FnOnce(&mut CustomerTask)) {
        let baseline = self.baseline();
        by_person(&mut self.task);
        self.rebase(baseline);
    }

    /// Takes the task out of every sum and remembers where the customer stood.
    pub(super) fn retire(&mut self, at: Timestamp) {
        self.retired = Some(Standing::of(&self.task));
        Standing::not_applicable(at).set(&mut self.task);
    }

    /// Whether nobody and nothing has done anything with it since it entered the plan.
    pub(super) fn is_untouched(&self) -> bool {
        let Standing { status, source, .. } = Standing::of(&self.task);
        let is_new = status == TaskStatus::NotStarted && source == StatusSource::System;
        is_new && self.task.facts.with_data == 0 && self.baseline.is_none() && self.retired.is_none()
    }
}

impl Baseline {
    /// What the task says, as if the catalog had said it.
    pub(super) fn of(task: &CustomerTask) -> Self {
        let attributes = task.attributes.0.iter().map(|attribute| (attribute.id, AttributeDefinition::of(attribute)));
        Self { task: TaskDefinition::of(task), attributes: attributes.collect() }
    }
}

impl Standing {
    pub(super) fn of(task: &CustomerTask) -> Self {
        Self {
            status: task.status,
            source: task.status_source,
            updated_at: task.status_updated_at,
            updated_by: task.status_updated_by,
            completed_at: task.completed_at,
        }
    }

    /// How a retired task shows: not applicable, by the platform.
    pub(super) fn not_applicable(at: Timestamp) -> Self {
        Self {
            status: TaskStatus::NotApplicable,
            source: StatusSource::System,
            updated_at: at,
            updated_by: None,
            completed_at: None,
        }
    }

    /// What a task comes back to that was retired from here and shows so now: this, unless somebody has said otherwise.
    pub(super) fn over(self, shown: Self) -> Self {
        if shown == Self::not_applicable(shown.updated_at) { self } else { shown }
    }

    pub(super) fn set(self, task: &mut CustomerTask) {
        let Self { status, source, updated_at, updated_by, completed_at } = self;
        task.status = status;
        task.status_source = source;
        task.status_updated_at = updated_at;
        task.status_updated_by = updated_by;
        task.completed_at = completed_at;
    }
}
