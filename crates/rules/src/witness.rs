//! Examples: a value that meets a criterion, or fails it.
//!
//! There is no solving here. Each leaf proposes values near its edge, the attribute's type adds a few of its
//! own, and the first one that evaluation confirms is the example. That finds one for nearly every criterion
//! people write and is obviously right, because evaluation has the last word.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{criterion::Criterion, data_type::DataType, leaf::time_text};

impl Criterion {
    /// A value that an attribute of type `data_type` accepts and that meets the criterion at `now`, or fails
    /// it when `met` is false. None when no such value exists or none was found.
    pub fn witness(&self, data_type: DataType, met: bool, now: DateTime<Utc>) -> Option<Value> {
        let proposed = self.leaves().into_iter().flat_map(|leaf| leaf.candidates(now));
        proposed
            .chain(samples(data_type, now))
            .find(|value| data_type.check(value).is_ok() && self.evaluate(Some(value), now).met == met)
    }
}

/// One value of the type that says something and, where there is one, another that says nothing.
fn samples(data_type: DataType, now: DateTime<Utc>) -> Vec<Value> {
    match data_type {
        DataType::Boolean => vec![json!(true)],
        DataType::Number => vec![json!(1)],
        DataType::String => vec![json!("sample"), json!("")],
        DataType::Timestamp => vec![json!(time_text(now)), json!(0)],
        DataType::Json => vec![json!(time_text(now)), json!("")],
    }
}
