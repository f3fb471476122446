//! Batches: remembered, and taken back as if they had never come.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Response, send};

use super::{Deployment, at_least_ten, outcome, post};
use crate::support::on_stage;

const DAY: i64 = 86_400;

/// Everything that values lead to, but for when it was looked at.
async fn end_of(it: &Deployment, attribute: &str, task: &str) -> [Value; 4] {
    let mut state = it.state(attribute).await;
    state["lastCheckedAt"] = Value::Null;
    let series = format!("/telemetry/v1/attributes/{}/series?resolution=DAY", it.attribute(attribute));
    let points = it.owner.get(&series).await.expect(200).body["points"].clone();
    let mut facts = it.explanation(task).await["facts"].clone();
    for changing in ["version", "evaluatedAt"] {
        facts[changing] = Value::Null;
    }
    let mut values = it.series(attribute).await;
    values.iter_mut().for_each(|value| ["batchId", "receivedAt"].iter().for_each(|field| value[*field] = Value::Null));
    [state, points, facts, json!(values)]
}

#[test]
fn a_batch_is_remembered_with_what_became_of_it() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        let values = [it.value("users", 1, 9), it.value("users", 2, 8), it.named("nobody", 3, 7)];
        post(&stage.admin, &values[..1]).await.expect(200);
        let receipt = post(&stage.admin, &values).await;
        assert_eq!(outcome(&receipt), [1, 1, 1]);
        let list = stage.admin.get("/telemetry/v1/batches?limit=1").await;
        let latest = &list.expect(200).body["items"][0];
        assert_eq!(latest["id"], receipt.body["batchId"]);
        assert_eq!(
            ["sent", "accepted", "duplicate", "refused"].map(|name| latest[name].as_i64().unwrap()),
            [3, 1, 1, 1]
        );
        let me = stage.admin.get("/identity/v1/me").await.expect(200).body["userId"].clone();
        assert_eq!(latest["sentBy"], me);
        let next = format!("/telemetry/v1/batches?limit=1&cursor={}", list.body["nextCursor"].as_str().unwrap());
        assert_eq!(stage.admin.get(&next).await.expect(200).body["items"][0]["accepted"], 1);
        let path = format!("/telemetry/v1/batches/{}", receipt.body["batchId"].as_str().unwrap());
        assert_eq!(&stage.admin.get(&path).await.expect(200).body, latest);
        stage.another_tenant().await.get(&path).await.expect_problem(404, "NOT_FOUND");
        stage.another_tenant().await.delete(&path).await.expect_problem(404, "NOT_FOUND");
    });
}

#[test]
fn a_retracted_batch_leaves_nothing_behind() {
    on_stage(async |stage| {
        let it = Deployment::of(&stage, &stage.admin, &[("Roll out", vec![at_least_ten("users")])]).await;
        let kept = [it.value("users", 3, 2 * DAY), it.value("users", 11, DAY), it.value("users", 4, 600)];
        post(&stage.admin, &kept).await.expect(200);
        it.becomes("Roll out", "IN_PROGRESS").await;
        let before = end_of(&it, "users", "Roll out").await;
        let mistaken = [it.value("users", 50, DAY + 60), it.value("users", 12, 60), it.named("nobody", 1, 1)];
        let receipt = post(&stage.admin, &mistaken).await;
        assert_eq!(outcome(&receipt), [2, 0, 1]);
        it.becomes("Roll out", "DONE").await;
        assert_ne!(end_of(&it, "users", "Roll out").await, before);
        let batch = format!("/telemetry/v1/batches/{}", receipt.body["batchId"].as_str().unwrap());
        let retracted = stage.admin.delete(&batch).await;
        assert_eq!(retracted.header("etag"), "\"2\"");
        assert!(retracted.expect(200).body["retractedAt"].is_string(), "{}", retracted.text);
        it.becomes("Roll out", "IN_PROGRESS").await;
        assert_eq!(end_of(&it, "users", "Roll out").await, before);
        assert_eq!(stage.admin.get("/telemetry/v1/refusals").await.body["items"], json!([]));
        assert_eq!(stage.admin.delete(&batch).await.expect(200).body, retracted.body, "once is enough");
        let stale = send(stage.admin.request(Method::DELETE, &batch).header("if-match", "\"1\"")).await;
        stale.expect_problem(412, "VERSION_MISMATCH");
        let list = stage.admin.get("/telemetry/v1/batches?retracted=true").await;
        assert_eq!(list.expect(200).body["items"], json!([retracted.body]));
        let told = "/identity/v1/audit-events?entity=batch&action=retracted";
        let told = stage.admin.get_until(told, |answer| answer.body["items"][0].is_object()).await;
        assert_eq!(told.body["items"][0]["entityId"], receipt.body["batchId"]);
        // It may come again: nothing of it is known any more.
        assert_eq!(outcome(&post(&stage.admin, &mistaken[..2]).await), [2, 0, 0]);
        it.becomes("Roll out", "DONE").await;
    });
}

