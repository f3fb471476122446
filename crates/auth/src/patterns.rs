//! Permission patterns: `catalog:*:*` covers `catalog:product:write`.

use serde::{Deserialize, Serialize};

/// What somebody holds: patterns of three words, each of them a name or `*`; a lone `*` covers everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Patterns(Vec<String>);

impl Patterns {
    /// Sorted, without repeats and without patterns that another one covers: the form that travels in tokens.
    #[must_use]
    pub fn new(patterns: impl IntoIterator<Item = String>) -> Self {
        let mut all: Vec<String> = patterns.into_iter().collect();
        all.sort_unstable();
        all.dedup();
        let needed = |pattern: &String| !all.iter().any(|other| other != pattern && covers(other, pattern));
        Self(all.iter().filter(|pattern| needed(pattern)).cloned().collect())
    }

    /// Whether these patterns allow a permission.
    #[must_use]
    pub fn allow(&self, permission: &str) -> bool {
        self.0.iter().any(|pattern| covers(pattern, permission))
    }

    /// Whether everything that `other` allows is allowed here: nobody can grant what they do not hold.
    #[must_use]
    pub fn include(&self, other: &Self) -> bool {
        other.0.iter().all(|pattern| self.allow(pattern))
    }

    /// What both allow.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        Self::new(self.0.iter().flat_map(|one| other.0.iter().filter_map(|two| both(one, two))))
    }

    /// The patterns themselves.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Whether a text is a pattern: `*`, or three words of lower-case letters, digits and dashes, or `*` for a word.
    #[must_use]
    pub fn is_valid(pattern: &str) -> bool {
        let word = |word: &str| {
            word == "*"
                || (!word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'))
        };
        pattern == "*" || (pattern.split(':').count() == 3 && pattern.split(':').all(word))
    }
}

/// The pattern of what two patterns both cover.
fn both(one: &str, two: &str) -> Option<String> {
    if covers(one, two) {
        return Some(two.to_owned());
    }
    if covers(two, one) {
        return Some(one.to_owned());
    }
    let words = one.split(':').zip(two.split(':')).map(|pair| match pair {
        ("*", word) | (word, "*") => Some(word),
        (word, same) if word == same => Some(word),
        _ => None,
    });
    Some(words.collect::<Option<Vec<_>>>()?.join(":"))
}

pub(crate) fn covers(pattern: &str, permission: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let mut wanted = permission.split(':');
    pattern.split(':').all(|word| wanted.next().is_some_and(|want| word == "*" || word == want))
        && wanted.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn patterns(list: &[&str]) -> Patterns {
        Patterns::new(list.iter().map(|text| (*text).to_owned()))
    }

    #[test]
    fn a_pattern_covers_word_by_word() {
        let held = patterns(&["catalog:*:read", "adoption:customer:write"]);
        assert!(held.allow("catalog:product:read"));
        assert!(!held.allow("catalog:product:write"));
        assert!(held.allow("adoption:customer:write"));
        assert!(!held.allow("adoption:customer"));
        assert!(!held.allow("adoption:customer:write:all"));
        assert!(patterns(&["*"]).allow("anything:at:all"));
        assert!(!patterns(&[]).allow("catalog:product:read"));
    }

    #[test]
    fn nobody_includes_more_than_they_hold() {
        assert!(patterns(&["catalog:*:*"]).include(&patterns(&["catalog:product:write", "catalog:*:read"])));
        assert!(!patterns(&["catalog:product:*"]).include(&patterns(&["catalog:*:read"])));
        assert!(!patterns(&["catalog:*:*"]).include(&patterns(&["*"])));
    }

    proptest! {
        /// What two hold together is what each of them holds.
        #[test]
        fn the_meet_allows_what_both_allow(one in proptest::collection::vec("(\\*|[ab*]:[ab*]:[ab*])", 0..5), two in proptest::collection::vec("(\\*|[ab*]:[ab*]:[ab*])", 0..5), asked in "[ab]:[ab]:[ab]") {
            let (one, two) = (Patterns::new(one), Patterns::new(two));
            prop_assert_eq!(one.meet(&two).allow(&asked), one.allow(&asked) && two.allow(&asked));
        }

        /// Dropping covered patterns changes nothing that is allowed.
        #[test]
        fn the_short_form_allows_the_same(list in proptest::collection::vec("(\\*|[ab]:[ab*]:[ab*])", 0..6), asked in "[ab]:[ab]:[ab]") {
            let short = Patterns::new(list.clone());
            prop_assert_eq!(short.allow(&asked), list.iter().any(|pattern| covers(pattern, &asked)));
        }
    }
}
