//! Tasks: what is said of them, and how much they may weigh together.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::send;

use super::{actions, column, faults, id, made, owners, product, task};
use crate::support::on_stage;

#[test]
fn a_task_keeps_all_that_is_said_of_it_under_either_owner() {
    on_stage(async |stage| {
        for owner in owners(&stage.admin).await {
            let outcome = made(&stage.admin, &format!("{owner}/outcomes"), &json!({ "name": "Fewer outages" })).await;
            let release = made(&stage.admin, &format!("{owner}/releases"), &json!({ "name": "Spring" })).await;
            let tag = made(&stage.admin, &format!("{owner}/tags"), &json!({ "name": "Security" })).await;
            let said = json!({
                "name": "Connect the first gateway", "description": "With its own certificate", "notes": "Ask first",
                "weight": 8.25, "sequenceNumber": 1, "licenseLevel": "ADVANTAGE", "estMinutes": 90,
                "howToDoc": ["https://docs.example.com/connect"], "howToVideo": ["http://videos.example.com/1"],
                "outcomeIds": [id(&outcome)], "releaseIds": [id(&release)], "tagIds": [id(&tag)],
                "externalKey": owner.clone(),
            });
            let answer = stage.admin.post(&format!("{owner}/tasks"), &said).await;
            answer.expect(201);
            let path = format!("/catalog/v1/tasks/{}", answer.id());
            assert_eq!((answer.header("location"), answer.header("etag")), (path.as_str(), "\"1\""));
            let shown = stage.admin.get(&path).await;
            assert_eq!(shown.body, answer.body);
            for (field, value) in said.as_object().unwrap() {
                assert_eq!(&shown.body[field], value, "{field}");
            }
            let (of, not_of) =
                if owner.contains("products") { ("productId", "solutionId") } else { ("solutionId", "productId") };
            assert_eq!((&shown.body[of], &shown.body[not_of]), (&json!(id(&owner)), &Value::Null));
            let change = json!({ "notes": null, "weight": 12.5, "licenseLevel": "SIGNATURE", "howToVideo": [] });
            let changed = stage.admin.patch(&path, Some(1), &change).await;
            for (field, value) in change.as_object().unwrap() {
                assert_eq!(&changed.expect(200).body[field], value, "{field}");
            }
            assert_eq!(changed.body["name"], said["name"]);
            assert_eq!(actions(&stage.admin, &path, 2).await, ["created", "changed"]);
        }
    });
}

#[test]
fn a_task_is_only_changed_from_the_version_that_was_read() {
    on_stage(async |stage| {
        let owner = product(&stage.admin, "Gate").await;
        let path = task(&stage.admin, &owner, "Connect", 10.0).await;
        let change = json!({ "name": "Connect two" });
        stage.admin.patch(&path, None, &change).await.expect_problem(428, "PRECONDITION_REQUIRED");
        stage.admin.patch(&path, Some(1), &change).await.expect(200);
        let late = stage.admin.patch(&path, Some(1), &change).await;
        late.expect_problem(412, "VERSION_MISMATCH");
        assert!(late.body["detail"].as_str().unwrap().contains("If-Match: \"2\""));
        let racers = (0..6).map(|racer| {
            let request = stage.admin.request(Method::PATCH, &path).header("if-match", "\"2\"");
            send(request.json(&json!({ "name": format!("Racer {racer}") })))
        });
        let mut statuses: Vec<u16> = join_all(racers).await.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412, 412, 412, 412]);
    });
}

#[test]
fn the_tasks_of_one_owner_weigh_a_hundred_at_most() {
    on_stage(async |stage| {
        for owner in owners(&stage.admin).await {
            let tasks = format!("{owner}/tasks");
            let first = task(&stage.admin, &owner, "First", 60.0).await;
            let second = task(&stage.admin, &owner, "Second", 30.0).await;
            let heavy = stage.admin.post(&tasks, &json!({ "name": "Third", "weight": 10.01 })).await;
            assert_eq!(faults(&heavy, "TASK_WEIGHT_EXCEEDED"), ["/weight TOO_MUCH"]);
            let detail = heavy.body["detail"].as_str().unwrap();
            assert!(
                detail.starts_with("The tasks would weigh 100.01 together, 0.01 over 100: 10.00 is left"),
                "{detail}"
            );
            task(&stage.admin, &owner, "Third", 10.0).await;
            let heavier = stage.admin.patch(&second, Some(1), &json!({ "weight": 35.5 })).await;
            assert_eq!(faults(&heavier, "TASK_WEIGHT_EXCEEDED"), ["/weight TOO_MUCH"]);
            assert!(heavier.body["detail"].as_str().unwrap().contains("5.50 over 100"));
            stage.admin.patch(&second, Some(1), &json!({ "weight": 30 })).await.expect(200);
            stage.admin.delete(&first).await.expect(204);
            let fourth = task(&stage.admin, &owner, "Fourth", 40.5).await;
            let restored = stage.admin.post(&format!("{first}/restore"), &json!({})).await;
            assert!(faults(&restored, "TASK_WEIGHT_EXCEEDED").is_empty(), "no field of the request is wrong");
            assert!(restored.body["detail"].as_str().unwrap().contains("140.50 together, 40.50 over 100"));
            assert!(stage.admin.get(&first).await.body["deletedAt"].is_string());
            stage.admin.patch(&fourth, Some(1), &json!({ "weight": 0 })).await.expect(200);
            stage.admin.post(&format!("{first}/restore"), &json!({})).await.expect(200);
            let weights = column(&stage.admin.get(&tasks).await, "weight");
            assert_eq!(weights, [json!(30), json!(10), json!(0), json!(60)], "the restored one is the last in line");
        }
    });
}

