//! What is due in a plan, given the catalog of today. Pure.

use contracts::adoption::SyncCounts;
use contracts::catalog::Blueprint;
use kernel::{Problem, Timestamp};

use super::model::{SyncPreview, outdated};
use crate::assignments::Assignment;
use crate::plans::sync::{Sync, SyncRow, Synced, counts};

/// A plan, and the sync that makes it equal to the catalog.
pub(crate) struct Due {
    pub(crate) plan: Synced,
    pub(crate) sync: Sync,
}

impl Due {
    /// # Errors
    /// 409 when the plan has seen a later state of the catalog.
    pub(crate) fn of(
        plan: Synced,
        assignment: &Assignment,
        blueprint: &Blueprint,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        if plan.plan.catalog_revision > blueprint.revision() {
            return Err(outdated());
        }
        let sync = Sync::of(&plan, assignment, blueprint, now);
        Ok(Self { plan, sync })
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.sync.changes.is_empty()
    }

    pub(crate) fn counts(&self) -> SyncCounts {
        counts(&self.sync.changes)
    }

    pub(crate) fn rows(&self) -> Vec<SyncRow> {
        self.sync.rows(&self.plan)
    }

    /// What would change.
    pub(crate) fn preview(&self, blueprint: &Blueprint) -> SyncPreview {
        SyncPreview {
            plan_id: self.plan.plan.id,
            plan_version: self.plan.plan.version,
            catalog_revision: blueprint.revision(),
            progress_before: self.plan.plan.progress.progress_percentage,
            progress_after: self.plan.apply(&self.sync).plan.progress.progress_percentage,
            counts: self.counts(),
            rows: self.rows(),
        }
    }
}
