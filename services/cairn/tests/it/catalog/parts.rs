//! Licences, outcomes, releases, tags and custom attributes: five nouns of one shape.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::send;

use super::{actions, column, faults, id, made, owners};
use crate::support::on_stage;

/// A noun: the segment of its collection, the field of its reorder, two bodies that differ, and a change.
struct Noun {
    segment: &'static str,
    ids: &'static str,
    bodies: [Value; 2],
    change: Value,
}

fn nouns() -> [Noun; 5] {
    let noun = |segment, ids, bodies, change| Noun { segment, ids, bodies, change };
    [
        noun(
            "licenses",
            "licenseIds",
            [json!({ "name": "Essential" }), json!({ "name": "Advantage", "level": 2, "description": "More" })],
            json!({ "isActive": false, "level": 3 }),
        ),
        noun(
            "outcomes",
            "outcomeIds",
            [json!({ "name": "Fewer outages" }), json!({ "name": "Faster sign-in", "description": "By half" })],
            json!({ "name": "No outages", "description": "None" }),
        ),
        noun(
            "releases",
            "releaseIds",
            [json!({ "name": "Spring", "level": 1.1 }), json!({ "name": "Autumn", "level": 1.25, "isActive": false })],
            json!({ "level": 2 }),
        ),
        noun(
            "tags",
            "tagIds",
            [json!({ "name": "Security", "color": "#2b7a4b" }), json!({ "name": "Network" })],
            json!({ "color": null, "name": "Safety" }),
        ),
        noun(
            "custom-attributes",
            "customAttributeIds",
            [json!({ "key": "tier", "value": "gold" }), json!({ "key": "seats", "value": 250, "isRequired": true })],
            json!({ "value": { "tier": "gold", "since": 2024 }, "dataType": "JSON" }),
        ),
    ]
}

#[test]
fn each_part_is_made_listed_changed_reordered_and_deleted_under_either_owner() {
    on_stage(async |stage| {
        for owner in owners(&stage.admin).await {
            for Noun { segment, ids, bodies, change } in nouns() {
                let collection = format!("{owner}/{segment}");
                let first = stage.admin.post(&collection, &bodies[0]).await;
                let second = stage.admin.post(&collection, &bodies[1]).await;
                for (place, (answer, body)) in [&first, &second].into_iter().zip(&bodies).enumerate() {
                    assert_eq!(answer.expect(201).body["displayOrder"], place + 1, "{segment}");
                    for (field, value) in body.as_object().unwrap() {
                        assert_eq!(&answer.body[field], value, "{segment} {field}");
                    }
                    let path = format!("/catalog/v1/{segment}/{}", answer.id());
                    assert_eq!(answer.header("location"), path);
                    assert_eq!(stage.admin.get(&path).await.expect(200).body, answer.body);
                }
                let path = format!("/catalog/v1/{segment}/{}", first.id());
                let changed = stage.admin.patch(&path, Some(1), &change).await;
                for (field, value) in change.as_object().unwrap() {
                    assert_eq!(&changed.expect(200).body[field], value, "{segment} {field}");
                }
                stage.admin.patch(&path, Some(1), &change).await.expect_problem(412, "VERSION_MISMATCH");

                let reorder = format!("{collection}/reorder");
                let half = stage.admin.post(&reorder, &json!({ ids: [second.id()] })).await;
                assert_eq!(faults(&half, "CONTENT_INVALID"), [format!("/{ids} INCOMPLETE")]);
                let turned = stage.admin.post(&reorder, &json!({ ids: [second.id(), first.id()] })).await;
                assert_eq!(column(&turned, "displayOrder"), [1, 2]);
                assert_eq!(column(&stage.admin.get(&collection).await, "id"), [second.id(), first.id()]);
                let page = stage.admin.get(&format!("{collection}?limit=1&count=true")).await;
                assert_eq!((column(&page, "id"), &page.body["total"]), (vec![json!(second.id())], &json!(2)));
                let cursor = page.body["nextCursor"].as_str().unwrap();
                let rest = stage.admin.get(&format!("{collection}?limit=1&cursor={cursor}")).await;
                assert_eq!((column(&rest, "id"), &rest.body["nextCursor"]), (vec![json!(first.id())], &Value::Null));

                stage.admin.delete(&path).await.expect(204);
                stage.admin.get(&path).await.expect_problem(404, "NOT_FOUND");
                stage.admin.delete(&path).await.expect_problem(404, "NOT_FOUND");
                let told = actions(&stage.admin, &path, 4).await;
                assert_eq!(told, ["created", "changed", "reordered", "deleted"], "{segment}");
            }
        }
    });
}

