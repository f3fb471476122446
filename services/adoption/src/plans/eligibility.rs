//! Which of a product's tasks enter a plan. Pure.

use contracts::catalog::{LicenseLevel, TaskView};
use kernel::{OutcomeId, ReleaseId};

/// What a customer is entitled to and has chosen. An empty choice means everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entitlement<'a> {
    pub(crate) level: LicenseLevel,
    pub(crate) outcomes: &'a [OutcomeId],
    pub(crate) releases: &'a [ReleaseId],
}

impl Entitlement<'_> {
    /// Whether a task belongs in the plan: its licence level is included, and it serves one of the chosen outcomes and
    /// belongs to one of the chosen releases. A task without outcomes or releases serves and belongs to all of them.
    pub(crate) fn covers(&self, task: &TaskView) -> bool {
        task.deleted_at.is_none()
            && task.license_level <= self.level
            && overlap(self.outcomes, &task.outcome_ids)
            && overlap(self.releases, &task.release_ids)
    }
}

fn overlap<T: PartialEq>(chosen: &[T], of_task: &[T]) -> bool {
    chosen.is_empty() || of_task.is_empty() || of_task.iter().any(|id| chosen.contains(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use LicenseLevel::{Advantage, Essential, Signature};
    use kernel::{Hundredths, TaskId, Timestamp};
    use proptest::prelude::*;

    fn outcomes(numbers: &[u128]) -> Vec<OutcomeId> {
        numbers.iter().map(|number| OutcomeId(uuid::Uuid::from_u128(*number))).collect()
    }

    fn releases(numbers: &[u128]) -> Vec<ReleaseId> {
        numbers.iter().map(|number| ReleaseId(uuid::Uuid::from_u128(*number))).collect()
    }

    fn task(license_level: LicenseLevel, outcome_ids: &[u128], release_ids: &[u128]) -> TaskView {
        let then = Timestamp::from_micros(0);
        TaskView {
            id: TaskId::fresh(),
            version: 1,
            revision: 1,
            product_id: None,
            solution_id: None,
            external_key: None,
            name: "Connect the first site".to_owned(),
            description: None,
            notes: None,
            weight: Hundredths(1_000),
            sequence_number: 1,
            license_level,
            est_minutes: 30,
            how_to_doc: Vec::new(),
            how_to_video: Vec::new(),
            outcome_ids: outcomes(outcome_ids),
            release_ids: releases(release_ids),
            tag_ids: Vec::new(),
            created_at: then,
            updated_at: then,
            deleted_at: None,
        }
    }

    fn covers(level: LicenseLevel, chosen: &[u128], of: &[u128], task: &TaskView) -> bool {
        Entitlement { level, outcomes: &outcomes(chosen), releases: &releases(of) }.covers(task)
    }

    /// Licence level, chosen outcomes, chosen releases, a task, whether it is covered.
    type Vector<'a> = (LicenseLevel, &'a [u128], &'a [u128], &'a TaskView, bool);

    #[test]
    fn the_reference_vectors_hold() {
        let usual = task(Advantage, &[1], &[]);
        let vectors: &[Vector<'_>] = &[
            (Advantage, &[], &[], &usual, true),
            (Essential, &[], &[], &usual, false),
            (Essential, &[1], &[9], &usual, false),
            (Signature, &[2], &[], &usual, false),
            (Signature, &[1, 2], &[9], &usual, true),
            (Advantage, &[2], &[], &task(Advantage, &[], &[]), true),
            (Signature, &[], &[9], &task(Essential, &[], &[8]), false),
            (Signature, &[], &[8, 9], &task(Essential, &[], &[8]), true),
        ];
        for (level, chosen, of, task, expected) in vectors {
            assert_eq!(covers(*level, chosen, of, task), *expected, "{level} {chosen:?} {of:?}");
        }
    }

    #[test]
    fn a_deleted_task_enters_no_plan() {
        let deleted = TaskView { deleted_at: Some(Timestamp::from_micros(1)), ..task(Essential, &[], &[]) };
        assert!(!covers(Signature, &[], &[], &deleted));
    }

    proptest! {
        /// A higher licence and an emptied choice never take a task away.
        #[test]
        fn more_entitlement_never_means_fewer_tasks(
            level in proptest::sample::select(LicenseLevel::ALL),
            of_task in proptest::sample::select(LicenseLevel::ALL),
            chosen in proptest::collection::vec(1..4_u128, 0..3),
            served in proptest::collection::vec(1..4_u128, 0..3),
        ) {
            let task = task(of_task, &served, &served);
            if covers(level, &chosen, &chosen, &task) {
                prop_assert!(covers(Signature, &chosen, &chosen, &task));
                prop_assert!(covers(level, &[], &[], &task));
            }
        }
    }
}
