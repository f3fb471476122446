//! What is due in a plan, given the catalog of today. Pure.

use contracts::adoption::SyncCounts;
use contracts::catalog::{Blueprint, OwnerKind};
use kernel::{Hundredths, Problem, Timestamp};

use super::model::{SyncPreview, outdated};
use crate::assignments::Assignment;
use crate::plans::sync::{Sync, SyncRow, Synced, counts};

/// A plan, and the sync that makes it equal to the catalog.
pub(crate) struct Due {
    pub(crate) plan: Synced,
    pub(crate) sync: Sync,
    /// The assignment before, and as it follows the catalog with its plan.
    pub(crate) assignment: (Assignment, Assignment),
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
        let followed = match assignment.owner_kind {
            OwnerKind::Product => assignment.following(blueprint.name(), std::iter::once(blueprint)),
            // What it chooses of its products is not known here.
            OwnerKind::Solution => Assignment { owner_name: blueprint.name().to_owned(), ..assignment.clone() },
        };
        Ok(Self { plan, sync, assignment: (assignment.clone(), followed) })
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

    /// The plan's progress now, and after the sync.
    pub(crate) fn progress(&self) -> (Hundredths, Hundredths) {
        let after = self.plan.apply(&self.sync).plan;
        (self.plan.plan.progress.progress_percentage, after.progress.progress_percentage)
    }

    /// What would change.
    pub(crate) fn preview(&self, blueprint: &Blueprint) -> SyncPreview {
        let (progress_before, progress_after) = self.progress();
        SyncPreview {
            plan_id: self.plan.plan.id,
            plan_version: self.plan.plan.version,
            catalog_revision: blueprint.revision(),
            progress_before,
            progress_after,
            counts: self.counts(),
            rows: self.rows(),
        }
    }
}
