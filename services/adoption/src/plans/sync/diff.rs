//! What a sync would change. Pure.

use std::collections::BTreeMap;

use contracts::catalog::Blueprint;
use kernel::{TaskId, Timestamp};

use super::attributes;
use super::definitions::{PlanDefinition, PlanMerge, TaskDefinition, TaskMerge};
use super::model::{Standing, Sync, SyncChange, Synced, SyncedTask, TaskChange};
use crate::assignments::Assignment;
use crate::customer_tasks::CustomerTask;
use crate::plans::snapshot::Snapshot;

impl Sync {
    /// What makes the plan of an assignment equal to the catalog.
    pub(crate) fn of(plan: &Synced, assignment: &Assignment, blueprint: &Blueprint, now: Timestamp) -> Self {
        Self::between(plan, Snapshot::of(assignment, blueprint, now))
    }

    /// What makes a plan equal to the one that would be made today. A task is known by the catalog's id.
    fn between(Synced { plan, tasks }: &Synced, today: Snapshot) -> Self {
        let now = today.plan.created_at;
        let mut new: BTreeMap<TaskId, CustomerTask> =
            today.tasks.into_iter().map(|task| (task.original_task_id, task)).collect();
        let fields = PlanMerge::between(&PlanDefinition::of(plan), &PlanDefinition::of(&today.plan), plan);
        let mut changes: Vec<_> = (!fields.is_empty()).then_some(SyncChange::Plan { fields }).into_iter().collect();
        for known in tasks {
            let today = new.remove(&known.task.original_task_id);
            let of_task = known.changes(today.as_ref(), now);
            changes.extend(of_task.map(|what| SyncChange::Task { task: known.task.id, what }));
        }
        let mut added: Vec<_> = new.into_values().map(|task| CustomerTask { plan_id: plan.id, ..task }).collect();
        added.sort_by_key(|task| (task.sequence_number, task.id));
        changes.extend(added.iter().map(|task| SyncChange::Added { task: task.id }));
        Self { changes, added }
    }
}

impl SyncedTask {
    /// What becomes of the task, given the one that the plan would have today, if it would.
    fn changes(&self, today: Option<&CustomerTask>, now: Timestamp) -> impl Iterator<Item = TaskChange> {
        let standing = Standing::of(&self.task);
        let moved = match (today, self.retired) {
            (Some(_), Some(remembered)) => Some(TaskChange::Revived { remembered, shown: standing }),
            (None, None) => Some(TaskChange::Retired { was: standing, at: now }),
            (Some(_), None) | (None, Some(_)) => None,
        };
        moved.into_iter().chain(today.and_then(|today| self.redefined(today)))
    }

    /// What the catalog says otherwise than when the plan was last synced; `None`: it says the same.
    fn redefined(&self, today: &CustomerTask) -> Option<TaskChange> {
        let then = self.baseline();
        let fields = TaskMerge::between(&then.task, &TaskDefinition::of(today), &self.task);
        let attributes = attributes::diff(&then, &self.task.attributes.0, &today.attributes.0);
        let is_redefined = !(fields.is_empty() && attributes.is_empty());
        let facts_version = self.task.facts.facts_version;
        is_redefined.then_some(TaskChange::Redefined { fields, attributes, facts_version })
    }
}
