//! Lines: rows that have a place among their owner's, counted from 1. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use kernel::{Check, Problem};

use crate::owners::Under;

/// A row with a place in a line.
pub(crate) trait Placed: Clone {
    /// Its typed id.
    type Id: Copy + Ord;

    fn id(&self) -> Self::Id;

    fn place(&self) -> i32;

    /// The row at another place: a change like any other.
    fn moved(self, place: i32, under: &Under) -> Self;
}

/// The ids of rows, in their order.
pub(crate) fn ids<R: Placed>(rows: &[R]) -> Vec<R::Id> {
    rows.iter().map(Placed::id).collect()
}

/// A new order must name every row of the line once and nothing else.
pub(crate) fn check<Id: Copy + Ord + Display>(pointer: &str, line: &[Id], order: &[Id]) -> Result<(), Problem> {
    let mut check = Check::new();
    let line: BTreeSet<Id> = line.iter().copied().collect();
    let mut named = BTreeSet::new();
    for (index, id) in order.iter().enumerate() {
        let pointer = format!("{pointer}/{index}");
        check.that(line.contains(id), &pointer, "NOT_FOUND", || format!("{id} is not in this line"));
        check.that(named.insert(*id), &pointer, "DUPLICATE", || format!("{id} is named twice"));
    }
    for missing in line.difference(&named) {
        check.that(false, pointer, "INCOMPLETE", || format!("{missing} is missing; name all of them"));
    }
    check.finish()
}

/// The line with `id` put at `place`; a place past the end is the last one.
pub(crate) fn with<Id: Copy>(line: &[Id], id: Id, place: i32) -> Vec<Id> {
    let mut order = line.to_vec();
    let index = usize::try_from(place.max(1)).unwrap_or(usize::MAX) - 1;
    order.insert(index.min(order.len()), id);
    order
}

/// A line in which some have the places they ask for, and the others keep their order in what is left. Who asks for a place
/// that is taken, or past the end, stands behind.
pub(crate) fn placed<Id: Copy>(others: &[Id], mut wanted: Vec<(i32, Id)>) -> Vec<Id> {
    wanted.sort_by_key(|(place, _)| *place);
    let mut wanted = wanted.into_iter().peekable();
    let mut others = others.iter().copied().peekable();
    let mut line = Vec::new();
    for place in 1.. {
        let asked = wanted.next_if(|(asked, _)| *asked <= place || others.peek().is_none());
        match asked.map(|(_, id)| id).or_else(|| others.next()) {
            Some(id) => line.push(id),
            None => break,
        }
    }
    line
}

