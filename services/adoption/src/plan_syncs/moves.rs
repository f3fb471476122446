//! From a plan to the plan after a sync, or after its undoing: what is to be written and told. Pure.

use std::collections::BTreeMap;

use kernel::{CustomerTaskId, Timestamp};

use super::model::Stance;
use crate::customer_tasks::CustomerTask;
use crate::plans::sync::{Synced, SyncedTask};
use crate::plans::{Plan, Progress};
use crate::statuses::Changed;

/// The difference between two states of a plan.
#[derive(Debug)]
pub(super) struct Moves {
    pub(super) before: Plan,
    pub(super) after: Plan,
    pub(super) added: Vec<CustomerTask>,
    pub(super) changed: Vec<Changed>,
    pub(super) removed: Vec<CustomerTask>,
    pub(super) stances: Vec<Stance>,
}

impl Moves {
    /// Versions rise, and a task whose status moves follows what telemetry has told: so the sums are made here once more.
    pub(super) fn between(before: Synced, after: Synced, now: Timestamp) -> Self {
        let mut known: BTreeMap<CustomerTaskId, SyncedTask> =
            before.tasks.into_iter().map(|known| (known.task.id, known)).collect();
        let (mut added, mut changed, mut stances, mut weights) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for synced in after.tasks {
            let Some(then) = known.remove(&synced.task.id) else {
                weights.push((synced.task.status, synced.task.weight));
                added.push(synced.task);
                continue;
            };
            let stance = Stance::of(&synced);
            if stance != Stance::of(&then) {
                stances.push(stance);
            }
            if synced.task == then.task {
                weights.push((then.task.status, then.task.weight));
            } else {
                let moved = Changed::by_sync(&then.task, synced.task, now);
                weights.push((moved.after.status, moved.after.weight));
                changed.push(moved);
            }
        }
        let removed = known.into_values().map(|gone| gone.task).collect();
        let version = before.plan.version + 1;
        let after = Plan { version, updated_at: now, progress: Progress::of(weights), ..after.plan };
        Self { before: before.plan, after, added, changed, removed, stances }
    }
}
