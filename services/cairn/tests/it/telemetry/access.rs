//! Whose telemetry somebody sees and sends whom grants narrow to a customer.

use serde_json::{Value, json};
use testkit::{Client, Response, send};

use super::{Deployment, at_least_ten, outcome, post};
use crate::adoption::read_after;
use crate::grants::{again, grant, onlooker};
use crate::support::{Stage, on_stage};

const REFUSALS: &str = "/telemetry/v1/refusals";

/// Two deployments of two customers, each with a value and a refused one.
pub(super) async fn two(stage: &Stage) -> [Deployment; 2] {
    let tasks = || [("Roll out", vec![at_least_ten("users")])];
    let ours = Deployment::of(stage, &stage.admin, &tasks()).await;
    let other = Deployment::of(stage, &stage.admin, &tasks()).await;
    for it in [&ours, &other] {
        let sent = post(&stage.admin, &[it.value("users", 12, 30), it.named("gates", 1, 30)]).await;
        assert_eq!(outcome(&sent), [1, 0, 1]);
    }
    [ours, other]
}

/// Where the telemetry of a deployment is read.
fn paths(it: &Deployment) -> [String; 5] {
    let (assignment, attribute) = (&it.assignment, it.attribute("users"));
    [
        format!("/telemetry/v1/attributes?assignmentId={assignment}"),
        format!("/telemetry/v1/freshness?assignmentId={assignment}"),
        format!("/telemetry/v1/attributes/{attribute}/values"),
        format!("/telemetry/v1/attributes/{attribute}/series"),
        format!("/telemetry/v1/customer-tasks/{}/explanation", it.task("Roll out")),
    ]
}

/// Whose a deployment is.
pub(super) async fn customer_of(admin: &Client, it: &Deployment) -> String {
    let shown = admin.get(&format!("/adoption/v1/assignments/{}", it.assignment)).await;
    shown.expect(200).body["customerId"].as_str().unwrap().to_owned()
}

/// Kim, with this level on the customer of a deployment; and the grant.
pub(super) async fn kim(stage: &Stage, it: &Deployment, level: &str) -> (Client, Response) {
    let (_, kim_id) = onlooker(&stage.admin, "kim").await;
    let customer = customer_of(&stage.admin, it).await;
    let granted = grant(&stage.admin, ("USER", &kim_id), ("CUSTOMER", Some(&customer)), level).await;
    let kim = again(&stage.admin, "kim").await;
    read_after(&kim, granted.expect(201), REFUSALS).await.expect(200);
    (kim, granted)
}

fn payloads(list: &Response) -> Vec<Value> {
    let rows = list.expect(200).body["items"].as_array().unwrap();
    rows.iter().map(|row| serde_json::from_str(row["payload"].as_str().unwrap()).unwrap()).collect()
}

#[test]
fn who_is_granted_a_customer_sees_its_telemetry_and_no_others() {
    on_stage(async |stage| {
        let [ours, other] = two(&stage).await;
        let (kim, read) = kim(&stage, &ours, "READ").await;
        for path in paths(&ours) {
            kim.get(&path).await.expect(200);
        }
        for path in paths(&other) {
            kim.get(&path).await.expect_problem(404, "NOT_FOUND");
        }
        // Refusals go with the assignment that they are about; one that is about none is for those who hold the permission.
        super::post_lines(&stage.admin, "oops").await.expect(200);
        assert_eq!(payloads(&kim.get(REFUSALS).await), [ours.named("gates", 1, 30)]);
        assert_eq!(kim.get(&format!("{REFUSALS}/export")).await.expect(200).text.lines().count(), 1);
        assert_eq!(kim.get(&format!("{REFUSALS}/reasons")).await.expect(200).body[0]["count"], 1);
        // To see is not to send.
        post(&kim, &[ours.value("users", 13, 20)]).await.expect_problem(403, "PERMISSION_DENIED");
        let refusal = kim.get(REFUSALS).await.body["items"][0]["id"].as_str().unwrap().to_owned();
        let replay = format!("{REFUSALS}/{refusal}/replay");
        kim.post(&replay, &json!({})).await.expect_problem(403, "PERMISSION_DENIED");
        kim.post(&format!("{REFUSALS}/replay"), &json!({ "code": "ATTRIBUTE_UNKNOWN" })).await.expect(403);
        kim.get("/telemetry/v1/metric-rules").await.expect_problem(403, "PERMISSION_DENIED");
        // Taken back, it is gone with the token that is there.
        stage.admin.delete(&format!("/identity/v1/grants/{}", read.id())).await.expect(204);
        let [first, ..] = paths(&ours);
        kim.get_until(&first, |answer| answer.status == 404).await.expect_problem(404, "NOT_FOUND");
    });
}

