//! What a name means to somebody who may have renamed things in the same file.

use std::collections::HashMap;

use super::pairs::Pairs;
use crate::sheet::fold;
use crate::table::{Kind, Table};

/// The names of one kind of thing, as they are and as they will be.
#[derive(Debug, Clone)]
pub(super) struct Names<Id> {
    exact: HashMap<String, Named<Id>>,
    folded: HashMap<String, Named<Id>>,
    /// By the name that it has now.
    old: HashMap<String, Named<Id>>,
}

/// A thing that will be there.
#[derive(Debug, Clone)]
pub(super) struct Named<Id> {
    /// Its name then.
    pub(super) name: String,
    /// Its id, if it is there already.
    pub(super) id: Option<Id>,
    /// Whether another has the same name.
    pub(super) shared: bool,
}

impl<Id: Copy> Names<Id> {
    /// What will be there after an import, each with its id by `id`.
    pub(super) fn of<T: Kind>(
        before: Option<&Table<T>>,
        after: Option<&Table<T>>,
        delete_missing: bool,
        id: impl Fn(&T) -> Option<Id>,
    ) -> Self {
        let mut names = Self { exact: HashMap::new(), folded: HashMap::new(), old: HashMap::new() };
        let none = Table::default();
        let there = before.unwrap_or(&none);
        let Some(after) = after else {
            there.items().for_each(|item| names.add(item.name(), Some(item.name()), id(item)));
            return names;
        };
        let pairs = Pairs::of(there, after);
        if !(delete_missing && T::DELETES) {
            pairs.left(there).for_each(|item| names.add(item.name(), Some(item.name()), id(item)));
        }
        for (item, old) in after.items().zip(pairs.found()) {
            let old = old.and_then(|old| there.rows.get(old)).map(|row| &row.item);
            names.add(item.name(), old.map(Kind::name), old.and_then(&id));
        }
        names
    }

    fn add(&mut self, name: &str, old: Option<&str>, id: Option<Id>) {
        let shared = self.exact.contains_key(name);
        let named = Named { name: name.to_owned(), id, shared };
        if let Some(first) = self.exact.get_mut(name) {
            first.shared = true;
        } else {
            self.exact.insert(name.to_owned(), named.clone());
        }
        self.folded.entry(fold(name)).or_insert_with(|| named.clone());
        if let Some(old) = old {
            self.old.entry(old.to_owned()).or_insert(named);
        }
    }

    /// What a name in the file means: as things will be called, or else as they are called.
    pub(super) fn find(&self, name: &str) -> Option<&Named<Id>> {
        self.exact.get(name).or_else(|| self.folded.get(&fold(name))).or_else(|| self.old.get(name))
    }

    /// What a name means that is there already.
    pub(super) fn renamed(&self, name: &str) -> Option<&Named<Id>> {
        self.old.get(name)
    }
}