#[test]
fn names_and_keys_are_unique_where_they_should_be() {
    on_stage(async |stage| {
        let [owner, other] = owners(&stage.admin).await;
        for (segment, body, twin, code) in [
            ("outcomes", json!({ "name": "Speed" }), json!({ "name": " Speed " }), "OUTCOME_NAME_TAKEN"),
            ("tags", json!({ "name": "Speed" }), json!({ "name": "SPEED" }), "TAG_NAME_TAKEN"),
            (
                "custom-attributes",
                json!({ "key": "speed", "value": 1 }),
                json!({ "key": "speed", "value": 2 }),
                "CUSTOM_ATTRIBUTE_KEY_TAKEN",
            ),
        ] {
            let collection = format!("{owner}/{segment}");
            stage.admin.post(&collection, &body).await.expect(201);
            stage.admin.post(&collection, &twin).await.expect_problem(409, code);
            stage.admin.post(&format!("{other}/{segment}"), &body).await.expect(201);
        }
        for noun in nouns() {
            let mut keyed = noun.bodies;
            keyed.iter_mut().for_each(|body| body["externalKey"] = json!("k"));
            let collection = format!("{owner}/{}", noun.segment);
            let first = made(&stage.admin, &collection, &keyed[0]).await;
            let taken = stage.admin.post(&format!("{other}/{}", noun.segment), &keyed[1]).await;
            let code = taken.body["code"].as_str().unwrap_or_default().to_owned();
            assert!(taken.status == 409 && code.ends_with("_EXTERNAL_KEY_TAKEN"), "{}", taken.text);
            let found = stage.admin.get(&format!("{collection}?externalKey=k")).await;
            assert_eq!(column(&found, "id"), [id(&first)]);
        }
    });
}

#[test]
fn each_field_of_a_part_that_is_wrong_is_named() {
    on_stage(async |stage| {
        let [owner, _] = owners(&stage.admin).await;
        for (segment, body, fault) in [
            ("licenses", json!({ "name": "" }), "/name LENGTH"),
            ("licenses", json!({ "name": "X", "level": 11 }), "/level OUT_OF_RANGE"),
            ("licenses", json!({ "name": "X", "displayOrder": 0 }), "/displayOrder OUT_OF_RANGE"),
            ("outcomes", json!({ "name": "X", "level": 1 }), "/level UNKNOWN_FIELD"),
            ("outcomes", json!({ "name": "X\u{0}" }), "/name CONTROL_CHARACTER"),
            ("releases", json!({ "name": "X", "level": -1 }), "/level OUT_OF_RANGE"),
            ("releases", json!({ "name": "X", "level": 1.125 }), "/level INVALID"),
            ("tags", json!({ "name": "X", "color": "green" }), "/color INVALID"),
            ("custom-attributes", json!({ "key": "x" }), "/value REQUIRED"),
            ("custom-attributes", json!({ "key": "x", "value": "y".repeat(16 * 1024) }), "/value LENGTH"),
        ] {
            let refused = stage.admin.post(&format!("{owner}/{segment}"), &body).await;
            assert_eq!(faults(&refused, "CONTENT_INVALID"), [fault], "{segment}");
        }
    });
}

