//! A customer's choice of outcomes and releases in a sync. Pure.

use contracts::catalog::ProductBlueprint;

use crate::assignments::Assignment;

/// The assignment with what of its choice the catalog still has.
pub(crate) fn still_offered(assignment: &Assignment, blueprint: &ProductBlueprint) -> Assignment {
    Assignment {
        outcome_ids: remaining(&assignment.outcome_ids, &blueprint.outcome_ids),
        release_ids: remaining(&assignment.release_ids, &blueprint.release_ids),
        ..assignment.clone()
    }
}

/// A choice of which nothing is left stays as it was: an empty one would mean everything, which nobody chose.
fn remaining<T: Copy + PartialEq>(chosen: &[T], offered: &[T]) -> Vec<T> {
    let left: Vec<_> = chosen.iter().copied().filter(|id| offered.contains(id)).collect();
    if left.is_empty() { chosen.to_vec() } else { left }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_loses_what_is_gone_and_never_comes_to_mean_everything() {
        assert_eq!(remaining(&[1, 2], &[1, 2, 3]), [1, 2]);
        assert_eq!(remaining(&[1, 2], &[2, 3]), [2]);
        assert_eq!(remaining(&[1, 2], &[3]), [1, 2]);
        assert!(remaining(&[], &[3]).is_empty());
    }
}
