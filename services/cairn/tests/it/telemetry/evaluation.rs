//! What the values say about a task, and who is told.

use serde_json::json;

use super::{Deployment, at_least_ten, outcome, post};
use crate::support::on_stage;

#[test]
fn a_late_value_does_not_override_the_latest() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        post(&stage.admin, &[it.value("users", 12, 10)]).await.expect(200);
        it.becomes("Roll out", "DONE").await;
        assert_eq!(outcome(&post(&stage.admin, &[it.value("users", 1, 20)]).await), [1, 0, 0]);
        let state = it.state("users").await;
        assert_eq!((&state["latestValue"], &state["isMet"]), (&json!(12), &json!(true)));
        // Within one batch the order does not matter either.
        post(&stage.admin, &[it.value("users", 3, 5), it.value("users", 15, 7)]).await.expect(200);
        assert_eq!(it.state("users").await["latestValue"], 3);
        it.becomes("Roll out", "IN_PROGRESS").await;
    });
}

#[test]
fn an_event_tells_only_of_facts_that_changed() {
    on_stage(async |stage| {
        let it =
            Deployment::of(&stage, &stage.admin, &[("Roll out", vec![at_least_ten("users"), at_least_ten("gates")])])
                .await;
        for (value, ago) in [(3, 100), (4, 99), (5, 98), (3, 200)] {
            post(&stage.admin, &[it.value("users", value, ago)]).await.expect(200);
        }
        post(&stage.admin, &[it.value("users", 5, 98)]).await.expect(200);
        let told = it.told("Roll out", 1).await;
        assert_eq!(told.len(), 1, "five values, one of them twice, that all say the same: {told:?}");
        assert_eq!(told[0]["changes"]["requiredWithData"]["after"], 1);
        post(&stage.admin, &[it.value("users", 10, 90), it.value("gates", 11, 90)]).await.expect(200);
        post(&stage.admin, &[it.value("users", 20, 80), it.value("gates", 21, 80)]).await.expect(200);
        let told = it.told("Roll out", 2).await;
        assert_eq!(told.len(), 2);
        assert_eq!(told[1]["changes"]["requiredMet"], json!({ "before": 0, "after": 2 }));
        it.becomes("Roll out", "DONE").await;
        post(&stage.admin, &[it.value("gates", 9, 70)]).await.expect(200);
        it.becomes("Roll out", "IN_PROGRESS").await;
        assert_eq!(it.told("Roll out", 3).await.len(), 3);
    });
}

#[test]
fn a_verdict_is_explained_step_by_step() {
    on_stage(async |stage| {
        let both = json!({ "type": "composite_and", "criteria": [
            { "type": "number_threshold", "operator": "greater_than", "threshold": 5 },
            { "type": "number_threshold", "operator": "less_than", "threshold": 20 },
        ] });
        let attributes = vec![
            json!({ "name": "users", "dataType": "NUMBER", "isRequired": true, "successCriteria": both }),
            at_least_ten("gates"),
            json!({ "name": "note", "dataType": "STRING" }),
        ];
        let it = Deployment::of(&stage, &stage.admin, &[("Roll out", attributes)]).await;
        post(&stage.admin, &[it.value("users", 25, 9), it.value("note", "fine", 9)]).await.expect(200);
        let told = it.explanation("Roll out").await;
        assert_eq!(told["facts"]["withData"], 2);
        assert_eq!((&told["facts"]["required"], &told["facts"]["requiredMet"]), (&json!(2), &json!(0)));
        assert_eq!(told["because"], "0 of 2 required attributes are met and 1 have data: IN_PROGRESS.");
        let [users, gates, note] = [0, 1, 2].map(|at| &told["attributes"][at]);
        assert_eq!((&users["attribute"]["name"], &users["attribute"]["latestValue"]), (&json!("users"), &json!(25)));
        let steps: Vec<_> =
            users["explanation"]["steps"].as_array().unwrap().iter().map(|step| step["met"].clone()).collect();
        assert_eq!((&users["explanation"]["met"], steps), (&json!(false), vec![json!(true), json!(false)]));
        assert!(users["explanation"]["steps"][1]["because"].as_str().unwrap().contains("25"), "{users}");
        assert_eq!(gates["explanation"]["because"], "there is no value");
        assert_eq!((&note["explanation"], &note["attribute"]["isMet"]), (&json!(null), &json!(false)));
        post(&stage.admin, &[it.value("users", 15, 8), it.value("gates", 10, 8)]).await.expect(200);
        assert_eq!(it.explanation("Roll out").await["because"], "All required attributes are met (2 of 2): DONE.");
        it.becomes("Roll out", "DONE").await;
    });
}