/// The rows that stand elsewhere in `order` than they do now, before and after.
pub(crate) fn moves<R: Placed>(rows: &[R], order: &[R::Id], under: &Under) -> Vec<(R, R)> {
    let places: BTreeMap<R::Id, i32> = order.iter().copied().zip(1..).collect();
    let elsewhere =
        rows.iter().filter_map(|row| Some((row, *places.get(&row.id())?))).filter(|(row, place)| row.place() != *place);
    elsewhere.map(|(row, place)| (row.clone(), row.clone().moved(place, under))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A row with nothing but an id and a place.
    #[derive(Debug, Clone, PartialEq)]
    struct Row(u32, i32);

    impl Placed for Row {
        type Id = u32;
        fn id(&self) -> u32 {
            self.0
        }
        fn place(&self) -> i32 {
            self.1
        }
        fn moved(self, place: i32, _: &Under) -> Self {
            Self(self.0, place)
        }
    }

    /// What the store does: the moved rows replace the old ones.
    fn settle(rows: &[Row], order: &[u32]) -> Vec<Row> {
        let moved: BTreeMap<u32, Row> =
            moves(rows, order, &Under::test()).into_iter().map(|(_, after)| (after.0, after)).collect();
        let mut rows: Vec<Row> =
            rows.iter().map(|row| moved.get(&row.0).cloned().unwrap_or_else(|| row.clone())).collect();
        rows.sort_by_key(Row::place);
        rows
    }

    #[derive(Debug, Clone)]
    enum Step {
        Add(i32),
        Move(usize, i32),
        Remove(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (-2..20_i32).prop_map(Step::Add),
            (any::<usize>(), -2..20_i32).prop_map(|(which, place)| Step::Move(which, place)),
            any::<usize>().prop_map(Step::Remove),
        ]
    }

    proptest! {
        #[test]
        fn places_are_always_one_to_n_and_the_others_keep_their_order(steps in prop::collection::vec(step(), 0..40)) {
            let mut rows: Vec<Row> = Vec::new();
            for (number, step) in (0_u32..).zip(steps) {
                let (touched, place) = match step {
                    Step::Add(place) => (number, Some(place)),
                    Step::Move(which, place) if !rows.is_empty() => (rows[which % rows.len()].0, Some(place)),
                    Step::Remove(which) if !rows.is_empty() => (rows[which % rows.len()].0, None),
                    Step::Move(..) | Step::Remove(_) => continue,
                };
                let others: Vec<Row> = rows.iter().filter(|row| row.0 != touched).cloned().collect();
                let before = ids(&others);
                let order = place.map_or_else(|| before.clone(), |place| with(&before, touched, place));
                let mut after = others;
                if let Some(at) = order.iter().position(|id| *id == touched) {
                    after.push(Row(touched, i32::try_from(at).unwrap() + 1));
                }
                rows = settle(&after, &order);
                prop_assert_eq!(rows.iter().map(Row::place).collect::<Vec<_>>(), (1..).take(rows.len()).collect::<Vec<_>>());
                prop_assert_eq!(rows.iter().map(Row::id).filter(|id| *id != touched).collect::<Vec<_>>(), before);
            }
        }

        #[test]
        fn a_complete_order_is_taken_as_it_is(order in Just((0..12_u32).collect::<Vec<_>>()).prop_shuffle()) {
            let rows: Vec<Row> = (0..12).zip(1..).map(|(id, place)| Row(id, place)).collect();
            prop_assert!(check("/ids", &ids(&rows), &order).is_ok());
            prop_assert_eq!(ids(&settle(&rows, &order)), order);
        }
    }

    #[test]
    fn who_asks_for_a_place_gets_it_and_the_others_fill_the_rest() {
        assert_eq!(placed(&[1, 2, 3], vec![(2, 9)]), [1, 9, 2, 3]);
        assert_eq!(placed(&[1], vec![(9, 8), (1, 9), (9, 7)]), [9, 1, 8, 7]);
        assert_eq!(placed(&[], vec![(2, 1), (2, 2), (1, 3)]), [3, 1, 2]);
        assert_eq!(placed(&[4, 5], vec![(2, 1), (2, 2)]), [4, 1, 2, 5]);
        assert_eq!(placed::<u32>(&[], Vec::new()), [0_u32; 0]);
    }

    #[test]
    fn only_rows_that_stand_elsewhere_move() {
        let rows = [Row(7, 1), Row(8, 2), Row(9, 3)];
        assert_eq!(moves(&rows, &[7, 9, 8], &Under::test()), [(Row(8, 2), Row(8, 3)), (Row(9, 3), Row(9, 2))]);
    }

    #[test]
    fn an_order_names_each_row_once() {
        let faults = |order: &[u32]| {
            let problem = check("/taskIds", &[1, 2, 3], order).unwrap_err();
            problem.errors().iter().map(|error| format!("{} {}", error.pointer, error.code)).collect::<Vec<_>>()
        };
        assert_eq!(faults(&[1, 2]), ["/taskIds INCOMPLETE"]);
        assert_eq!(faults(&[1, 2, 3, 4]), ["/taskIds/3 NOT_FOUND"]);
        assert_eq!(faults(&[1, 2, 3, 2]), ["/taskIds/3 DUPLICATE"]);
    }
}