#[test]
fn who_writes_a_customer_sends_values_for_it_alone() {
    on_stage(async |stage| {
        let [ours, other] = two(&stage).await;
        let (kim, _) = kim(&stage, &ours, "WRITE").await;
        let batch = [ours.value("users", 13, 20), other.value("users", 14, 20), other.named("users", 15, 20)];
        let sent = post(&kim, &batch).await;
        assert_eq!(outcome(&sent), [1, 0, 2]);
        let codes: Vec<_> = sent.body["refusals"].as_array().unwrap().iter().map(|row| row["code"].clone()).collect();
        assert_eq!(codes, ["ASSIGNMENT_UNKNOWN", "ASSIGNMENT_UNKNOWN"], "as if they were not there");
        assert_eq!((ours.series("users").await.len(), other.series("users").await.len()), (2, 1));
        // What somebody else's value was refused for is not said otherwise by who may not know of it.
        assert_eq!(outcome(&post(&kim, &[other.named("gates", 1, 30)]).await), [0, 0, 1]);
        let told = stage.admin.get(&format!("{REFUSALS}?code=ATTRIBUTE_UNKNOWN")).await;
        assert!(payloads(&told).contains(&other.named("gates", 1, 30)), "{}", told.text);
        // An attribute of another customer is none of this assignment's; nor is the other one ever complete by a word of hers.
        let mut mixed = ours.value("users", 16, 19);
        mixed["attributeId"] = json!(other.attribute("users"));
        assert_eq!(post(&kim, &[mixed]).await.body["refusals"][0]["code"], "ATTRIBUTE_UNKNOWN");
        let complete = |it: &Deployment| json!({ "values": [], "complete": { "assignmentIds": [it.assignment], "observedAt": it.ago(1) } });
        let refused = kim.post(super::VALUES, &complete(&other)).await;
        refused.expect_problem(422, "CONTENT_INVALID");
        assert_eq!(other.state("users").await["hasData"], true);
        assert_eq!(kim.post(super::VALUES, &complete(&ours)).await.expect(200).body["completed"], true);
        // Nor does a value of hers settle a refusal of theirs.
        let all = stage.admin.get(REFUSALS).await;
        let theirs = all.expect(200).body["items"].as_array().unwrap().iter().find(|row| {
            row["payload"].as_str().unwrap().contains(&other.assignment) && row["code"] == "ATTRIBUTE_UNKNOWN"
        });
        let theirs = theirs.unwrap()["id"].as_str().unwrap().to_owned();
        let mut settling = ours.value("users", 17, 18);
        settling["refusalId"] = json!(theirs);
        assert_eq!(outcome(&post(&kim, &[settling]).await), [1, 0, 0]);
        let open = stage.admin.get(&format!("{REFUSALS}?replayed=true")).await;
        assert_eq!(payloads(&open), [Value::Null; 0]);
        let foreign = format!("{REFUSALS}/{theirs}/replay");
        send(kim.request(reqwest::Method::POST, &foreign)).await.expect_problem(404, "NOT_FOUND");
        let replayed = kim.post(&format!("{REFUSALS}/replay"), &json!({ "code": "ATTRIBUTE_UNKNOWN" })).await;
        assert_eq!(replayed.expect(200).body["sent"], 2, "hers: the one from before and the mixed one");
    });
}

#[test]
fn who_writes_a_customer_finds_the_batches_that_they_sent() {
    on_stage(async |stage| {
        let [ours, _] = two(&stage).await;
        let theirs = post(&stage.admin, &[ours.value("users", 20, 25)]).await.expect(200).body["batchId"].clone();
        let (kim, _) = kim(&stage, &ours, "WRITE").await;
        let hers = post(&kim, &[ours.value("users", 13, 20)]).await.expect(200).body["batchId"].clone();
        let batch = |id: &Value| format!("/telemetry/v1/batches/{}", id.as_str().unwrap());
        let list = kim.get("/telemetry/v1/batches").await;
        let shown: Vec<_> = list.expect(200).body["items"].as_array().unwrap().iter().map(|row| &row["id"]).collect();
        assert_eq!(shown, [&hers]);
        assert_eq!(kim.get(&batch(&hers)).await.expect(200).body["accepted"], 1);
        kim.get(&batch(&theirs)).await.expect_problem(404, "NOT_FOUND");
        kim.delete(&batch(&hers)).await.expect_problem(403, "PERMISSION_DENIED");
        let all = stage.admin.get("/telemetry/v1/batches").await;
        assert_eq!(all.expect(200).body["items"].as_array().unwrap().len(), 4);
    });
}

#[test]
fn a_program_that_is_granted_a_customer_exports_its_metrics_alone() {
    on_stage(async |stage| {
        let [ours, other] = two(&stage).await;
        for (metric, it) in [("ours", &ours), ("other", &other)] {
            let rule = json!({ "metric": metric, "assignmentId": it.assignment, "attributeName": "users" });
            stage.admin.post("/telemetry/v1/metric-rules", &rule).await.expect(201);
        }
        let (kim, _) = kim(&stage, &ours, "WRITE").await;
        let gauge = |name: &str| {
            let nanos = (ours.ago(5).timestamp_micros() * 1_000).to_string();
            json!({ "name": name, "gauge": { "dataPoints": [{ "timeUnixNano": nanos, "asInt": "20" }] } })
        };
        let export =
            json!({ "resourceMetrics": [{ "scopeMetrics": [{ "metrics": [gauge("ours"), gauge("other")] }] }] });
        let answer = kim.post("/telemetry/v1/otlp/v1/metrics", &export).await;
        assert_eq!(answer.expect(200).body["partialSuccess"]["rejectedDataPoints"], "1", "{}", answer.text);
        assert_eq!((ours.series("users").await.len(), other.series("users").await.len()), (2, 1));
    });
}
