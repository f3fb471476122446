//! What is met and what is not, case by case from the reference.

use rules::DataType::{self, Boolean, Json, Number, String, Timestamp};
use serde_json::{Value, json};

use crate::{criterion, noon};

type Case = (Value, DataType, Value, bool);

fn check(cases: Vec<Case>) {
    for (json, data_type, value, met) in cases {
        let verdict = criterion(&json, data_type).evaluate(Some(&value), noon());
        assert_eq!(verdict.met, met, "{data_type} {json} on {value}");
    }
}

#[test]
fn a_flag_is_compared_after_both_sides_are_read() {
    let on = json!({ "type": "boolean_flag", "expectedValue": true });
    let off = json!({ "type": "boolean_flag", "expectedValue": "no" });
    check(vec![
        (on.clone(), Boolean, json!(true), true),
        (on.clone(), Boolean, json!(false), false),
        // numbers: all but zero is true
        (on.clone(), Boolean, json!(2), true),
        (on.clone(), Boolean, json!(0), false),
        // words: trimmed, in any case
        (on.clone(), Boolean, json!(" YES "), true),
        (on.clone(), Boolean, json!("t"), true),
        (off.clone(), Boolean, json!("Off"), true),
        (off, Boolean, json!(true), false),
        // anything else is an error, which counts as not met
        (on.clone(), Boolean, json!("maybe"), false),
        (on, Boolean, json!({}), false),
    ]);
}

#[test]
fn a_number_is_read_as_far_as_it_goes_and_compared() {
    let at_least = json!({ "type": "number_threshold", "operator": "greater_than_or_equal", "threshold": 100 });
    let above = json!({ "type": "number_threshold", "operator": "greater_than", "threshold": "100" });
    let exactly = json!({ "type": "number_threshold", "operator": "equals", "threshold": 1.5 });
    check(vec![
        // the reference's vectors
        (at_least.clone(), Number, json!("100.0"), true),
        (at_least.clone(), Number, json!("99.99"), false),
        (at_least.clone(), Number, json!("abc"), false),
        (at_least.clone(), Number, json!("100 users"), true),
        (at_least.clone(), Number, json!(true), false),
        (at_least, Number, json!([100]), false),
        // the threshold may be numeric text
        (above.clone(), Number, json!(100), false),
        (above, Number, json!(100.01), true),
        (exactly.clone(), Number, json!("1.50"), true),
        (exactly, Number, json!(1), false),
    ]);
}

#[test]
fn text_is_compared_without_regard_to_case_unless_asked() {
    let yes = |case: bool| json!({ "type": "string_match", "mode": "exact", "pattern": "yes", "caseSensitive": case });
    let ends_in_digit = json!({ "type": "string_match", "mode": "regex", "pattern": "V[0-9]+$" });
    let contains = json!({ "type": "string_match", "mode": "contains", "pattern": "Prod" });
    check(vec![
        (yes(false), String, json!("Yes"), true),
        (yes(true), String, json!("Yes"), false),
        // nothing is trimmed
        (yes(false), String, json!("yes "), false),
        // text only
        (yes(false), String, json!(true), false),
        (contains.clone(), String, json!("reproduced"), true),
        (contains, String, json!("test"), false),
        // a regular expression is unanchored and ignores case
        (ends_in_digit.clone(), String, json!("release v12"), true),
        (ends_in_digit, String, json!("v12-rc"), false),
    ]);
}

#[test]
fn not_null_asks_for_something_that_is_not_blank() {
    let not_null = json!({ "type": "string_not_null" });
    check(vec![
        (not_null.clone(), String, json!("x"), true),
        (not_null.clone(), String, json!("  \t"), false),
        (not_null.clone(), String, Value::Null, false),
        // the value is turned to text first: false and zero say something
        (not_null.clone(), Boolean, json!(false), true),
        (not_null.clone(), Number, json!(0), true),
        (not_null.clone(), Json, json!({}), true),
        (not_null, Json, json!([]), false),
    ]);
}

