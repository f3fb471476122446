//! The rule language through its public face: the reference's cases, what is refused and why, explanations,
//! and the laws that hold for every criterion and every value.

mod cases;
mod explanations;
mod laws;
mod refusals;
mod witnesses;

use chrono::{DateTime, TimeDelta, Utc};
use rules::{Criterion, DataType};
use serde_json::Value;

/// The moment at which the examples are evaluated: 2026-01-31T12:00:00Z.
fn noon() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_769_860_800)
}

/// The criterion, which must be valid.
fn criterion(json: &Value, data_type: DataType) -> Criterion {
    match Criterion::parse(json, data_type) {
        Ok(criterion) => criterion,
        Err(errors) => panic!("{data_type} {json} should be a criterion: {errors:?}"),
    }
}
