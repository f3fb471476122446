//! Which row of a file means which row that is there.

use std::collections::{HashMap, VecDeque};

use crate::table::{Kind, Table};

/// The rows of a file, each with the one that it means.
pub(super) struct Pairs {
    found: Vec<Option<usize>>,
    claimed: Vec<bool>,
    /// Rows with an id that a row before them has: the numbers of both.
    pub(super) twice: Vec<(u32, u32)>,
}

impl Pairs {
    /// Finds by id first, then by the very name, then by the name whatever the case of its letters. What is deleted is meant
    /// last, unless the row is held to its id: who made the same again since means that.
    pub(super) fn of<T: Kind>(before: &Table<T>, after: &Table<T>) -> Self {
        let (found, claimed) = (vec![None; after.rows.len()], vec![false; before.rows.len()]);
        let mut pairs = Self { found, claimed, twice: Vec::new() };
        pairs.by_id(before, after, false);
        pairs.by(before, after, |item| format!("{}\0{}", item.key(), item.name()));
        pairs.by(before, after, Kind::key);
        pairs.by_id(before, after, true);
        pairs
    }

    /// For each row of the file the index of the one that is there.
    pub(super) fn found(&self) -> impl Iterator<Item = Option<usize>> {
        self.found.iter().copied()
    }

    /// What is there and not in the file.
    pub(super) fn left<'a, T: Kind>(&'a self, before: &'a Table<T>) -> impl Iterator<Item = &'a T> {
        let left = before.items().zip(&self.claimed).filter(|(item, claimed)| !**claimed && !item.is_deleted());
        left.map(|(item, _)| item)
    }

    fn by_id<T: Kind>(&mut self, before: &Table<T>, after: &Table<T>, deleted: bool) {
        let there: HashMap<_, _> = before
            .rows
            .iter()
            .enumerate()
            .filter(|(_, row)| row.item.is_deleted() == deleted)
            .filter_map(|(index, row)| Some((row.item.id()?, (index, &row.item))))
            .collect();
        let mut first = HashMap::new();
        let rows = after.rows.iter().zip(&mut self.found).filter(|(_, found)| found.is_none());
        for (row, found) in rows {
            let Some((id, (index, item))) = row.item.id().and_then(|id| Some((id, *there.get(&id)?))) else { continue };
            if let Some(first) = first.get(&id) {
                self.twice.push((*first, row.number));
            } else if !row.item.is_elsewhere(item) {
                first.insert(id, row.number);
                *found = Some(index);
                if let Some(claimed) = self.claimed.get_mut(index) {
                    *claimed = true;
                }
            }
        }
    }

    fn by<T: Kind>(&mut self, before: &Table<T>, after: &Table<T>, key: impl Fn(&T) -> String) {
        let mut there: HashMap<String, VecDeque<usize>> = HashMap::new();
        for (index, (item, claimed)) in before.items().zip(&self.claimed).enumerate() {
            if !claimed && !item.is_deleted() {
                there.entry(key(item)).or_default().push_back(index);
            }
        }
        let rows = after.rows.iter().zip(&mut self.found).filter(|(row, found)| found.is_none() && !row.by_id_alone);
        for (row, found) in rows {
            *found = there.get_mut(&key(&row.item)).and_then(VecDeque::pop_front);
            if let Some(claimed) = found.and_then(|index| self.claimed.get_mut(index)) {
                *claimed = true;
            }
        }
    }
}
