//! Telemetry attributes: a criterion that cannot prove anything is refused when it is saved.

use serde_json::{Value, json};

use super::{actions, column, faults, made, owners, product, task};
use crate::support::on_stage;

#[test]
fn an_attribute_keeps_its_criterion_in_the_canonical_form() {
    on_stage(async |stage| {
        for owner in owners(&stage.admin).await {
            let task = task(&stage.admin, &owner, "Connect", 10.0).await;
            let collection = format!("{task}/telemetry-attributes");
            let criterion = json!({ "operator": ">=", "value": 10, "description": "At least ten" });
            let body = json!({ "name": "activeUsers", "dataType": "NUMBER", "isRequired": true, "successCriteria": criterion });
            let answer = stage.admin.post(&collection, &body).await;
            let canonical = json!({
                "type": "number_threshold", "operator": "greater_than_or_equal", "threshold": 10,
                "description": "At least ten",
            });
            assert_eq!(answer.expect(201).body["successCriteria"], canonical);
            assert_eq!((&answer.body["displayOrder"], &answer.body["isActive"]), (&json!(1), &json!(true)));
            let path = answer.header("location").to_owned();
            assert_eq!(stage.admin.get(&path).await.expect(200).body, answer.body);
            let second = json!({ "name": "region", "dataType": "STRING", "externalKey": path });
            let second = made(&stage.admin, &collection, &second).await;
            assert_eq!(column(&stage.admin.get(&collection).await, "name"), ["activeUsers", "region"]);
            let stricter = json!({ "successCriteria": { "operator": "gte", "value": 25 }, "displayOrder": 3 });
            let changed = stage.admin.patch(&path, Some(1), &stricter).await;
            assert_eq!(changed.expect(200).body["successCriteria"]["threshold"], 25);
            stage.admin.patch(&path, Some(1), &stricter).await.expect_problem(412, "VERSION_MISMATCH");
            let page = stage.admin.get(&format!("{collection}?limit=1&count=true")).await;
            assert_eq!((column(&page, "name"), &page.body["total"]), (vec![json!("region")], &json!(2)));
            let cursor = page.body["nextCursor"].as_str().unwrap();
            let rest = stage.admin.get(&format!("{collection}?limit=1&cursor={cursor}")).await;
            assert_eq!(column(&rest, "name"), ["activeUsers"]);
            stage.admin.delete(&second).await.expect(204);
            stage.admin.get(&second).await.expect_problem(404, "NOT_FOUND");
            assert_eq!(actions(&stage.admin, &path, 2).await, ["created", "changed"]);
            assert_eq!(actions(&stage.admin, &second, 2).await, ["created", "deleted"]);
            assert_eq!(stage.admin.get(&task).await.version(), Some(5), "each change of an attribute changes its task");
        }
    });
}