#[test]
fn a_complete_feed_that_leaves_a_task_out_says_it_is_no_longer_used() {
    on_stage(async |stage| {
        let it = Deployment::of(
            &stage,
            &stage.admin,
            &[("Roll out", vec![at_least_ten("users")]), ("Install", vec![at_least_ten("gates")])],
        )
        .await;
        post(&stage.admin, &[it.value("users", 12, 100), it.value("gates", 12, 100)]).await.expect(200);
        it.becomes("Roll out", "DONE").await;
        it.becomes("Install", "DONE").await;
        let complete = |values: &[serde_json::Value]| json!({ "values": values, "complete": { "assignmentIds": [it.assignment] } });
        let early = json!({ "values": [], "complete": { "assignmentIds": [it.assignment], "observedAt": "9999-12-31T23:59:59Z" } });
        let early = stage.admin.post(super::VALUES, &early).await;
        early.expect_problem(422, "CONTENT_INVALID");
        assert_eq!(early.body["errors"][0]["pointer"], "/complete/observedAt");
        let spoilt = complete(&[it.value("users", 13, 50), it.named("nobody", 1, 50)]);
        assert_eq!(stage.admin.post(super::VALUES, &spoilt).await.expect(200).body["completed"], false);
        assert_eq!(it.state("gates").await["hasData"], true, "a feed with a refused value is not complete");
        let feed = stage.admin.post(super::VALUES, &complete(&[it.value("users", 14, 40)])).await;
        assert_eq!(feed.expect(200).body["completed"], true);
        it.becomes("Install", "NO_LONGER_USING").await;
        it.becomes("Roll out", "DONE").await;
        // An older value comes late: it was known to be gone after that.
        post(&stage.admin, &[it.value("gates", 20, 60)]).await.expect(200);
        assert_eq!(it.state("gates").await["hasData"], false);
        post(&stage.admin, &[it.value("gates", 20, 30)]).await.expect(200);
        it.becomes("Install", "DONE").await;
        let nobody = json!({ "values": [], "complete": { "assignmentIds": [it.task("Install")] } });
        stage.admin.post(super::VALUES, &nobody).await.expect_problem(422, "CONTENT_INVALID");
    });
}

#[test]
fn what_changes_with_time_alone_is_looked_at_again_in_time() {
    on_stage(async |stage| {
        let fresh = json!({ "type": "timestamp_comparison", "mode": "within_days", "withinDays": 2 });
        let backup =
            json!({ "name": "lastBackup", "dataType": "TIMESTAMP", "isRequired": true, "successCriteria": fresh });
        let it = Deployment::of(&stage, &stage.admin, &[("Back up", vec![backup])]).await;
        post(&stage.admin, &[it.value("lastBackup", json!(it.ago(60)), 60)]).await.expect(200);
        it.becomes("Back up", "DONE").await;
        assert!(it.state("lastBackup").await["recheckAt"].is_string());
        stage.clock.advance(chrono::Duration::days(2));
        let renewed = stage.another_session().await;
        let it = it.seen_by(&renewed);
        it.becomes("Back up", "IN_PROGRESS").await;
        assert_eq!(it.state("lastBackup").await["recheckAt"], json!(null));
    });
}

#[test]
fn an_assignment_is_evaluated_again_on_request_and_everybody_is_told_again() {
    on_stage(async |stage| {
        let it = Deployment::of(
            &stage,
            &stage.admin,
            &[
                ("Roll out", vec![at_least_ten("users"), at_least_ten("gates")]),
                ("Install", vec![at_least_ten("sites")]),
            ],
        )
        .await;
        post(&stage.admin, &[it.value("users", 12, 100), it.value("gates", 12, 100)]).await.expect(200);
        it.becomes("Roll out", "DONE").await;
        // Adoption has lost what it was told.
        let forget =
            "update adoption.customer_tasks set status = 'NOT_STARTED', completed_at = null, standing = 'NOT_STARTED'";
        let mut administrator = stage.world.administrator().await;
        diesel_async::RunQueryDsl::execute(diesel::sql_query(forget), &mut administrator).await.unwrap();
        it.becomes("Roll out", "NOT_STARTED").await;
        let path = format!("/telemetry/v1/assignments/{}/evaluations", it.assignment);
        let evaluated = stage.admin.post(&path, &json!({})).await;
        assert_eq!(evaluated.expect(200).body, json!({ "attributes": 3, "tasks": 2, "changed": 0, "told": 1 }));
        it.becomes("Roll out", "DONE").await;
        assert_eq!(it.told("Roll out", 2).await.len(), 2);
        stage.another_tenant().await.post(&path, &json!({})).await.expect_problem(404, "NOT_FOUND");
    });
}

#[test]
fn a_removed_assignment_takes_no_values_any_more() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        assert_eq!(outcome(&post(&stage.admin, &[it.value("users", 12, 9)]).await), [1, 0, 0]);
        stage.admin.delete(&format!("/adoption/v1/assignments/{}", it.assignment)).await.expect(204);
        let list = format!("/telemetry/v1/attributes?assignmentId={}", it.assignment);
        let heard = stage.admin.get_until(&list, |answer| answer.body["items"][0]["isActive"] == false).await;
        assert_eq!(heard.body["items"][0]["isActive"], false);
        for value in [it.value("users", 13, 8), it.named("users", 13, 7)] {
            let receipt = post(&stage.admin, &[value]).await;
            assert_eq!(outcome(&receipt), [0, 0, 1], "{}", receipt.text);
            assert_eq!(receipt.body["refusals"][0]["code"], "ASSIGNMENT_UNKNOWN");
        }
        assert_eq!(it.series("users").await.len(), 1, "what was observed stays");
    });
}