#[test]
fn the_value_of_a_custom_attribute_is_kept_as_it_was_sent_and_fits_its_type() {
    on_stage(async |stage| {
        let [owner, _] = owners(&stage.admin).await;
        let collection = format!("{owner}/custom-attributes");
        for (key, value, shown) in [
            ("text", json!("a"), "TEXT"),
            ("number", json!(0.1), "NUMBER"),
            ("flag", json!(false), "BOOLEAN"),
            ("list", json!(["b", null, { "c": 1 }]), "JSON"),
            ("nothing", json!(null), "TEXT"),
        ] {
            let answer = stage.admin.post(&collection, &json!({ "key": key, "value": value })).await;
            let kept = &answer.expect(201).body;
            assert_eq!((&kept["value"], &kept["dataType"]), (&value, &json!(shown)), "{key}");
        }
        let raw = || stage.admin.request(Method::POST, &collection).header("content-type", "application/json");
        let exact = send(raw().body(r#"{"key":"raw","value":{"b":1.00,"a":12345678901234567890123}}"#)).await;
        assert!(exact.expect(201).text.contains(r#"{"b":1.00,"a":12345678901234567890123}"#), "{}", exact.text);
        for unreadable in ["1e999".to_owned(), format!("{}{}", "[".repeat(200), "]".repeat(200))] {
            let body = format!(r#"{{"key":"unreadable","value":{unreadable}}}"#);
            let refused = send(raw().body(body)).await;
            assert_eq!(faults(&refused, "CONTENT_INVALID"), ["/value INVALID"]);
        }
        let nul = stage.admin.post(&collection, &json!({ "key": "nul", "value": [{ "a\u{0}": 1 }] })).await;
        assert_eq!(faults(&nul, "CONTENT_INVALID"), ["/value CONTROL_CHARACTER"]);
        for (data_type, value, fits) in [
            ("DATE", json!("2026-02-28"), true),
            ("DATE", json!("2026-02-30"), false),
            ("DATE", json!(20260228), false),
            ("NUMBER", json!("1"), false),
            ("TEXT", json!(1), false),
            ("BOOLEAN", json!("true"), false),
            ("JSON", json!("anything"), true),
        ] {
            let key = format!("{data_type} {value}");
            let body = json!({ "key": key, "dataType": data_type, "value": value });
            let answer = stage.admin.post(&collection, &body).await;
            if fits {
                answer.expect(201);
            } else {
                assert_eq!(faults(&answer, "CONTENT_INVALID"), ["/value TYPE_MISMATCH"], "{key}");
            }
        }
        let required = made(&stage.admin, &collection, &json!({ "key": "r", "value": 1, "isRequired": true })).await;
        let blank = stage.admin.post(&collection, &json!({ "key": "e", "value": "", "isRequired": true })).await;
        assert_eq!(faults(&blank, "CONTENT_INVALID"), ["/value REQUIRED"]);
        let emptied = stage.admin.patch(&required, None, &json!({ "value": null })).await;
        assert_eq!(faults(&emptied, "CONTENT_INVALID"), ["/value REQUIRED"]);
        let freed = stage.admin.patch(&required, None, &json!({ "value": null, "isRequired": false })).await;
        assert_eq!(freed.expect(200).body["value"], Value::Null);
        let typed = stage.admin.patch(&required, None, &json!({ "value": "one" })).await;
        assert_eq!(faults(&typed, "CONTENT_INVALID"), ["/value TYPE_MISMATCH"]);
    });
}

#[test]
fn a_licence_says_which_level_of_tasks_it_includes() {
    on_stage(async |stage| {
        let [owner, _] = owners(&stage.admin).await;
        for (level, includes) in [(1, json!("ESSENTIAL")), (3, json!("SIGNATURE")), (4, Value::Null)] {
            let body = json!({ "name": format!("Level {level}"), "level": level });
            let licence = stage.admin.post(&format!("{owner}/licenses"), &body).await;
            assert_eq!(licence.expect(201).body["licenseLevel"], includes);
        }
    });
}
