//! Gathers everything that is wrong with a command, so that a caller can mend it in one go.

use std::collections::BTreeSet;

use crate::problem::{FieldError, Problem};

/// The faults found so far.
#[derive(Debug, Default)]
pub struct Check {
    errors: Vec<FieldError>,
}

impl Check {
    /// Nothing is wrong yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a fault unless `holds`.
    pub fn that(&mut self, holds: bool, pointer: &str, code: &'static str, detail: impl FnOnce() -> String) {
        if !holds {
            self.errors.push(FieldError::new(pointer, code, detail()));
        }
    }

    /// A text of `least` to `most` characters that is not blank (when at least one is asked for) and holds no control
    /// characters but line breaks and tabs.
    pub fn text(&mut self, pointer: &str, text: &str, least: usize, most: usize) {
        let length = text.chars().count();
        let enough = length >= least && (least == 0 || !text.trim().is_empty());
        self.that(enough && length <= most, pointer, "LENGTH", || {
            format!("has {length} characters; give {least} to {most}, not only blanks")
        });
        let clean = !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
        self.that(clean, pointer, "CONTROL_CHARACTER", || "holds a control character; remove it".to_owned());
    }

    /// As [`Check::text`], in one line: what something is called stands in headings, lists and letters, and must neither end
    /// the line nor turn the rest of it round.
    pub fn line(&mut self, pointer: &str, text: &str, least: usize, most: usize) {
        self.text(pointer, text, least, most);
        let is_one = !text.contains(['\n', '\r', '\t', '\u{2028}', '\u{2029}']);
        self.that(is_one, pointer, "LINE_BREAK", || "holds a line break or a tab; give one line".to_owned());
        let is_seen = !text
            .contains(|c| matches!(c, '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'));
        self.that(is_seen, pointer, "UNSEEN_CHARACTER", || "holds a character that nobody sees; remove it".to_owned());
    }

    /// As [`Check::line`], for a text that may be missing.
    pub fn optional_line(&mut self, pointer: &str, text: Option<&str>, most: usize) {
        if let Some(text) = text {
            self.line(pointer, text, 0, most);
        }
    }

    /// As [`Check::text`], for a text that may be missing.
    pub fn optional_text(&mut self, pointer: &str, text: Option<&str>, most: usize) {
        if let Some(text) = text {
            self.text(pointer, text, 0, most);
        }
    }

    /// An http or https address.
    pub fn url(&mut self, pointer: &str, url: &str) {
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let holds = host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'))
            && url.len() <= 2_000
            && !url.contains(|c: char| c.is_whitespace() || c.is_control());
        self.that(holds, pointer, "URL", || "is not an http or https address".to_owned());
    }

    /// A list without repeats.
    pub fn distinct<T: Ord>(&mut self, pointer: &str, items: &[T]) {
        let distinct = items.iter().collect::<BTreeSet<_>>().len() == items.len();
        self.that(distinct, pointer, "DUPLICATE", || "names the same thing twice".to_owned());
    }

    /// A field of a patch that may not be cleared.
    pub fn not_null(&mut self, pointer: &str, was_set: bool) {
        self.that(was_set, pointer, "REQUIRED", || "cannot be cleared; give a value or leave it out".to_owned());
    }

    /// Adds faults found elsewhere.
    pub fn extend(&mut self, errors: impl IntoIterator<Item = FieldError>) {
        self.errors.extend(errors);
    }

    /// Ends the check.
    ///
    /// # Errors
    /// 422 with every fault.
    pub fn finish(self) -> Result<(), Problem> {
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::invalid(self.errors)) }
    }
}
