//! A value that the catalog has changed, and what becomes of it in a plan. Pure.

use serde::{Deserialize, Serialize};

/// What the catalog said when the plan was last synced, what it says now, and what the plan says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Merge<T> {
    then: T,
    now: T,
    ours: T,
}

impl<T: Clone + PartialEq> Merge<T> {
    /// `None`: the catalog did not move, so there is nothing to do, whatever the plan says.
    pub(super) fn of(then: &T, now: &T, ours: &T) -> Option<Self> {
        (then != now).then(|| Self { then: then.clone(), now: now.clone(), ours: ours.clone() })
    }

    /// Whether the plan follows: nobody has touched its value.
    fn is_taken(&self) -> bool {
        self.ours == self.then
    }

    /// Whether somebody has touched it and made something else of it than the catalog did. Theirs is kept.
    pub(super) fn is_conflict(&self) -> bool {
        !self.is_taken() && self.ours != self.now
    }

    /// From here on the catalog's value of now is the one of then.
    pub(super) fn apply(&self, then: &mut T, ours: &mut T) {
        then.clone_from(&self.now);
        if self.is_taken() {
            ours.clone_from(&self.now);
        }
    }

    /// Back to where it was, unless somebody has touched it since.
    pub(super) fn undo(&self, then: &mut T, ours: &mut T) {
        then.clone_from(&self.then);
        if self.is_taken() && *ours == self.now {
            ours.clone_from(&self.then);
        }
    }
}

/// Declares what the catalog says of a row, field by field, and the merge of each field.
macro_rules! definition {
    (
        $(#[$doc:meta])* $definition:ident of $row:ty;
        $(#[$merge_doc:meta])* $merge:ident { $($(#[$attribute:meta])* $variant:ident = $field:ident: $type:ty),+ $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub(crate) struct $definition {
            $($(#[$attribute])* pub(super) $field: $type),+
        }

        impl $definition {
            /// What the row says, as if the catalog had said it.
            pub(super) fn of(row: &$row) -> Self {
                Self { $($field: row.$field.clone()),+ }
            }
        }

        $(#[$merge_doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "field", rename_all = "camelCase")]
        pub(crate) enum $merge {
            $($variant($crate::plans::sync::merge::Merge<$type>)),+
        }

        impl $merge {
            /// One merge for each field in which the catalog moved.
            pub(super) fn between(then: &$definition, now: &$definition, ours: &$row) -> Vec<Self> {
                let merges = [$(
                    $crate::plans::sync::merge::Merge::of(&then.$field, &now.$field, &ours.$field).map(Self::$variant)
                ),+];
                merges.into_iter().flatten().collect()
            }

            /// Whether theirs was kept against the catalog's.
            pub(super) fn is_conflict(&self) -> bool {
                match self {
                    $(Self::$variant(merge) => merge.is_conflict()),+
                }
            }

            /// Makes the change.
            pub(super) fn apply(&self, then: &mut $definition, ours: &mut $row) {
                match self {
                    $(Self::$variant(merge) => merge.apply(&mut then.$field, &mut ours.$field)),+
                }
            }

            /// Takes the change back.
            pub(super) fn undo(&self, then: &mut $definition, ours: &mut $row) {
                match self {
                    $(Self::$variant(merge) => merge.undo(&mut then.$field, &mut ours.$field)),+
                }
            }
        }
    };
}
pub(super) use definition;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_nobody_touched_follows_and_what_somebody_touched_stays() {
        // Then, now, ours; the plan's value after; whether it is a conflict.
        let vectors = [("a", "b", "a", "b", false), ("a", "b", "c", "c", true), ("a", "b", "b", "b", false)];
        for (then, now, ours, expected, conflict) in vectors {
            let merge = Merge::of(&then, &now, &ours).unwrap();
            let (mut base, mut value) = (then, ours);
            merge.apply(&mut base, &mut value);
            assert_eq!((base, value, merge.is_conflict()), (now, expected, conflict), "{then} {now} {ours}");
        }
        assert_eq!(Merge::of(&"a", &"a", &"c"), None);
    }

    proptest! {
        #[test]
        fn there_and_back_is_where_it_was(then in 0..4, now in 0..4, ours in 0..4) {
            if let Some(merge) = Merge::of(&then, &now, &ours) {
                let (mut base, mut value) = (then, ours);
                merge.apply(&mut base, &mut value);
                prop_assert_eq!(Merge::of(&base, &now, &value), None);
                merge.undo(&mut base, &mut value);
                prop_assert_eq!((base, value), (then, ours));
            }
        }

        #[test]
        fn what_was_touched_since_is_not_taken_back(then in 0..4, now in 0..4, ours in 0..4, since in 0..4) {
            if let Some(merge) = Merge::of(&then, &now, &ours) {
                let (mut base, mut value) = (then, ours);
                merge.apply(&mut base, &mut value);
                if since != value {
                    value = since;
                    merge.undo(&mut base, &mut value);
                    prop_assert!(value == since || (since == now && merge.is_taken()));
                }
            }
        }
    }
}