#[test]
fn times_are_compared_strictly() {
    let before = json!({ "type": "timestamp_comparison", "mode": "before", "referenceTime": "2026-01-01" });
    let after_now = json!({ "type": "timestamp_comparison", "mode": "after" });
    check(vec![
        (before.clone(), Timestamp, json!("2025-12-31T23:59:59.999Z"), true),
        (before.clone(), Timestamp, json!("2026-01-01T00:00:00Z"), false),
        (before.clone(), Timestamp, json!("2026-01-01T00:30:00+01:00"), true),
        (before.clone(), Timestamp, json!(0), true),
        (before, Timestamp, json!("yesterday"), false),
        // the reference time defaults to now
        (after_now.clone(), Timestamp, json!("2026-01-31T12:00:00.001Z"), true),
        (after_now, Timestamp, json!("2026-01-31T12:00:00Z"), false),
    ]);
}

#[test]
fn within_days_looks_both_ways_and_counts_fractions() {
    let week = json!({ "type": "timestamp_comparison", "mode": "within_days", "withinDays": 7 });
    let half_day = json!({ "type": "timestamp_comparison", "mode": "within_days", "withinDays": 0.5 });
    // spreadsheet imports left the mode out [TARGET: understood]
    let without_mode = json!({ "type": "timestamp_comparison", "withinDays": 7 });
    check(vec![
        // a value three days ahead is within seven days
        (week.clone(), Timestamp, json!("2026-02-03T12:00:00Z"), true),
        (week.clone(), Timestamp, json!("2026-01-24T12:00:00Z"), true),
        (week, Timestamp, json!("2026-01-24T11:59:59.999Z"), false),
        (half_day.clone(), Timestamp, json!("2026-01-31"), true),
        (half_day, Timestamp, json!("2026-01-30T23:59:59Z"), false),
        (without_mode, Timestamp, json!("2026-01-30"), true),
    ]);
}

#[test]
fn a_time_not_null_is_truthy_and_readable() {
    let is_time = json!({ "type": "timestamp_not_null" });
    check(vec![
        (is_time.clone(), Timestamp, json!("2026-01-31"), true),
        (is_time.clone(), Timestamp, json!(1), true),
        (is_time.clone(), Timestamp, json!(0), false),
        (is_time.clone(), Timestamp, json!(""), false),
        (is_time, Timestamp, json!("soon"), false),
    ]);
}

#[test]
fn groups_test_the_same_value() {
    let between = json!({ "type": "composite_and", "criteria": [
        { "type": "number_threshold", "operator": ">=", "threshold": 10 },
        // the short form is understood inside a group too
        { "operator": "<", "value": 20 },
    ] });
    let outside = json!({ "type": "composite_or", "criteria": [
        { "operator": "<", "value": 10 },
        { "type": "composite_and", "criteria": [{ "operator": ">=", "value": 20 }] },
    ] });
    check(vec![
        (between.clone(), Number, json!(10), true),
        (between.clone(), Number, json!(20), false),
        (between, Number, json!("many"), false),
        (outside.clone(), Number, json!(20), true),
        (outside.clone(), Number, json!(9), true),
        (outside, Number, json!(15), false),
        // an empty conjunction holds, an empty disjunction does not
        (json!({ "type": "composite_and", "criteria": [] }), Number, json!(1), true),
        (json!({ "type": "composite_or", "criteria": [] }), Number, json!(1), false),
        // JSON attributes mix kinds
        (
            json!({ "type": "composite_or", "criteria": [
                { "type": "boolean_flag", "expectedValue": true },
                { "type": "number_threshold", "operator": "gt", "threshold": 5 },
            ] }),
            Json,
            json!(6),
            true,
        ),
    ]);
}

#[test]
fn no_value_meets_nothing() {
    for json in [json!({ "type": "composite_and", "criteria": [] }), json!({ "type": "string_not_null" })] {
        let criterion = criterion(&json, String);
        assert!(!criterion.evaluate(None, noon()).met, "{json}");
        assert!(!criterion.evaluate(Some(&Value::Null), noon()).met, "{json}");
    }
}

#[test]
fn short_forms_mean_what_their_authors_meant() {
    check(vec![
        (json!({ "operator": "contains", "value": "x" }), String, json!("abc"), false),
        (json!({ "operator": "contains", "value": "x" }), String, json!("XYZ"), true),
        (json!({ "operator": "equals", "value": "on" }), String, json!("ON"), true),
        (json!({ "operator": "regex", "value": "^a+$" }), String, json!("aab"), false),
        (json!({ "value": "on" }), String, json!("off"), false),
        (json!({ "description": "anything" }), String, json!("x"), true),
        (json!({ "operator": "within_days", "value": 7 }), Timestamp, json!("2026-01-30"), true),
        (json!({ "operator": "within_days", "value": "7" }), Timestamp, json!("2026-01-01"), false),
        (json!({ "operator": "before", "value": "2026-01-01" }), Timestamp, json!("2025-12-31"), true),
        (json!({ "operator": "after" }), Timestamp, json!("2025-12-31"), false),
        (json!({}), Timestamp, json!("2025-12-31"), true),
        (json!({ "operator": "not_null" }), Timestamp, json!("soon"), false),
        (json!({ "operator": "NOT_NULL", "value": null }), Boolean, json!(false), true),
        (json!({ "operator": "not_null" }), Number, json!(0), true),
        (json!({ "value": "true" }), Boolean, json!(1), true),
        (json!({ "value": 5 }), Number, json!(5), true),
        (json!({ "value": "5" }), Number, json!(6), false),
    ]);
}

