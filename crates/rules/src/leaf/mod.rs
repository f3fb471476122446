//! The leaves of the tree: one test of one value each.
//!
//! Today every leaf looks at the same subject, the attribute's latest value. A notation that names fields
//! gives the leaf a subject beside its test; the tests themselves stay as they are.

mod text;
mod threshold;
mod time;

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

pub(crate) use self::{
    text::{TextMatch, TextMode},
    threshold::{Comparison, Threshold},
    time::{Reference, Relation, TimeTest, Window, time_text},
};
use crate::{
    criterion::Verdict,
    reading::{self, Unreadable},
};

/// One test of a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Leaf {
    /// The value is a flag and equals this one.
    Flag(bool),
    /// The value is a number on the right side of a threshold.
    Number(Threshold),
    /// The value is text of a certain form.
    Text(TextMatch),
    /// The value says something: it is not blank text and not an empty list.
    NotEmpty,
    /// The value is a time, placed relative to another.
    Time(TimeTest),
    /// The value is a time at all.
    IsTime,
}

impl Leaf {
    /// Tests `value`; an error says why the value could not be tested, which counts as not met.
    pub(crate) fn judge(&self, value: &Value, now: DateTime<Utc>) -> Result<Verdict, Unreadable> {
        let met = match self {
            Self::Flag(expected) => reading::flag(value)? == *expected,
            Self::Number(threshold) => threshold.holds(reading::leading_number(value)?),
            Self::Text(text) => text.matches(value.as_str().ok_or_else(|| Unreadable::new(value, "text"))?),
            Self::NotEmpty => !is_empty(value),
            Self::Time(test) => return Ok(test.judge(reading::time(value)?, now)),
            // Zero is how systems say "never" in milliseconds, so here it is no time.
            Self::IsTime => value.as_f64() != Some(0.0) && reading::time(value).is_ok(),
        };
        Ok(Verdict::lasting(met))
    }

    /// The outcome as one sentence about `value`.
    pub(crate) fn sentence(&self, value: &Value, met: bool) -> String {
        let shown = reading::shown(value);
        let is = if met { "is" } else { "is not" };
        match self {
            Self::Flag(expected) => format!("{shown} {is} {expected}"),
            Self::Number(threshold) => format!("{shown} {is} {}", threshold.in_words()),
            Self::Text(text) => format!("{shown} {}", text.in_words(met)),
            Self::NotEmpty if met => format!("{shown} is not empty"),
            Self::NotEmpty => format!("{shown} is empty"),
            Self::Time(test) => format!("{shown} {is} {test}"),
            Self::IsTime => format!("{shown} {is} a time"),
        }
    }

    /// Values near the edge of the test, some on either side of it where it has two.
    pub(crate) fn candidates(&self, now: DateTime<Utc>) -> Vec<Value> {
        match self {
            Self::Flag(expected) => vec![json!(expected), json!(!expected)],
            Self::Number(threshold) => threshold.candidates(),
            Self::Text(text) => text.candidates(),
            Self::Time(test) => test.candidates(now),
            Self::NotEmpty | Self::IsTime => Vec::new(),
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// The test in a few words: `number >= 10`.
impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(expected) => write!(f, "flag is {expected}"),
            Self::Number(threshold) => write!(f, "number {threshold}"),
            Self::Text(text) => write!(f, "text {}", text.in_words(true)),
            Self::NotEmpty => f.write_str("not empty"),
            Self::Time(test) => write!(f, "time {test}"),
            Self::IsTime => f.write_str("is a time"),
        }
    }
}
