//! What is refused, where, and with which code.

use rules::{
    Criterion, CriterionError,
    DataType::{self, Boolean, Json, Number, String, Timestamp},
};
use serde_json::{Value, json};

fn errors(json: &Value, data_type: DataType) -> Vec<CriterionError> {
    match Criterion::parse(json, data_type) {
        Ok(criterion) => panic!("{data_type} {json} should be refused, but is {criterion}"),
        Err(errors) => errors,
    }
}

fn number(operator: &str, threshold: Value) -> Value {
    json!({ "type": "number_threshold", "operator": operator, "threshold": threshold })
}

/// The places and codes of the errors, as `/place CODE`.
fn codes(json: &Value, data_type: DataType) -> Vec<std::string::String> {
    errors(json, data_type).into_iter().map(|error| format!("{} {}", error.pointer, error.code)).collect()
}

/// Each criterion holds one mistake; compares its place and code.
fn check(cases: Vec<(Value, DataType, &str)>) {
    for (json, data_type, expected) in cases {
        assert_eq!(codes(&json, data_type), [expected], "{data_type} {json}");
    }
}

#[test]
fn what_is_no_criterion_is_refused() {
    check(vec![
        (json!(10), Number, " CRITERION_NOT_AN_OBJECT"),
        (json!("[1]"), Number, " CRITERION_NOT_AN_OBJECT"),
        (json!("{"), Number, " CRITERION_TEXT_NOT_JSON"),
        (json!({ "value": "a\u{0}b" }), String, "/value CRITERION_INVALID_FIELD"),
        (json!({ "value": 1, "description": "\u{0}" }), Number, "/description CRITERION_INVALID_FIELD"),
        (json!({ "type": "magic" }), Number, "/type CRITERION_UNKNOWN_TYPE"),
        (json!({ "type": 1 }), Number, "/type CRITERION_UNKNOWN_TYPE"),
        (json!({ "operator": "contains", "value": "x" }), Json, "/type CRITERION_TYPE_MISSING"),
        (json!({ "type": "composite_and" }), Number, "/criteria CRITERION_MISSING_FIELD"),
        (json!({ "type": "composite_or", "criteria": {} }), Number, "/criteria CRITERION_INVALID_FIELD"),
        (json!({ "type": "composite_or", "criteria": [1] }), Number, "/criteria/0 CRITERION_NOT_AN_OBJECT"),
    ]);
}

#[test]
fn unknown_words_and_fields_are_refused() {
    check(vec![
        (number("=>", json!(1)), Number, "/operator CRITERION_UNKNOWN_OPERATOR"),
        (json!({ "operator": 1, "value": 1 }), Number, "/operator CRITERION_UNKNOWN_OPERATOR"),
        (json!({ "operator": "contains", "value": 1 }), Number, "/operator CRITERION_UNKNOWN_OPERATOR"),
        (json!({ "operator": ">=", "value": "x" }), String, "/operator CRITERION_UNKNOWN_OPERATOR"),
        (json!({ "operator": "!=", "value": true }), Boolean, "/operator CRITERION_UNKNOWN_OPERATOR"),
        (json!({ "operator": ">", "value": 1 }), Timestamp, "/operator CRITERION_UNKNOWN_OPERATOR"),
        (json!({ "value": "2026-01-01" }), Timestamp, "/operator CRITERION_MISSING_FIELD"),
        (json!({ "type": "string_match", "mode": "like", "pattern": "" }), String, "/mode CRITERION_UNKNOWN_MODE"),
        (json!({ "type": "string_not_null", "a~/b": 1 }), String, "/a~0~1b CRITERION_UNKNOWN_FIELD"),
        (json!({ "value": 1, "threshold": 1 }), Number, "/threshold CRITERION_UNKNOWN_FIELD"),
    ]);
}

#[test]
fn a_kind_belongs_to_its_type() {
    check(vec![
        (number(">", json!(1)), Boolean, "/type CRITERION_TYPE_MISMATCH"),
        (number(">", json!(1)), String, "/type CRITERION_TYPE_MISMATCH"),
        (json!({ "type": "timestamp_not_null" }), Number, "/type CRITERION_TYPE_MISMATCH"),
        (json!({ "type": "boolean_flag", "expectedValue": 1 }), String, "/type CRITERION_TYPE_MISMATCH"),
    ]);
}

#[test]
fn unreadable_flags_and_numbers_are_refused() {
    check(vec![
        (number(">", json!("NaN")), Number, "/threshold CRITERION_INVALID_FIELD"),
        (number(">", json!("12abc")), Number, "/threshold CRITERION_INVALID_FIELD"),
        (number(">", Value::Null), Number, "/threshold CRITERION_MISSING_FIELD"),
        (json!({}), Number, "/value CRITERION_MISSING_FIELD"),
        (json!({ "value": true }), Number, "/value CRITERION_INVALID_FIELD"),
        (json!({ "type": "boolean_flag", "expectedValue": "so" }), Boolean, "/expectedValue CRITERION_INVALID_FIELD"),
        (json!({}), Boolean, "/value CRITERION_MISSING_FIELD"),
        (json!({ "operator": "not_null", "value": true }), Boolean, "/value CRITERION_INVALID_FIELD"),
    ]);
}

