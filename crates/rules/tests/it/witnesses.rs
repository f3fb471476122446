//! Examples found for the criteria people write.

use rules::DataType::{self, Boolean, Json, Number, String, Timestamp};
use serde_json::{Value, json};

use crate::{criterion, noon};

fn both_ways(json: &Value, data_type: DataType) {
    let criterion = criterion(json, data_type);
    for met in [true, false] {
        let Some(witness) = criterion.witness(data_type, met, noon()) else {
            panic!("{data_type} {json} has a witness for met = {met}");
        };
        assert_eq!(criterion.evaluate(Some(&witness), noon()).met, met, "{json} on {witness}");
        assert_eq!(data_type.check(&witness), Ok(()));
    }
}

#[test]
fn everyday_criteria_have_examples_either_way() {
    both_ways(&json!({ "value": true, "operator": "==" }), Boolean);
    for operator in [">", ">=", "==", "<=", "<"] {
        both_ways(&json!({ "operator": operator, "value": 98 }), Number);
    }
    both_ways(&json!({ "operator": "contains", "value": "x" }), String);
    both_ways(&json!({ "operator": "equals", "value": "Enabled" }), String);
    both_ways(&json!({ "operator": "regex", "value": r"^v1\.2$" }), String);
    both_ways(&json!({ "operator": "regex", "value": r"^\d+\.\d+" }), String);
    both_ways(&json!({ "operator": "not_null" }), String);
    both_ways(&json!({ "operator": "within_days", "value": 7 }), Timestamp);
    both_ways(&json!({ "operator": "before" }), Timestamp);
    both_ways(&json!({ "operator": "after", "value": "2026-01-01" }), Timestamp);
    both_ways(&json!({ "operator": "not_null" }), Timestamp);
    both_ways(&json!({ "type": "string_not_null" }), Json);
    both_ways(&json!({ "type": "timestamp_not_null" }), Json);
}

#[test]
fn a_group_takes_its_example_from_its_leaves() {
    let between = json!({ "type": "composite_and", "criteria": [
        { "operator": ">", "value": 10 },
        { "operator": "<", "value": 11 },
    ] });
    both_ways(&between, Number);
    let soon = json!({ "type": "composite_and", "criteria": [
        { "operator": "after" },
        { "operator": "within_days", "value": 7 },
    ] });
    both_ways(&soon, Timestamp);
}

#[test]
fn the_impossible_has_no_example() {
    let contradiction = json!({ "type": "composite_and", "criteria": [{ "value": 1 }, { "value": 2 }] });
    assert_eq!(criterion(&contradiction, Number).witness(Number, true, noon()), None);
    // every number that an attribute accepts says something
    assert_eq!(criterion(&json!({ "operator": "not_null" }), Number).witness(Number, false, noon()), None);
}
