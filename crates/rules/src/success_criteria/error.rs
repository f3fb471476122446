//! What can be wrong with a criterion: one function per kind of mistake, so that every code and its wording
//! stand on this page.

use serde::Serialize;
use serde_json::Value;

use crate::{
    data_type::DataType,
    reading::{Unreadable, shown},
};

/// One mistake in a criterion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{pointer}: {detail}")]
pub struct CriterionError {
    /// Where the mistake is: a JSON pointer from the root of the criterion, empty for the root itself.
    pub pointer: String,
    /// What kind of mistake it is; stable, for programs.
    pub code: &'static str,
    /// What is wrong and what would be right, for people.
    pub detail: String,
}

/// A mistake whose place is not yet known: readers of single values do not know where they read.
#[derive(Debug)]
pub(super) struct Refusal {
    code: &'static str,
    detail: String,
}

impl Refusal {
    pub(super) fn at(self, pointer: String) -> CriterionError {
        CriterionError { pointer, code: self.code, detail: self.detail }
    }
}

impl From<Unreadable> for Refusal {
    fn from(unreadable: Unreadable) -> Self {
        invalid_field(unreadable.to_string())
    }
}

pub(super) fn not_an_object() -> Refusal {
    let detail = "a criterion is a JSON object, or text that holds one".to_owned();
    Refusal { code: "CRITERION_NOT_AN_OBJECT", detail }
}

pub(super) fn text_not_json(error: &serde_json::Error) -> Refusal {
    let detail = format!("this text should hold a JSON object, but it is not JSON: {error}");
    Refusal { code: "CRITERION_TEXT_NOT_JSON", detail }
}

pub(super) fn too_deep(most: usize) -> Refusal {
    let detail = format!("criteria are nested more than {most} levels deep; flatten the groups");
    Refusal { code: "CRITERION_TOO_DEEP", detail }
}

pub(super) fn too_large(most: usize) -> Refusal {
    let detail = format!("there are more than {most} criteria in one; split it over several attributes");
    Refusal { code: "CRITERION_TOO_LARGE", detail }
}

pub(super) fn too_many_patterns(most: usize) -> Refusal {
    let detail = format!("there are more than {most} regular expressions in one; join some of them with |");
    Refusal { code: "CRITERION_TOO_LARGE", detail }
}

pub(super) fn unknown_word(code: &'static str, value: &Value, noun: &str, known: &str) -> Refusal {
    Refusal { code, detail: format!("{} is not a known {noun} here; use {known}", shown(value)) }
}

pub(super) fn type_missing(known: &str) -> Refusal {
    let detail = format!("a criterion for a JSON attribute must say its type; use {known}");
    Refusal { code: "CRITERION_TYPE_MISSING", detail }
}

pub(super) fn type_mismatch(word: &str, home: DataType, data_type: DataType) -> Refusal {
    let detail = format!(
        "{word} tests {home} and JSON attributes, but this attribute is {data_type}; \
         change the attribute's type or use a criterion for {data_type} (string_not_null fits every type)"
    );
    Refusal { code: "CRITERION_TYPE_MISMATCH", detail }
}

pub(super) fn unknown_field(name: &str, known: &[&str]) -> Refusal {
    let detail =
        format!("{name:?} is not a field here; besides type and description there may be: {}", known.join(", "));
    Refusal { code: "CRITERION_UNKNOWN_FIELD", detail }
}

pub(super) fn missing_field(name: &str, hint: &str) -> Refusal {
    Refusal { code: "CRITERION_MISSING_FIELD", detail: format!("{name} is missing; give {hint}") }
}

pub(super) fn invalid_field(detail: String) -> Refusal {
    Refusal { code: "CRITERION_INVALID_FIELD", detail }
}

/// Only the reason is told: the full text of a syntax error is a drawing over several lines.
pub(super) fn invalid_regex(error: &regex::Error) -> Refusal {
    let text = error.to_string();
    let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
    let detail = format!("the regular expression cannot be used: {reason}");
    Refusal { code: "CRITERION_INVALID_REGEX", detail }
}