#[test]
fn parallel_writers_cannot_pass_a_hundred_together() {
    on_stage(async |stage| {
        let owner = product(&stage.admin, "Gate").await;
        let grown = task(&stage.admin, &owner, "Grows", 40.0).await;
        let tasks = format!("{owner}/tasks");
        let body = json!({ "name": "One of many", "weight": 10 });
        let creates = join_all((0..12).map(|_| stage.admin.post(&tasks, &body)));
        let grow = json!({ "weight": 55 });
        let (creates, grows) = futures_util::future::join(creates, stage.admin.patch(&grown, Some(1), &grow)).await;
        for answer in creates.iter().chain([&grows]) {
            if answer.status >= 300 {
                answer.expect_problem(422, "TASK_WEIGHT_EXCEEDED");
            }
        }
        let list = stage.admin.get(&tasks).await;
        let weight: f64 = column(&list, "weight").iter().map(|weight| weight.as_f64().unwrap()).sum();
        // Whoever comes first: ten more fit under none of the outcomes.
        assert!(weight > 90.0 && weight <= 100.0, "{weight}");
        let places: Vec<Value> = (1..=list.body["items"].as_array().unwrap().len()).map(|place| json!(place)).collect();
        assert_eq!(column(&list, "sequenceNumber"), places);
    });
}

#[test]
fn a_deleted_task_is_listed_on_request_changed_never_and_restored_once() {
    on_stage(async |stage| {
        let owner = product(&stage.admin, "Gate").await;
        let keyed = json!({ "name": "Keyed", "externalKey": "k" });
        let tasks = format!("{owner}/tasks");
        let path = made(&stage.admin, &tasks, &keyed).await;
        stage.admin.post(&tasks, &keyed).await.expect_problem(409, "TASK_EXTERNAL_KEY_TAKEN");
        stage.admin.delete(&path).await.expect(204);
        stage.admin.delete(&path).await.expect(204);
        assert_eq!(column(&stage.admin.get(&tasks).await, "id"), [Value::Null; 0]);
        assert_eq!(column(&stage.admin.get(&format!("{tasks}?deleted=include")).await, "id"), [id(&path)]);
        let shown = stage.admin.get(&path).await;
        assert_eq!(shown.expect(200).body["sequenceNumber"], 0);
        let changed = stage.admin.patch(&path, shown.version(), &json!({ "name": "X" })).await;
        changed.expect_problem(409, "TASK_DELETED");
        let attributes = format!("{path}/telemetry-attributes");
        let measured = stage.admin.post(&attributes, &json!({ "name": "users", "dataType": "NUMBER" })).await;
        measured.expect_problem(409, "TASK_DELETED");
        let twin = made(&stage.admin, &tasks, &keyed).await;
        let restore = format!("{path}/restore");
        stage.admin.post(&restore, &json!({})).await.expect_problem(409, "TASK_EXTERNAL_KEY_TAKEN");
        let freed = stage.admin.patch(&twin, Some(1), &json!({ "externalKey": null })).await;
        freed.expect(200);
        stage.admin.post(&restore, &json!({})).await.expect(200);
        stage.admin.post(&restore, &json!({})).await.expect(200);
        assert_eq!(actions(&stage.admin, &path, 3).await, ["created", "deleted", "restored"]);
    });
}

#[test]
fn each_field_of_a_task_that_is_wrong_is_named() {
    on_stage(async |stage| {
        let owner = product(&stage.admin, "Gate").await;
        let tasks = format!("{owner}/tasks");
        let wrong = json!({
            "name": "", "weight": 100.01, "sequenceNumber": 0, "estMinutes": -1, "howToDoc": ["docs"],
            "howToVideo": ["https://ok.example.com", "https://nul.example.com/\u{0}"],
        });
        assert_eq!(
            faults(&stage.admin.post(&tasks, &wrong).await, "CONTENT_INVALID"),
            [
                "/name LENGTH",
                "/weight OUT_OF_RANGE",
                "/sequenceNumber OUT_OF_RANGE",
                "/estMinutes OUT_OF_RANGE",
                "/howToDoc/0 URL",
                "/howToVideo/1 URL"
            ]
        );
        for (body, fault) in [
            (json!({ "name": "X", "weight": 8.255 }), "/weight INVALID"),
            (json!({ "name": "X", "weight": "8" }), "/weight INVALID"),
            (json!({ "name": "X", "licenseLevel": "GOLD" }), "/licenseLevel INVALID"),
            (json!({ "name": "X", "outcomeIds": ["x"] }), "/outcomeIds/0 INVALID"),
            (json!({ "name": "X", "colour": "red" }), "/colour UNKNOWN_FIELD"),
            (json!({ "weight": 1 }), "/name REQUIRED"),
        ] {
            assert_eq!(faults(&stage.admin.post(&tasks, &body).await, "CONTENT_INVALID"), [fault]);
        }
        assert_eq!(column(&stage.admin.get(&tasks).await, "id"), [Value::Null; 0]);
        assert_eq!(stage.admin.get(&owner).await.body["revision"], 1, "what is refused leaves nothing behind");
    });
}
