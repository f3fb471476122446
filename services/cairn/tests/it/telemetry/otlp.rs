//! Metrics as OpenTelemetry's exporters send them.

use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use prost::Message;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::Client;

use super::{Deployment, at_least_ten};
use crate::support::{Stage, on_stage};

const OTLP: &str = "/telemetry/v1/otlp/v1/metrics";
const RULES: &str = "/telemetry/v1/metric-rules";

/// A gauge with one point, observed so many seconds ago.
fn gauge(it: &Deployment, name: &str, value: Value, ago: i64, attributes: &[(&str, &str)]) -> Value {
    let attributes: Vec<_> =
        attributes.iter().map(|(key, text)| json!({ "key": key, "value": { "stringValue": text } })).collect();
    let nanos = (it.ago(ago).timestamp_micros() * 1_000).to_string();
    let mut point = json!({ "attributes": attributes, "timeUnixNano": nanos });
    point.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
    json!({ "name": name, "gauge": { "dataPoints": [point] } })
}

/// An export of one program.
fn export(metrics: &[Value]) -> Value {
    let resource = json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": "gate" } }] });
    json!({ "resourceMetrics": [{ "resource": resource, "scopeMetrics": [{ "metrics": metrics }] }] })
}

/// Sends an export as protobuf; what is rejected comes back.
async fn send_protobuf(sender: &Client, export: &Value) -> (i64, String) {
    let message: ExportMetricsServiceRequest = serde_json::from_value(export.clone()).unwrap();
    let request = sender.request(Method::POST, OTLP).header("content-type", "application/x-protobuf");
    let answer = request.body(message.encode_to_vec()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/x-protobuf");
    let answer = ExportMetricsServiceResponse::decode(answer.bytes().await.unwrap()).unwrap();
    answer.partial_success.map(|part| (part.rejected_data_points, part.error_message)).unwrap_or_default()
}

async fn rule(stage: &Stage, rule: Value) -> String {
    stage.admin.post(RULES, &rule).await.expect(201).id()
}

/// Another assignment of the same product, with this external key.
async fn assign(stage: &Stage, it: &Deployment, key: &str) -> String {
    let first = stage.admin.get(&format!("/adoption/v1/assignments/{}", it.assignment)).await.expect(200).body.clone();
    let path = format!("/adoption/v1/customers/{}/assignments", first["customerId"].as_str().unwrap());
    let command =
        json!({ "productId": first["productId"], "name": key, "externalKey": key, "licenseLevel": "SIGNATURE" });
    stage.admin.post(&path, &command).await.expect(201).id()
}

#[test]
fn points_that_a_rule_wants_are_values_and_the_rest_is_told() {
    on_stage(async |stage| {
        let attributes = vec![at_least_ten("users"), at_least_ten("gates")];
        let it = Deployment::of(&stage, &stage.admin, &[("Roll out", attributes)]).await;
        let other = assign(&stage, &it, "harbour 7&8").await;
        let by_key = json!({
            "metric": "users.active", "assignmentFrom": "customer", "attributeName": "users", "conditions": { "service.name": "gate" },
        });
        rule(&stage, by_key).await;
        rule(&stage, json!({ "metric": "gates.open", "assignmentId": it.assignment, "attributeName": "gates" })).await;
        let users = |customer: &str| gauge(&it, "users.active", json!({ "asInt": "12" }), 5, &[("customer", customer)]);
        let gates = gauge(&it, "gates.open", json!({ "asDouble": 12.5 }), 5, &[]);
        let all = export(&[users("harbour 7&8"), users(&it.assignment), gates]);
        assert_eq!(stage.admin.post(OTLP, &all).await.expect(200).body, json!({}));
        it.becomes("Roll out", "DONE").await;
        let stored = it.series("gates").await;
        assert_eq!((&stored[0]["value"], &stored[0]["source"]), (&json!(12.5), &json!("gate")));
        let list = stage.admin.get(&format!("/telemetry/v1/attributes?assignmentId={other}")).await;
        assert!(list.expect(200).body["items"].as_array().unwrap().iter().any(|row| row["latestValue"] == 12));
        assert_eq!(send_protobuf(&stage.admin, &all).await, (0, String::new()), "sent again");
        assert_eq!(it.series("users").await.len(), 1);
        // What nobody wants is told, what is wrong is kept.
        let cpu = gauge(&it, "process.cpu", json!({ "asDouble": 0.5 }), 4, &[]);
        let (rejected, why) = send_protobuf(&stage.admin, &export(&[users("nobody"), cpu])).await;
        assert_eq!(rejected, 2);
        assert!(why.contains("process.cpu") && why.contains("/telemetry/v1/refusals?batchId="), "{why}");
        let refused = stage.admin.get("/telemetry/v1/refusals").await;
        assert_eq!(refused.expect(200).body["items"][0]["code"], "ASSIGNMENT_UNKNOWN");
        let both = json!({ "metric": "users.active", "assignmentFrom": "customer", "attributeName": "gates" });
        rule(&stage, both).await;
        assert_eq!(send_protobuf(&stage.admin, &export(&[users("no one")])).await.0, 1, "two values of one point");
        assign(&stage, &it, "nobody").await;
        let replay = stage.admin.post("/telemetry/v1/refusals/replay", &json!({ "code": "ASSIGNMENT_UNKNOWN" })).await;
        assert_eq!(super::outcome(&replay), [1, 0, 2]);
        // A point that one rule stores is taken, whatever becomes of it by another.
        let doors = json!({ "metric": "gates.open", "assignmentId": it.assignment, "attributeName": "doors" });
        let made = stage.admin.post(RULES, &doors).await;
        let warning = made.expect(201).body["warning"].as_str().unwrap().to_owned();
        assert!(warning.contains("has no attribute \"doors\""), "{warning}");
        let gates = gauge(&it, "gates.open", json!({ "asDouble": 13.5 }), 3, &[]);
        let (rejected, why) = send_protobuf(&stage.admin, &export(&[gates])).await;
        assert_eq!((rejected, &it.series("gates").await[0]["value"]), (0, &json!(13.5)));
        assert!(why.contains("refused and kept: 1"), "{why}");
    });
}

#[test]
fn an_export_that_is_none_is_a_clear_problem() {
    on_stage(async |stage| {
        let body = |kind: &'static str, body: &'static str| {
            testkit::send(stage.admin.request(Method::POST, OTLP).header("content-type", kind).body(body))
        };
        body("application/x-protobuf", "no protobuf").await.expect_problem(400, "REQUEST_MALFORMED");
        body("application/json", "{").await.expect_problem(400, "REQUEST_MALFORMED");
        let misfit = body("application/json", "{\"resourceMetrics\": 5}").await;
        misfit.expect_problem(422, "CONTENT_INVALID");
        assert_eq!(misfit.body["errors"][0]["pointer"], "/resourceMetrics", "{}", misfit.text);
        body("text/plain", "{}").await.expect_problem(415, "MEDIA_TYPE_UNSUPPORTED");
        assert_eq!(body("application/json", "{}").await.expect(200).body, json!({}));
        assert_eq!(send_protobuf(&stage.admin, &json!({})).await.0, 0);
        stage.anonymous.post(OTLP, &json!({})).await.expect_problem(401, "TOKEN_MISSING");
    });
}

#[test]
fn metric_rules_are_made_changed_and_deleted() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        let id = rule(&stage, json!({ "metric": "a", "assignmentId": it.assignment, "attributeName": "users" })).await;
        let path = format!("{RULES}/{id}");
        assert_eq!(stage.admin.patch(&path, Some(1), &json!({ "metric": "a" })).await.expect(200).body["version"], 1);
        let changed = stage.admin.patch(&path, Some(1), &json!({ "metric": "b", "taskName": "Roll out" })).await;
        assert_eq!((&changed.expect(200).body["metric"], &changed.body["version"]), (&json!("b"), &json!(2)));
        assert_eq!(changed.body["warning"], Value::Null);
        assert_eq!(stage.admin.get(&path).await.expect(200).body["warning"], Value::Null);
        let elsewhere = stage.admin.patch(&path, Some(2), &json!({ "taskName": "Invite" })).await;
        assert!(elsewhere.expect(200).body["warning"].as_str().unwrap().contains("of task \"Invite\""));
        let shown = stage.admin.get(&path).await;
        assert_eq!(shown.expect(200).body["warning"], elsewhere.body["warning"]);
        stage.admin.patch(&path, Some(3), &json!({ "taskName": "Roll out" })).await.expect(200);
        stage.admin.patch(&path, Some(1), &json!({ "metric": "c" })).await.expect_problem(412, "VERSION_MISMATCH");
        stage.admin.patch(&path, None, &json!({ "metric": "c" })).await.expect_problem(428, "PRECONDITION_REQUIRED");
        stage
            .admin
            .patch(&path, Some(4), &json!({ "assignmentFrom": "x" }))
            .await
            .expect_problem(422, "CONTENT_INVALID");
        let neither = json!({ "metric": "a", "attributeName": "users" });
        stage.admin.post(RULES, &neither).await.expect_problem(422, "CONTENT_INVALID");
        assert_eq!(stage.admin.get(RULES).await.expect(200).body["items"].as_array().unwrap().len(), 1);
        stage.another_tenant().await.get(&path).await.expect_problem(404, "NOT_FOUND");
        let point = gauge(&it, "b", json!({ "asInt": "12" }), 5, &[]);
        assert_eq!(send_protobuf(&stage.admin, &export(std::slice::from_ref(&point))).await.0, 0);
        testkit::send(stage.admin.request(Method::DELETE, &path)).await.expect(204);
        stage.admin.get(&path).await.expect_problem(404, "NOT_FOUND");
        assert_eq!(send_protobuf(&stage.admin, &export(&[point])).await.0, 1);
        assert_eq!(it.series("users").await.len(), 1, "what was stored stays");
    });
}

