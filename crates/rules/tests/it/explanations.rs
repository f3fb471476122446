//! Explanations, as a person reads them.

use rules::DataType::{self, Boolean, Number, String, Timestamp};
use serde_json::{Value, json};

use crate::{criterion, noon};

/// Explains each criterion on a value and compares what was tested and why it came out so.
fn check(cases: Vec<(Value, DataType, Value, &str, &str)>) {
    for (json, data_type, value, test, because) in cases {
        let explanation = criterion(&json, data_type).explain(Some(&value), noon());
        assert_eq!((explanation.test.as_str(), explanation.because.as_str()), (test, because), "{json} on {value}");
    }
}

#[test]
fn a_leaf_is_told_in_one_sentence() {
    let at_least = json!({ "operator": ">=", "value": 10 });
    let contains = json!({ "operator": "contains", "value": "x" });
    let week = json!({ "operator": "within_days", "value": 7 });
    let before = json!({ "operator": "before", "value": "2026-01-01" });
    let not_null = json!({ "operator": "not_null" });
    check(vec![
        (at_least.clone(), Number, json!(7), "number >= 10", "7 is not at least 10"),
        (at_least.clone(), Number, json!("12 GB"), "number >= 10", "\"12 GB\" is at least 10"),
        (at_least, Number, json!("abc"), "number >= 10", "\"abc\" is not a number"),
        (json!({ "value": true }), Boolean, json!("no"), "flag is true", "\"no\" is not true"),
        (contains.clone(), String, json!("abc"), "text contains \"x\"", "\"abc\" does not contain \"x\""),
        (contains, String, json!(5), "text contains \"x\"", "5 is not text"),
        (not_null.clone(), String, json!(" "), "not empty", "\" \" is empty"),
        (not_null, Timestamp, json!(0), "is a time", "0 is not a time"),
        (week, Timestamp, json!("2026-01-30"), "time within 7 days of now", "\"2026-01-30\" is within 7 days of now"),
        (
            before,
            Timestamp,
            json!("2026-01-01"),
            "time before 2026-01-01T00:00:00Z",
            "\"2026-01-01\" is not before 2026-01-01T00:00:00Z",
        ),
    ]);
}

#[test]
fn a_group_shows_every_step() {
    let json = json!({ "type": "composite_and", "description": "a sane size", "criteria": [
        { "operator": ">=", "value": 10 },
        { "operator": "<", "value": 20, "description": "below the licence" },
    ] });
    let explanation = criterion(&json, Number).explain(Some(&json!(7)), noon());
    assert_eq!(
        serde_json::to_value(explanation).ok(),
        Some(json!({
            "met": false,
            "test": "all of 2 conditions",
            "description": "a sane size",
            "actual": 7,
            "because": "1 of 2 conditions are met; all are needed",
            "steps": [
                {
                    "met": false, "test": "number >= 10", "actual": 7,
                    "because": "7 is not at least 10", "steps": [],
                },
                {
                    "met": true, "test": "number < 20", "description": "below the licence", "actual": 7,
                    "because": "7 is less than 20", "steps": [],
                },
            ],
        }))
    );
}

#[test]
fn what_time_will_change_is_announced() {
    let json = json!({ "operator": "within_days", "value": 7 });
    let explanation = criterion(&json, Timestamp).explain(Some(&json!("2026-01-30T12:00:00Z")), noon());
    let explanation = serde_json::to_value(explanation).unwrap_or_default();
    assert_eq!(explanation.get("recheckAt"), Some(&json!("2026-02-06T12:00:00.000001Z")));
}

#[test]
fn a_missing_value_is_the_whole_reason() {
    let json = json!({ "type": "composite_or", "criteria": [{ "value": 1 }] });
    let explanation = criterion(&json, Number).explain(None, noon());
    assert!(!explanation.met && explanation.steps.is_empty());
    assert_eq!(explanation.because, "there is no value");
}