#[test]
fn a_criterion_that_is_wrong_or_does_not_fit_the_type_is_refused_with_its_place() {
    on_stage(async |stage| {
        let owner = product(&stage.admin, "Gate").await;
        let task = task(&stage.admin, &owner, "Connect", 10.0).await;
        let collection = format!("{task}/telemetry-attributes");
        let number = |operator: &str| json!({ "type": "number_threshold", "operator": operator, "threshold": 1 });
        for (data_type, criterion, fault) in [
            ("NUMBER", json!(10), "/successCriteria CRITERION_NOT_AN_OBJECT"),
            ("NUMBER", json!({ "type": "magic" }), "/successCriteria/type CRITERION_UNKNOWN_TYPE"),
            ("NUMBER", number("about"), "/successCriteria/operator CRITERION_UNKNOWN_OPERATOR"),
            ("NUMBER", json!({ "operator": ">=" }), "/successCriteria/value CRITERION_MISSING_FIELD"),
            ("NUMBER", json!({ "operator": ">=", "value": "ten" }), "/successCriteria/value CRITERION_INVALID_FIELD"),
            ("NUMBER", json!({ "value": 1, "unit": "GB" }), "/successCriteria/unit CRITERION_UNKNOWN_FIELD"),
            ("BOOLEAN", number(">="), "/successCriteria/type CRITERION_TYPE_MISMATCH"),
            (
                "STRING",
                json!({ "type": "boolean_flag", "expectedValue": true }),
                "/successCriteria/type CRITERION_TYPE_MISMATCH",
            ),
            (
                "TIMESTAMP",
                json!({ "operator": "contains", "value": "x" }),
                "/successCriteria/operator CRITERION_UNKNOWN_OPERATOR",
            ),
            (
                "STRING",
                json!({ "type": "string_match", "mode": "regex", "pattern": "(" }),
                "/successCriteria/pattern CRITERION_INVALID_REGEX",
            ),
            ("STRING", json!({ "value": "\u{0}" }), "/successCriteria/value CRITERION_INVALID_FIELD"),
            ("JSON", json!({ "value": 1 }), "/successCriteria/type CRITERION_TYPE_MISSING"),
            (
                "NUMBER",
                json!({ "type": "composite_or", "criteria": [number(">"), { "type": "composite_and", "criteria": [number("~")] }] }),
                "/successCriteria/criteria/1/criteria/0/operator CRITERION_UNKNOWN_OPERATOR",
            ),
        ] {
            let body = json!({ "name": "x", "dataType": data_type, "successCriteria": criterion });
            let refused = stage.admin.post(&collection, &body).await;
            assert_eq!(faults(&refused, "CONTENT_INVALID"), [fault], "{}", refused.text);
            let detail = refused.body["errors"][0]["detail"].as_str().unwrap();
            assert!(detail.len() > 20, "says what to do: {detail}");
        }
        assert_eq!(column(&stage.admin.get(&collection).await, "id"), [Value::Null; 0]);
        assert_eq!(stage.admin.get(&task).await.version(), Some(1));
    });
}

#[test]
fn another_type_asks_the_criterion_again() {
    on_stage(async |stage| {
        let owner = product(&stage.admin, "Gate").await;
        let task = task(&stage.admin, &owner, "Connect", 10.0).await;
        let flag = json!({ "name": "on", "dataType": "BOOLEAN", "successCriteria": { "value": true } });
        let path = made(&stage.admin, &format!("{task}/telemetry-attributes"), &flag).await;
        let refused = stage.admin.patch(&path, None, &json!({ "dataType": "NUMBER" })).await;
        assert_eq!(faults(&refused, "CONTENT_INVALID"), ["/successCriteria/type CRITERION_TYPE_MISMATCH"]);
        let both = json!({ "dataType": "NUMBER", "successCriteria": { "operator": ">", "value": 0 } });
        assert_eq!(stage.admin.patch(&path, None, &both).await.expect(200).body["dataType"], "NUMBER");
        let cleared = stage.admin.patch(&path, None, &json!({ "successCriteria": null })).await;
        assert_eq!(cleared.expect(200).body["successCriteria"], Value::Null);
    });
}

#[test]
fn an_attribute_has_a_name_of_its_own_in_its_task() {
    on_stage(async |stage| {
        let owner = product(&stage.admin, "Gate").await;
        let (first, second) =
            (task(&stage.admin, &owner, "First", 1.0).await, task(&stage.admin, &owner, "Second", 1.0).await);
        let users = json!({ "name": "users", "dataType": "NUMBER", "externalKey": "users" });
        let of = |task: &str| format!("{task}/telemetry-attributes");
        stage.admin.post(&of(&first), &users).await.expect(201);
        stage.admin.post(&of(&first), &users).await.expect_problem(409, "TELEMETRY_ATTRIBUTE_NAME_TAKEN");
        let elsewhere = stage.admin.post(&of(&second), &users).await;
        elsewhere.expect_problem(409, "TELEMETRY_ATTRIBUTE_EXTERNAL_KEY_TAKEN");
        stage.admin.post(&of(&second), &json!({ "name": "users", "dataType": "NUMBER" })).await.expect(201);
        let found = stage.admin.get(&format!("{}?externalKey=users", of(&first))).await;
        assert_eq!(column(&found, "name"), ["users"]);
        for (body, fault) in [
            (json!({ "name": "x", "dataType": "DECIMAL" }), "/dataType INVALID"),
            (json!({ "name": "x" }), "/dataType REQUIRED"),
            (json!({ "name": "x", "dataType": "NUMBER", "criteria": {} }), "/criteria UNKNOWN_FIELD"),
        ] {
            assert_eq!(faults(&stage.admin.post(&of(&first), &body).await, "CONTENT_INVALID"), [fault]);
        }
    });
}
