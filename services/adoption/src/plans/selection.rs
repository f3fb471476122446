//! A customer's choice of outcomes and releases, against what the catalog has. Pure.

use contracts::catalog::{Blueprint, OwnerKind};

use crate::assignments::Assignment;

/// The assignment with what of its choice the catalog still has. A solution's choice is of its products' outcomes and releases
/// as well: of its own tasks it says what it names of the solution's own.
pub(crate) fn still_offered(assignment: &Assignment, blueprint: &Blueprint) -> Assignment {
    let (outcome_ids, release_ids) = match assignment.owner_kind {
        OwnerKind::Product => (
            remaining(&assignment.outcome_ids, &blueprint.outcome_ids),
            remaining(&assignment.release_ids, &blueprint.release_ids),
        ),
        OwnerKind::Solution => (
            among(&assignment.outcome_ids, &blueprint.outcome_ids),
            among(&assignment.release_ids, &blueprint.release_ids),
        ),
    };
    Assignment { outcome_ids, release_ids, ..assignment.clone() }
}

/// A choice of which nothing is left stays as it was: an empty one would mean everything, which nobody chose.
pub(crate) fn remaining<T: Copy + PartialEq>(chosen: &[T], offered: &[T]) -> Vec<T> {
    let left = among(chosen, offered);
    if left.is_empty() { chosen.to_vec() } else { left }
}

/// Those of a choice that are offered.
pub(crate) fn among<T: Copy + PartialEq>(chosen: &[T], offered: &[T]) -> Vec<T> {
    chosen.iter().copied().filter(|id| offered.contains(id)).collect()
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