#[test]
fn a_metric_rule_says_in_its_own_words_why_its_values_would_be_refused() {
    on_stage(async |stage| {
        let tasks = ["Install", "Roll out"].map(|task| (task, vec![at_least_ten("users")]));
        let it = Deployment::unplanned(&stage, &stage.admin, &tasks).await;
        let id = rule(&stage, json!({ "metric": "a", "assignmentId": it.assignment, "attributeName": "users" })).await;
        let path = format!("{RULES}/{id}");
        let warning = async || stage.admin.get(&path).await.expect(200).body["warning"].clone();
        let unplanned = warning().await;
        let how = format!("/adoption/v1/assignments/{}/plan", it.assignment);
        assert!(unplanned.as_str().unwrap().contains(&how), "{unplanned}");
        it.planned().await;
        let ambiguous = warning().await;
        assert_eq!(ambiguous, "Several tasks have an attribute \"users\". Say which of them with taskName.");
        stage.admin.patch(&path, Some(1), &json!({ "taskName": "Install" })).await.expect(200);
        assert_eq!(warning().await, Value::Null);
    });
}

#[test]
fn a_metric_rule_is_of_an_assignment_that_is_there_and_has_no_twin() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        let of = |assignment: &str| json!({ "metric": "a", "assignmentId": assignment, "attributeName": "users" });
        let nobodys = kernel::AssignmentId::fresh().to_string();
        let refused = stage.admin.post(RULES, &of(&nobodys)).await;
        refused.expect_problem(422, "CONTENT_INVALID");
        assert_eq!(refused.body["errors"][0]["pointer"], "/assignmentId", "{}", refused.text);
        let stranger = stage.another_tenant().await;
        stranger.post(RULES, &of(&it.assignment)).await.expect_problem(422, "CONTENT_INVALID");
        let id = rule(&stage, of(&it.assignment)).await;
        stage.admin.post(RULES, &of(&it.assignment)).await.expect_problem(409, "METRIC_RULE_EXISTS");
        let path = format!("{RULES}/{id}");
        let moved = stage.admin.patch(&path, Some(1), &json!({ "assignmentId": nobodys })).await;
        moved.expect_problem(422, "CONTENT_INVALID");
        let mut other = of(&it.assignment);
        other["conditions"] = json!({ "env": "prod", "region": "north" });
        rule(&stage, other).await;
        let twin = json!({ "conditions": { "region": "north", "env": "prod" } });
        stage.admin.patch(&path, Some(1), &twin).await.expect_problem(409, "METRIC_RULE_EXISTS");
        stage.admin.patch(&path, Some(1), &json!({ "metric": "b" })).await.expect(200);
        rule(&stage, of(&it.assignment)).await;
    });
}

#[test]
fn sums_that_say_what_was_added_are_told_and_not_taken() {
    on_stage(async |stage| {
        let it = Deployment::simple(&stage).await;
        rule(&stage, json!({ "metric": "logins", "assignmentId": it.assignment, "attributeName": "users" })).await;
        let sum = |temporality: i32, ago: i64| {
            let gauge = gauge(&it, "logins", json!({ "asInt": "12" }), ago, &[]);
            json!({ "name": "logins", "sum": { "aggregationTemporality": temporality, "dataPoints": gauge["gauge"]["dataPoints"] } })
        };
        let (rejected, why) = send_protobuf(&stage.admin, &export(&[sum(1, 5)])).await;
        assert!(rejected == 1 && why.contains("logins") && why.contains("CUMULATIVE"), "{why}");
        assert_eq!(send_protobuf(&stage.admin, &export(&[sum(2, 4)])).await.0, 0);
        assert_eq!(it.series("users").await.len(), 1);
    });
}