#[test]
fn a_value_that_another_batch_repeats_stays_as_that_one_sent_it() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        let event = |value: i64, ago: i64| {
            let mut event = it.value("users", value, ago);
            event["eventId"] = json!("event-1");
            event
        };
        let batch = async |values: &[Value]| {
            let receipt = post(&stage.admin, values).await;
            format!("/telemetry/v1/batches/{}", receipt.expect(200).body["batchId"].as_str().unwrap())
        };
        let first = batch(&[event(1, 60), event(2, 60), it.value("users", 5, 90)]).await;
        let second = batch(&[event(12, 60)]).await;
        let third = batch(&[event(3, 60), it.value("users", 5, 90)]).await;
        let value = async || it.state("users").await["latestValue"].clone();
        assert_eq!(value().await, 1, "the first one to come");
        stage.admin.delete(&first).await.expect(200);
        assert_eq!((value().await, it.series("users").await.len()), (json!(12), 2));
        it.becomes("Roll out", "DONE").await;
        stage.admin.delete(&third).await.expect(200);
        assert_eq!((value().await, it.series("users").await.len()), (json!(12), 1), "nobody sends the other any more");
        stage.admin.delete(&second).await.expect(200);
        assert_eq!((value().await, it.series("users").await.len()), (Value::Null, 0));
        it.becomes("Roll out", "NOT_STARTED").await;
        let emptied = stage.admin.get(&format!("/adoption/v1/customer-tasks/{}", it.task("Roll out"))).await;
        assert_eq!(emptied.expect(200).body["statusSource"], "SYSTEM", "as if nothing had come");
    });
}

#[test]
fn a_complete_feed_that_is_retracted_was_never_silent() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        post(&stage.admin, &[it.value("users", 12, 600)]).await.expect(200);
        it.becomes("Roll out", "DONE").await;
        let silent = async |ago: i64| {
            let complete = json!({ "assignmentIds": [it.assignment], "observedAt": it.ago(ago) });
            let receipt = stage.admin.post(super::VALUES, &json!({ "values": [], "complete": complete })).await;
            format!("/telemetry/v1/batches/{}", receipt.expect(200).body["batchId"].as_str().unwrap())
        };
        let (once, again) = (silent(400).await, silent(200).await);
        it.becomes("Roll out", "NO_LONGER_USING").await;
        assert_eq!(stage.admin.get(&once).await.expect(200).body["completed"], 1);
        stage.admin.delete(&again).await.expect(200);
        assert_eq!(it.state("users").await["hasData"], false, "the other feed has said so too");
        stage.admin.delete(&once).await.expect(200);
        assert_eq!(it.state("users").await["hasData"], true);
        it.becomes("Roll out", "DONE").await;
    });
}

