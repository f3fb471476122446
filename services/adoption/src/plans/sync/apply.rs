//! A sync made, and taken back. Pure.

use kernel::{CustomerTaskId, Timestamp};

use super::definitions::{PlanDefinition, PlanMerge};
use super::model::{Standing, Sync, SyncChange, Synced, SyncedTask, TaskChange};
use crate::plans::model::Plan;
use crate::plans::progress::Progress;

impl Synced {
    /// The plan after the sync.
    pub(crate) fn apply(&self, sync: &Sync) -> Self {
        let mut after = self.clone();
        for change in &sync.changes {
            match change {
                SyncChange::Plan { fields } => after.merge(fields, PlanMerge::apply),
                SyncChange::Added { task } => {
                    let added = sync.added.iter().filter(|added| added.id == *task);
                    after.tasks.extend(added.cloned().map(SyncedTask::from));
                }
                SyncChange::Task { task, what } => after.each(*task, |task| task.apply(what)),
            }
        }
        after.summed()
    }

    /// The plan with the last sync taken back. What people and telemetry did since stays: a task that came with the
    /// sync goes if nobody has touched it and is retired if somebody has; a value that was edited since is kept.
    pub(crate) fn undo(&self, changes: &[SyncChange], now: Timestamp) -> Self {
        let mut before = self.clone();
        for change in changes.iter().rev() {
            match change {
                SyncChange::Plan { fields } => before.merge(fields, PlanMerge::undo),
                SyncChange::Added { task } => {
                    before.tasks.retain(|known| known.task.id != *task || !known.is_untouched());
                    before.each(*task, |task| task.retire(now));
                }
                SyncChange::Task { task, what } => before.each(*task, |task| task.undo(what, now)),
            }
        }
        before.summed()
    }

    fn merge(&mut self, fields: &[PlanMerge], step: fn(&PlanMerge, &mut PlanDefinition, &mut Plan)) {
        let mut then = PlanDefinition::of(&self.plan);
        fields.iter().for_each(|field| step(field, &mut then, &mut self.plan));
    }

    /// Takes a step with the task, if the plan has it.
    fn each(&mut self, id: CustomerTaskId, step: impl FnMut(&mut SyncedTask)) {
        self.tasks.iter_mut().filter(|known| known.task.id == id).for_each(step);
    }

    fn summed(mut self) -> Self {
        self.plan.progress = Progress::of(self.tasks.iter().map(|known| (known.task.status, known.task.weight)));
        self
    }
}

impl SyncedTask {
    fn apply(&mut self, change: &TaskChange) {
        match change {
            TaskChange::Redefined { fields, attributes, facts_version: _ } => {
                let mut then = self.baseline();
                fields.iter().for_each(|field| field.apply(&mut then.task, &mut self.task));
                attributes.iter().for_each(|attribute| attribute.apply(&mut then, &mut self.task));
                self.rebase(then);
            }
            TaskChange::Retired { was: _, at } => self.retire(*at),
            TaskChange::Revived { remembered, shown } => self.revive(*remembered, *shown),
        }
    }

    fn undo(&mut self, change: &TaskChange, now: Timestamp) {
        match change {
            TaskChange::Redefined { fields, attributes, facts_version } => {
                let may_have_values = self.task.facts.facts_version != *facts_version && self.task.facts.with_data > 0;
                let mut then = self.baseline();
                attributes
                    .iter()
                    .rev()
                    .for_each(|attribute| attribute.undo(&mut then, &mut self.task, may_have_values));
                fields.iter().rev().for_each(|field| field.undo(&mut then.task, &mut self.task));
                self.rebase(then);
            }
            TaskChange::Retired { was, at: _ } => self.revive(*was, Standing::of(&self.task)),
            TaskChange::Revived { remembered, shown } => {
                let revived = remembered.over(*shown);
                let is_as_revived = Standing::of(&self.task) == revived;
                self.retire(now);
                if is_as_revived {
                    shown.set(&mut self.task);
                    self.retired = Some(*remembered);
                }
            }
        }
    }

    /// The customer stands again where they stood, unless somebody has said otherwise while the task was retired.
    fn revive(&mut self, remembered: Standing, shown: Standing) {
        remembered.over(shown).set(&mut self.task);
        self.retired = None;
    }
}
