//! Readers of single values, shared by the typed and the short form.

use serde_json::Value;

use super::error::{Refusal, invalid_field};
use crate::{
    leaf::{Reference, Window},
    reading::{self, Unreadable},
};

/// Longest pattern, in characters.
const MAX_PATTERN_CHARS: usize = 1_000;

pub(super) fn flag(value: &Value) -> Result<bool, Refusal> {
    Ok(reading::flag(value)?)
}

pub(super) fn number(value: &Value) -> Result<f64, Refusal> {
    Ok(reading::strict_number(value)?)
}

pub(super) fn text(value: &Value) -> Result<String, Refusal> {
    let text = value.as_str().ok_or_else(|| Unreadable::new(value, "text; write it in quotes"))?;
    if text.contains('\0') {
        return Err(invalid_field("the text holds a NUL character, which cannot be stored; remove it".to_owned()));
    }
    Ok(text.to_owned())
}

pub(super) fn pattern(value: &Value) -> Result<String, Refusal> {
    let pattern = text(value)?;
    if pattern.chars().count() > MAX_PATTERN_CHARS {
        return Err(invalid_field(format!("a pattern has at most {MAX_PATTERN_CHARS} characters")));
    }
    Ok(pattern)
}

/// A switch of the criterion itself; unlike a telemetry flag it is written by an author, so only as JSON.
pub(super) fn switch(value: &Value) -> Result<bool, Refusal> {
    Ok(value.as_bool().ok_or_else(|| Unreadable::new(value, "true or false"))?)
}

pub(super) fn list(value: &Value) -> Result<&[Value], Refusal> {
    let items = value.as_array().ok_or_else(|| Unreadable::new(value, "a list of criteria"))?;
    Ok(items.as_slice())
}

pub(super) fn reference(value: &Value) -> Result<Reference, Refusal> {
    match value.as_str() {
        Some(word) if word.trim().eq_ignore_ascii_case("now") => Ok(Reference::Now),
        _ => Ok(Reference::At(reading::time(value)?)),
    }
}

pub(super) fn window(value: &Value) -> Result<Window, Refusal> {
    Window::of_days(number(value)?)
        .ok_or_else(|| Unreadable::new(value, "a number of days above 0 and at most a century").into())
}

/// A value where none belongs.
pub(super) fn nothing(value: &Value) -> Result<(), Refusal> {
    Err(invalid_field(format!("not_null takes no value, but there is {}; leave it out", reading::shown(value))))
}