#[test]
fn what_a_batch_proved_goes_with_it_also_when_its_day_is_not_kept_any_more() {
    on_stage(async |stage| {
        let it = Deployment::of(
            &stage,
            &stage.admin,
            &[("Roll out", vec![at_least_ten("users")]), ("Move in", vec![at_least_ten("gates")])],
        )
        .await;
        let batch = |receipt: &Response| {
            format!("/telemetry/v1/batches/{}", receipt.expect(200).body["batchId"].as_str().unwrap())
        };
        let mistaken = batch(&post(&stage.admin, &[it.value("users", 12, 60 * DAY)]).await);
        post(&stage.admin, &[it.value("gates", 12, 60 * DAY)]).await.expect(200);
        let complete = json!({ "assignmentIds": [it.assignment], "observedAt": it.ago(50 * DAY) });
        let silent = batch(&stage.admin.post(super::VALUES, &json!({ "values": [], "complete": complete })).await);
        for task in ["Roll out", "Move in"] {
            it.becomes(task, "NO_LONGER_USING").await;
        }
        let settings = stage.admin.request(Method::PUT, "/telemetry/v1/settings").header("if-match", "\"0\"");
        send(settings.json(&json!({ "retentionDays": 40 }))).await.expect(200);
        let kept = format!("/telemetry/v1/attributes/{}/values?from={}", it.attribute("gates"), it.ago(80 * DAY));
        stage.admin.get_until(&kept, |answer| answer.body["items"] == json!([])).await.expect(200);
        stage.admin.delete(&silent).await.expect(200);
        for task in ["Roll out", "Move in"] {
            it.becomes(task, "DONE").await;
        }
        stage.admin.delete(&mistaken).await.expect(200);
        it.becomes("Roll out", "NOT_STARTED").await;
        assert_eq!(
            (it.state("users").await["latestValue"].clone(), it.state("users").await["hasData"].clone()),
            (Value::Null, json!(false))
        );
        it.becomes("Move in", "DONE").await;
    });
}

#[test]
fn a_refusal_waits_again_when_the_batch_that_mended_it_is_retracted() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        let refused = post(&stage.admin, &[it.value("users", "many", 60)]).await;
        let id = refused.expect(200).body["refusals"][0]["id"].clone();
        let mut mended = it.value("users", 12, 60);
        mended["refusalId"] = id.clone();
        let receipt = post(&stage.admin, &[mended.clone()]).await;
        assert_eq!(outcome(&receipt), [1, 0, 0]);
        let waiting = async || {
            let list = stage.admin.get("/telemetry/v1/refusals?replayed=false").await.expect(200).body.clone();
            list["items"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(waiting().await, Vec::<Value>::new());
        let batch = format!("/telemetry/v1/batches/{}", receipt.body["batchId"].as_str().unwrap());
        stage.admin.delete(&batch).await.expect(200);
        assert_eq!(waiting().await, [id], "nothing mends it any more");
        assert_eq!(outcome(&post(&stage.admin, &[mended]).await), [1, 0, 0]);
        assert_eq!(waiting().await, Vec::<Value>::new());
    });
}

#[test]
fn a_refusal_is_what_the_batches_that_are_left_made_of_it_in_whatever_order_the_others_go() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        let bad = [it.value("users", "many", 60)];
        let send = async |values: &[Value]| post(&stage.admin, values).await.expect(200).body.clone();
        let refused = async || {
            let list = stage.admin.get("/telemetry/v1/refusals").await.expect(200).body.clone();
            let rows = list["items"].as_array().unwrap().iter();
            rows.map(|row| (row["batchId"].clone(), row["replayedAt"].is_null())).collect::<Vec<_>>()
        };
        let drop = async |receipt: &Value| {
            let path = format!("/telemetry/v1/batches/{}", receipt["batchId"].as_str().unwrap());
            stage.admin.delete(&path).await.expect(200);
        };
        let (first, again) = (send(&bad).await, send(&bad).await);
        assert_eq!(refused().await, [(again["batchId"].clone(), true)]);
        drop(&again).await;
        assert_eq!(refused().await, [(first["batchId"].clone(), true)], "the first one brought it too");
        // Two values mend it: while one of them is there, it is mended.
        let mend = |ago: i64| {
            let mut value = it.value("users", 12, ago);
            value["refusalId"] = first["refusals"][0]["id"].clone();
            value
        };
        let mends = [send(&[mend(50)]).await, send(&[mend(40)]).await];
        for (mend, waits) in mends.iter().zip([false, true]) {
            drop(mend).await;
            assert_eq!(refused().await, [(first["batchId"].clone(), waits)]);
        }
        let mended = send(&[mend(30)]).await;
        drop(&first).await;
        assert_eq!(refused().await, [], "nobody brought it");
        drop(&mended).await;
        assert_eq!(refused().await, []);
    });
}
