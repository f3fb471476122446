//! How far a plan has come. Pure.

use contracts::adoption::TaskStatus;
use diesel::prelude::*;
use kernel::Hundredths;

use crate::schema::plans;

/// The sums of a plan. A task counts with its whole weight when it is done and not at all before; one that is not
/// applicable counts nowhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = plans, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Progress {
    pub(crate) total_tasks: i32,
    pub(crate) completed_tasks: i32,
    pub(crate) total_weight: Hundredths,
    pub(crate) completed_weight: Hundredths,
    pub(crate) progress_percentage: Hundredths,
}

impl Progress {
    /// The sums of these tasks.
    pub(crate) fn of(tasks: impl IntoIterator<Item = (TaskStatus, Hundredths)>) -> Self {
        let mut sums = Self::default();
        for (status, weight) in tasks {
            if status != TaskStatus::NotApplicable {
                sums.total_tasks += 1;
                sums.total_weight = sums.total_weight + weight;
            }
            if status == TaskStatus::Done {
                sums.completed_tasks += 1;
                sums.completed_weight = sums.completed_weight + weight;
            }
        }
        sums.percent()
    }

    /// The sums of two lists of tasks together.
    pub(crate) fn and(self, other: Self) -> Self {
        let together = Self {
            total_tasks: self.total_tasks + other.total_tasks,
            completed_tasks: self.completed_tasks + other.completed_tasks,
            total_weight: self.total_weight + other.total_weight,
            completed_weight: self.completed_weight + other.completed_weight,
            progress_percentage: Hundredths::ZERO,
        };
        together.percent()
    }

    fn percent(self) -> Self {
        Self { progress_percentage: Hundredths::percent(self.completed_weight, self.total_weight), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TaskStatus::{Done, InProgress, NoLongerUsing, NotApplicable, NotStarted};
    use proptest::prelude::*;

    fn of(tasks: &[(TaskStatus, i32)]) -> (i32, i32, String) {
        let sums = Progress::of(tasks.iter().map(|(status, weight)| (*status, Hundredths(weight * 100))));
        (sums.total_tasks, sums.completed_tasks, sums.progress_percentage.to_string())
    }

    /// Tasks with their weights, how many count, how many are done, percent.
    type Vector = (&'static [(TaskStatus, i32)], i32, i32, &'static str);

    #[test]
    fn the_reference_vectors_hold() {
        let vectors: &[Vector] = &[
            (&[(Done, 50), (NotApplicable, 30), (NotStarted, 20)], 2, 1, "71.43"),
            (&[(Done, 40), (Done, 40), (NoLongerUsing, 20)], 3, 2, "80.00"),
            (&[(NotApplicable, 60), (NotApplicable, 40)], 0, 0, "0.00"),
            (&[(Done, 0), (NotStarted, 0)], 2, 1, "0.00"),
            (&[(InProgress, 100)], 1, 0, "0.00"),
            (&[(Done, 25), (NotStarted, 75), (Done, 50), (NotStarted, 50), (Done, 60)], 5, 3, "51.92"),
            (&[], 0, 0, "0.00"),
        ];
        for (tasks, total, completed, percent) in vectors {
            assert_eq!(of(tasks), (*total, *completed, (*percent).to_owned()), "{tasks:?}");
        }
    }

    proptest! {
        #[test]
        fn progress_is_a_percentage_and_grows_with_what_is_done(
            tasks in proptest::collection::vec((proptest::sample::select(TaskStatus::ALL), 0..=10_000_i32), 0..60),
        ) {
            let weighed = |tasks: &[(TaskStatus, i32)]| Progress::of(tasks.iter().map(|(s, w)| (*s, Hundredths(*w))));
            let sums = weighed(&tasks);
            prop_assert!((0..=10_000).contains(&sums.progress_percentage.0));
            prop_assert!(sums.completed_tasks <= sums.total_tasks && sums.completed_weight <= sums.total_weight);
            let further: Vec<_> =
                tasks.iter().map(|(status, weight)| (if *status == InProgress { Done } else { *status }, *weight)).collect();
            prop_assert!(weighed(&further).progress_percentage >= sums.progress_percentage);
        }

        #[test]
        fn the_order_of_tasks_does_not_matter(
            tasks in proptest::collection::vec((proptest::sample::select(TaskStatus::ALL), 0..=10_000_i32), 0..30),
        ) {
            let of = |tasks: &[(TaskStatus, i32)]| Progress::of(tasks.iter().map(|(s, w)| (*s, Hundredths(*w))));
            let reversed: Vec<_> = tasks.iter().rev().copied().collect();
            prop_assert_eq!(of(&tasks), of(&reversed));
        }
    }
}