#[test]
fn every_spelling_of_an_operator_is_understood() {
    let spellings = [
        ("greater_than > gt GT Greater_Than", [false, false, true]),
        ("greater_than_or_equal >= gte", [false, true, true]),
        ("equals == = eq EQUALS", [false, true, false]),
        ("less_than_or_equal <= lte", [true, true, false]),
        ("less_than < lt", [true, false, false]),
    ];
    for (words, expected) in spellings {
        for word in words.split(' ') {
            let short = criterion(&json!({ "operator": word, "value": 10 }), Number);
            let typed = json!({ "type": "NUMBER_Threshold", "operator": word, "threshold": 10 });
            assert_eq!(criterion(&typed, Number), short, "{word}");
            let met = [9, 10, 11].map(|number| short.evaluate(Some(&json!(number)), noon()).met);
            assert_eq!(met, expected, "{word}");
        }
    }
}

#[test]
fn a_criterion_may_arrive_as_text() {
    let text = json!(r#"{"operator": ">=", "value": 10, "description": "At least 10 users synced"}"#);
    let nested = json!({ "type": "composite_and", "criteria": [text] });
    check(vec![(text, Number, json!(10), true), (nested, Number, json!(9), false)]);
}

/// The shapes found in a real catalogue.
#[test]
fn the_criteria_of_a_real_catalogue_are_understood() {
    let at_least = json!({ "value": 98, "operator": ">=", "description": "98% or higher success rate" });
    let at_most = json!({ "value": 24, "operator": "<=", "description": "Updated within 24h" });
    let enabled = json!({ "value": true, "operator": "==", "description": "Portal must be enabled" });
    let active = json!({ "value": 0, "operator": ">=", "description": "Monitoring active" });
    check(vec![
        (at_least.clone(), Number, json!(98.2), true),
        (at_least, Number, json!(97.9), false),
        (at_most.clone(), Number, json!(24), true),
        (at_most, Number, json!("25 h"), false),
        (enabled.clone(), Boolean, json!("yes"), true),
        (enabled, Boolean, json!(false), false),
        (active, Number, json!(0), true),
    ]);
}

#[test]
fn the_typed_form_is_written_back() {
    let canonical = [
        (
            json!({ "operator": ">=", "value": "10", "description": "ten" }),
            Number,
            json!({
                "type": "number_threshold", "operator": "greater_than_or_equal", "threshold": 10,
                "description": "ten",
            }),
        ),
        (json!({ "value": "yes" }), Boolean, json!({ "type": "boolean_flag", "expectedValue": true })),
        (
            json!({ "operator": "contains", "value": "x" }),
            String,
            json!({ "type": "string_match", "mode": "contains", "pattern": "x", "caseSensitive": false }),
        ),
        (
            json!({ "operator": "within_days", "value": 7 }),
            Timestamp,
            json!({
                "type": "timestamp_comparison", "mode": "within_days", "referenceTime": "now", "withinDays": 7,
            }),
        ),
        (
            json!({ "operator": "before", "value": "2026-01-31T13:00:00+01:00" }),
            Timestamp,
            json!({ "type": "timestamp_comparison", "mode": "before", "referenceTime": "2026-01-31T12:00:00Z" }),
        ),
        (json!({ "operator": "not_null" }), Timestamp, json!({ "type": "timestamp_not_null" })),
        (
            json!({ "type": "Composite_Or", "criteria": [{ "operator": "not_null" }] }),
            Number,
            json!({ "type": "composite_or", "criteria": [{ "type": "string_not_null" }] }),
        ),
    ];
    for (json, data_type, expected) in canonical {
        assert_eq!(criterion(&json, data_type).to_json(), expected);
    }
}
