//! The fields of one JSON object, and the errors found while reading them.
//!
//! A field that is null counts as absent. Readers return nothing where they have left an error, so a caller
//! reads all its fields first and only then asks which of them came out.

use serde_json::{Map, Value};

use super::error::{self as codes, CriterionError, Refusal};

/// Fields that every criterion may have.
const COMMON: [&str; 2] = ["type", "description"];

/// The fields of the object at `pointer`.
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    pointer: &'a str,
    errors: Vec<CriterionError>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(object: &'a Map<String, Value>, pointer: &'a str) -> Self {
        Self { object, pointer, errors: Vec::new() }
    }

    /// Declares the fields this object may have besides the common ones, and refuses all others.
    pub(super) fn only(&mut self, known: &[&str]) {
        for name in self.object.keys().map(String::as_str) {
            if !COMMON.contains(&name) && !known.contains(&name) {
                self.refuse(name, codes::unknown_field(name, known));
            }
        }
    }

    /// Whether the field is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether the field is this word, in any case.
    pub(super) fn is_word(&self, name: &str, word: &str) -> bool {
        self.get(name).and_then(Value::as_str).is_some_and(|text| text.trim().eq_ignore_ascii_case(word))
    }

    /// Whether a field is there and of a kind.
    pub(super) fn is(&self, name: &str, kind: fn(&Value) -> bool) -> bool {
        self.get(name).is_some_and(kind)
    }

    /// Reads a field that must be there; `hint` says what to put into it.
    pub(super) fn required<T>(&mut self, name: &str, hint: &str, read: impl Reader<'a, T>) -> Option<T> {
        match self.get(name) {
            Some(value) => self.read(name, value, read),
            None => {
                self.refuse(name, codes::missing_field(name, hint));
                None
            }
        }
    }

    /// Reads a field that has a default.
    pub(super) fn or<T>(&mut self, name: &str, default: T, read: impl Reader<'a, T>) -> Option<T> {
        match self.get(name) {
            Some(value) => self.read(name, value, read),
            None => Some(default),
        }
    }

    /// Leaves an error at a field.
    pub(super) fn refuse(&mut self, name: &str, refusal: Refusal) {
        self.errors.push(refusal.at(self.pointer_to(name)));
    }

    /// The JSON pointer of a field.
    pub(super) fn pointer_to(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, name.replace('~', "~0").replace('/', "~1"))
    }

    /// The errors found, in the order in which they were left.
    pub(super) fn into_errors(self) -> Vec<CriterionError> {
        self.errors
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    fn read<T>(&mut self, name: &str, value: &'a Value, read: impl Reader<'a, T>) -> Option<T> {
        match read(value) {
            Ok(read) => Some(read),
            Err(refusal) => {
                self.refuse(name, refusal);
                None
            }
        }
    }
}

/// A function that reads one value.
pub(super) trait Reader<'a, T>: FnOnce(&'a Value) -> Result<T, Refusal> {}

impl<'a, T, F: FnOnce(&'a Value) -> Result<T, Refusal>> Reader<'a, T> for F {}