#[test]
fn unusable_texts_are_refused() {
    let regex = |pattern: &str| json!({ "type": "string_match", "mode": "regex", "pattern": pattern });
    check(vec![
        (regex("(a"), String, "/pattern CRITERION_INVALID_REGEX"),
        (regex("(?=a)"), String, "/pattern CRITERION_INVALID_REGEX"),
        (regex(r"\w{150}"), String, "/pattern CRITERION_INVALID_REGEX"),
        (regex(&"x".repeat(1_001)), String, "/pattern CRITERION_INVALID_FIELD"),
        (json!({ "operator": "regex", "value": "[" }), String, "/value CRITERION_INVALID_REGEX"),
        (json!({ "operator": "equals", "value": 5 }), String, "/value CRITERION_INVALID_FIELD"),
        (json!({ "type": "string_not_null", "description": 1 }), String, "/description CRITERION_INVALID_FIELD"),
    ]);
}

#[test]
fn unusable_times_are_refused() {
    let within = |days: Value| json!({ "type": "timestamp_comparison", "mode": "within_days", "withinDays": days });
    let before = |time: Value| json!({ "type": "timestamp_comparison", "mode": "before", "referenceTime": time });
    check(vec![
        (within(json!(0)), Timestamp, "/withinDays CRITERION_INVALID_FIELD"),
        (within(json!(-1)), Timestamp, "/withinDays CRITERION_INVALID_FIELD"),
        (within(json!(36_526)), Timestamp, "/withinDays CRITERION_INVALID_FIELD"),
        (within(Value::Null), Timestamp, "/withinDays CRITERION_MISSING_FIELD"),
        (before(json!("soon")), Timestamp, "/referenceTime CRITERION_INVALID_FIELD"),
        (json!({ "type": "timestamp_comparison" }), Timestamp, "/mode CRITERION_MISSING_FIELD"),
    ]);
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let json = json!({ "type": "composite_and", "criteria": [
        { "type": "number_threshold", "operator": "=>", "threshold": "many", "unit": "GB" },
        { "type": "composite_or", "criteria": [{ "operator": ">=" }, { "operator": ">=", "value": 1 }, null] },
    ] });
    assert_eq!(
        codes(&json, Number),
        [
            "/criteria/0/unit CRITERION_UNKNOWN_FIELD",
            "/criteria/0/operator CRITERION_UNKNOWN_OPERATOR",
            "/criteria/0/threshold CRITERION_INVALID_FIELD",
            "/criteria/1/criteria/0/value CRITERION_MISSING_FIELD",
            "/criteria/1/criteria/2 CRITERION_NOT_AN_OBJECT",
        ]
    );
}

#[test]
fn a_mistake_says_how_to_fix_it() {
    let details = [
        (
            json!({ "operator": "=>", "value": 1 }),
            Number,
            "\"=>\" is not a known operator here; use greater_than (>, gt), greater_than_or_equal (>=, gte), \
             equals (==, =, eq), less_than_or_equal (<=, lte), less_than (<, lt)",
        ),
        (
            json!({ "type": "number_threshold", "operator": ">", "threshold": 1 }),
            String,
            "number_threshold tests NUMBER and JSON attributes, but this attribute is STRING; change the \
             attribute's type or use a criterion for STRING (string_not_null fits every type)",
        ),
        (
            json!({ "type": "string_match", "mode": "regex", "pattern": "(a" }),
            String,
            "the regular expression cannot be used: unclosed group",
        ),
        (
            json!({ "value": 1, "unit": "GB" }),
            Number,
            "\"unit\" is not a field here; besides type and description there may be: operator, value",
        ),
    ];
    for (json, data_type, expected) in details {
        let details: Vec<_> = errors(&json, data_type).into_iter().map(|error| error.detail).collect();
        assert_eq!(details, [expected]);
    }
}

fn nested(levels: usize) -> Value {
    (1..levels).fold(json!({ "value": 1 }), |inner, _| json!({ "type": "composite_and", "criteria": [inner] }))
}

#[test]
fn nesting_is_bounded() {
    assert!(Criterion::parse(&nested(16), Number).is_ok());
    assert_eq!(codes(&nested(17), Number), [format!("{} CRITERION_TOO_DEEP", "/criteria/0".repeat(16))]);
}

fn wide(nodes: usize) -> Value {
    json!({ "type": "composite_or", "criteria": vec![json!({ "value": 1 }); nodes - 1] })
}

#[test]
fn size_is_bounded_and_reported_once() {
    assert!(Criterion::parse(&wide(200), Number).is_ok());
    assert_eq!(codes(&wide(5_000), Number), ["/criteria/199 CRITERION_TOO_LARGE"]);
}

#[test]
fn regular_expressions_are_few_and_small() {
    let pattern = |pattern: &str| json!({ "type": "string_match", "mode": "regex", "pattern": pattern });
    let many = |count| json!({ "type": "composite_or", "criteria": vec![pattern("^on$"); count] });
    assert!(Criterion::parse(&many(10), String).is_ok());
    assert_eq!(codes(&many(60), String), ["/criteria/10 CRITERION_TOO_LARGE"]);
    assert!(Criterion::parse(&pattern(r"^[\w.-]+@[\w-]+\.\w{2,}$"), String).is_ok());
    assert_eq!(codes(&pattern(r"(\w{50}){50}"), String), ["/pattern CRITERION_INVALID_REGEX"]);
}

#[test]
fn a_json_attribute_takes_a_short_form_whose_value_says_what_is_meant() {
    for (json, met) in [(json!({ "operator": ">=", "value": 3 }), json!(3)), (json!({ "value": true }), json!(true))] {
        assert!(
            Criterion::parse(&json, Json).unwrap().evaluate(Some(&met), chrono::DateTime::UNIX_EPOCH).met,
            "{json}"
        );
    }
    assert_eq!(codes(&json!({ "value": 3 }), Json), ["/type CRITERION_TYPE_MISSING"]);
}
