//! From plans to the plans after a sync, or after its undoing: what is to be written and told. Pure.

use std::collections::BTreeMap;

use kernel::{CustomerTaskId, Timestamp};

use super::model::Stance;
use crate::customer_tasks::CustomerTask;
use crate::plans::sync::{Synced, SyncedTask};
use crate::plans::{Plan, Progress};
use crate::statuses::Changed;

/// The differences between two states of some plans.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// Each plan before and after.
    pub(super) plans: Vec<(Plan, Plan)>,
    pub(super) added: Vec<CustomerTask>,
    pub(super) changed: Vec<Changed>,
    pub(super) removed: Vec<CustomerTask>,
    pub(super) stances: Vec<Stance>,
}

impl Moves {
    /// Adds a plan's, and returns the plan after them. Versions rise, and a task whose status moves follows what telemetry has
    /// told: so the sums are made here once more.
    pub(super) fn add(&mut self, before: Synced, after: Synced, now: Timestamp) -> Plan {
        let mut known: BTreeMap<CustomerTaskId, SyncedTask> =
            before.tasks.into_iter().map(|known| (known.task.id, known)).collect();
        let mut weights = Vec::new();
        for synced in after.tasks {
            let Some(then) = known.remove(&synced.task.id) else {
                weights.push((synced.task.status, synced.task.weight));
                self.added.push(synced.task);
                continue;
            };
            let stance = Stance::of(&synced);
            if stance != Stance::of(&then) {
                self.stances.push(stance);
            }
            if synced.task == then.task {
                weights.push((then.task.status, then.task.weight));
            } else {
                let moved = Changed::by_sync(&then.task, synced.task, now);
                weights.push((moved.after.status, moved.after.weight));
                self.changed.push(moved);
            }
        }
        self.removed.extend(known.into_values().map(|gone| gone.task));
        let version = before.plan.version + 1;
        let after = Plan { version, updated_at: now, progress: Progress::of(weights), ..after.plan };
        self.plans.push((before.plan, after.clone()));
        after
    }
}
