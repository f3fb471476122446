//! The shape of a tenant's departments. Pure.

use std::collections::BTreeMap;

use kernel::problem::ProblemKind;
use kernel::{DepartmentId, Problem};

/// Levels of a tree.
const DEEPEST: usize = 20;
/// Departments of a tenant: all of them are looked at when one is placed.
const MOST: usize = 5_000;

static TOO_MANY: ProblemKind = ProblemKind::new("DEPARTMENT_TOO_MANY", 409, "The tenant has too many departments");

/// Every department with its parent.
pub(super) struct Tree(BTreeMap<DepartmentId, Option<DepartmentId>>);

impl Tree {
    pub(super) fn new(rows: impl IntoIterator<Item = (DepartmentId, Option<DepartmentId>)>) -> Self {
        Self(rows.into_iter().collect())
    }

    /// Whether a department may stand under a parent: a new one, or one that is there with all that is under it.
    pub(super) fn may_place(&self, id: DepartmentId, parent: Option<DepartmentId>) -> Result<(), Problem> {
        if !self.0.contains_key(&id) && self.0.len() >= MOST {
            return Err(TOO_MANY.detail(format!("A tenant has at most {MOST} departments. Delete some first.")));
        }
        let Some(parent) = parent else { return Ok(()) };
        if !self.0.contains_key(&parent) {
            return Err(Problem::field("/parentId", "UNKNOWN_DEPARTMENT", "is not a department of this tenant"));
        }
        let above = self.path(parent);
        if above.contains(&id) {
            return Err(Problem::field("/parentId", "CYCLE", "is the department itself or lies within it"));
        }
        if above.len() + self.height(id) > DEEPEST {
            return Err(Problem::field("/parentId", "TOO_DEEP", format!("leads to more than {DEEPEST} levels")));
        }
        Ok(())
    }

    /// From a department up to the top.
    fn path(&self, id: DepartmentId) -> Vec<DepartmentId> {
        let up = |at: &DepartmentId| self.0.get(at).copied().flatten();
        std::iter::successors(Some(id), up).take(self.0.len().max(1)).collect()
    }

    /// The levels from a department down to the last one within it.
    fn height(&self, id: DepartmentId) -> usize {
        let below = |other: &DepartmentId| self.path(*other).iter().position(|step| *step == id);
        self.0.keys().filter_map(below).max().unwrap_or(0) + 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(outcome: Result<(), Problem>) -> String {
        outcome.map_or_else(|problem| problem.errors().first().unwrap().code.clone(), |()| "OK".to_owned())
    }

    /// A line of departments, each under the one before it.
    fn line(length: usize) -> (Vec<DepartmentId>, Tree) {
        let ids: Vec<_> = (0..length).map(|_| DepartmentId::fresh()).collect();
        let parents = std::iter::once(None).chain(ids.iter().copied().map(Some));
        let tree = Tree::new(ids.iter().copied().zip(parents));
        (ids, tree)
    }

    #[test]
    fn nothing_stands_within_itself_or_too_deep() {
        let (ids, tree) = line(20);
        assert_eq!(code(tree.may_place(ids[3], Some(ids[3]))), "CYCLE");
        assert_eq!(code(tree.may_place(ids[3], Some(ids[9]))), "CYCLE");
        assert_eq!(code(tree.may_place(ids[9], Some(ids[3]))), "OK");
        assert_eq!(code(tree.may_place(ids[9], None)), "OK");
        assert_eq!(code(tree.may_place(DepartmentId::fresh(), Some(ids[18]))), "OK");
        assert_eq!(code(tree.may_place(DepartmentId::fresh(), Some(ids[19]))), "TOO_DEEP");
        assert_eq!(code(tree.may_place(ids[3], Some(DepartmentId::fresh()))), "UNKNOWN_DEPARTMENT");
        // What is moved takes along what is under it.
        let mut rows: Vec<_> = tree.0.into_iter().collect();
        let (others, other) = line(2);
        rows.extend(other.0);
        let tree = Tree::new(rows);
        assert_eq!(code(tree.may_place(others[0], Some(ids[17]))), "OK");
        assert_eq!(code(tree.may_place(others[0], Some(ids[18]))), "TOO_DEEP");
    }

    proptest! {
        /// Whatever is moved where: what was allowed leaves a tree of no more than twenty levels.
        #[test]
        fn what_is_allowed_leaves_a_tree(moves in prop::collection::vec((0..30_usize, 0..31_usize), 0..200)) {
            let ids: Vec<_> = (0..30).map(|_| DepartmentId::fresh()).collect();
            let mut tree = Tree::new(ids.iter().map(|id| (*id, None)));
            for (which, under) in moves {
                let (id, parent) = (ids[which], ids.get(under).copied());
                if tree.may_place(id, parent).is_ok() {
                    tree.0.insert(id, parent);
                }
            }
            for id in &ids {
                let path = tree.path(*id);
                prop_assert!(path.len() <= DEEPEST && tree.0[path.last().unwrap()].is_none());
            }
        }
    }
}
