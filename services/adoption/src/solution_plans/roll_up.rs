//! How far a solution has come. Pure.

use contracts::adoption::{PartStatus, TaskStatus};
use kernel::Hundredths;

use crate::plans::Progress;

/// How far something has come, by count of tasks: one without weight is a step as well.
pub(super) fn status(Progress { total_tasks, completed_tasks, .. }: Progress) -> PartStatus {
    match completed_tasks {
        0 => PartStatus::NotStarted,
        all if all == total_tasks => PartStatus::Completed,
        _ => PartStatus::InProgress,
    }
}

/// The sums of a solution plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RollUp {
    /// Of its own tasks and of its products' plans.
    pub(crate) progress: Progress,
    pub(crate) status: PartStatus,
    /// All of its own tasks, those that are not applicable too.
    pub(crate) own_tasks: i32,
    /// Those of its own tasks that are done.
    pub(crate) own_completed_tasks: i32,
}

impl RollUp {
    /// Weights add up as they are: as each owner's come to about 100, each product and the solution's own list count
    /// about alike, and a product of which a licence leaves little counts for little.
    pub(crate) fn of(
        own: impl IntoIterator<Item = (TaskStatus, Hundredths)>,
        products: impl IntoIterator<Item = Progress>,
    ) -> Self {
        let mut own_tasks = 0;
        let own = Progress::of(own.into_iter().inspect(|_| own_tasks += 1));
        let progress = products.into_iter().fold(own, Progress::and);
        Self { progress, status: status(progress), own_tasks, own_completed_tasks: own.completed_tasks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PartStatus::{Completed, InProgress, NotStarted};
    use TaskStatus::{Done, NotApplicable};
    use proptest::collection::vec;
    use proptest::prelude::*;

    type Tasks = Vec<(TaskStatus, Hundredths)>;

    /// The sums of the solution's own list and of each product's.
    fn parts(own: &Tasks, products: &[Tasks]) -> Vec<Progress> {
        std::iter::once(own).chain(products).map(|tasks| Progress::of(tasks.iter().copied())).collect()
    }

    fn weighed(tasks: &[(TaskStatus, i32)]) -> Tasks {
        tasks.iter().map(|(status, weight)| (*status, Hundredths(weight * 100))).collect()
    }

    fn roll_up(own: &Tasks, products: &[Tasks]) -> RollUp {
        RollUp::of(own.iter().copied(), products.iter().map(|tasks| Progress::of(tasks.iter().copied())))
    }

    #[test]
    fn the_reference_vector_holds() {
        let own = weighed(&[(Done, 25), (TaskStatus::NotStarted, 75)]);
        let first = weighed(&[(Done, 50), (TaskStatus::InProgress, 50)]);
        let second = weighed(&[(Done, 60), (NotApplicable, 40)]);
        let all = roll_up(&own, &[first, second]);
        assert_eq!(
            (all.progress.total_weight, all.progress.completed_weight),
            (Hundredths(26_000), Hundredths(13_500))
        );
        assert_eq!((all.progress.progress_percentage.to_string().as_str(), all.status), ("51.92", InProgress));
        assert_eq!((all.progress.total_tasks, all.progress.completed_tasks), (5, 3));
        assert_eq!((all.own_tasks, all.own_completed_tasks), (2, 1));
    }

    #[test]
    fn a_part_has_come_as_far_as_its_tasks() {
        let vectors: &[(&[(TaskStatus, i32)], PartStatus)] = &[
            (&[], NotStarted),
            (&[(NotApplicable, 100)], NotStarted),
            (&[(TaskStatus::InProgress, 100)], NotStarted),
            (&[(Done, 40), (TaskStatus::NoLongerUsing, 60)], InProgress),
            (&[(Done, 0), (TaskStatus::NotStarted, 0)], InProgress),
            (&[(Done, 40), (NotApplicable, 60)], Completed),
            (&[(Done, 0)], Completed),
        ];
        for (tasks, expected) in vectors {
            assert_eq!(status(Progress::of(weighed(tasks))), *expected, "{tasks:?}");
        }
    }

    #[test]
    fn a_task_that_does_not_apply_is_the_solutions_own_all_the_same() {
        let all = roll_up(&weighed(&[(NotApplicable, 50), (Done, 50)]), &[]);
        assert_eq!((all.own_tasks, all.own_completed_tasks, all.progress.total_tasks), (2, 1, 1));
    }

    fn some_tasks() -> impl Strategy<Value = Tasks> {
        vec((proptest::sample::select(TaskStatus::ALL), (0..=10_000_i32).prop_map(Hundredths)), 0..12)
    }

    proptest! {
        /// Nothing is lost and nothing counted twice.
        #[test]
        fn the_whole_is_that_of_all_tasks_together(own in some_tasks(), products in vec(some_tasks(), 0..5)) {
            let together = own.iter().chain(products.iter().flatten()).copied();
            prop_assert_eq!(roll_up(&own, &products).progress, Progress::of(together));
        }

        #[test]
        fn the_order_of_products_does_not_matter(own in some_tasks(), products in vec(some_tasks(), 0..5)) {
            let reversed: Vec<_> = products.iter().rev().cloned().collect();
            prop_assert_eq!(roll_up(&own, &products), roll_up(&own, &reversed));
        }

        #[test]
        fn the_whole_lies_between_its_parts(own in some_tasks(), products in vec(some_tasks(), 0..5)) {
            let all = roll_up(&own, &products);
            let weighty = parts(&own, &products).into_iter().filter(|part| part.total_weight > Hundredths::ZERO);
            let percent: Vec<_> = weighty.map(|part| part.progress_percentage).collect();
            let least = percent.iter().min().copied().unwrap_or_default();
            let most = percent.iter().max().copied().unwrap_or_default();
            prop_assert!((least..=most).contains(&all.progress.progress_percentage));
            prop_assert!((0..=10_000).contains(&all.progress.progress_percentage.0));
        }

        /// One more step that is done never sets a solution back.
        #[test]
        fn progress_grows_with_what_is_done(
            own in some_tasks(),
            products in vec(some_tasks(), 1..5),
            which in 0..60_usize,
        ) {
            let mut further = products.clone();
            let steps = further.iter_mut().flatten();
            let mut steps: Vec<_> = steps.filter(|(status, _)| *status != NotApplicable).collect();
            let count = steps.len().max(1);
            if let Some((status, _)) = steps.get_mut(which % count) {
                *status = Done;
            }
            let (before, after) = (roll_up(&own, &products), roll_up(&own, &further));
            prop_assert!(after.progress.progress_percentage >= before.progress.progress_percentage);
            prop_assert!(after.status >= before.status);
        }

        #[test]
        fn it_is_completed_when_every_part_is(own in some_tasks(), products in vec(some_tasks(), 0..5)) {
            let all = roll_up(&own, &products);
            let parts = parts(&own, &products);
            let is_through = |part: &Progress| part.completed_tasks == part.total_tasks;
            let is_begun = parts.iter().any(|part| part.completed_tasks > 0);
            prop_assert_eq!(all.status == Completed, is_begun && parts.iter().all(is_through));
            prop_assert_eq!(all.status == NotStarted, !is_begun);
        }
    }
}
