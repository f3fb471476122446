//! Telemetry, from a batch of values to the status of a task.

mod access;
mod batches;
mod confined;
mod evaluation;
mod faults;
mod intake;
mod order;
mod otlp;
mod partitions;
mod refusals;
mod rollups;
mod settings;
mod tables;
mod tail;
mod templates;
mod trials;

use kernel::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, Response, send};

use crate::support::Stage;

pub(crate) const VALUES: &str = "/telemetry/v1/values";

/// A product with tasks, assigned to a customer: what telemetry is sent for.
pub(crate) struct Deployment {
    owner: Client,
    now: Timestamp,
    /// The assignment's id.
    pub(crate) assignment: String,
    /// Its customer tasks, as adoption shows them.
    pub(crate) tasks: Vec<Value>,
}

/// A required number attribute that wants at least 10.
pub(crate) fn at_least_ten(name: &str) -> Value {
    json!({ "name": name, "dataType": "NUMBER", "isRequired": true, "successCriteria": { "operator": ">=", "value": 10 } })
}

impl Deployment {
    /// Makes a product with these tasks and attributes, and assigns it, with its plan.
    pub(crate) async fn of(stage: &Stage, owner: &Client, tasks: &[(&str, Vec<Value>)]) -> Self {
        let unplanned = Self::unplanned(stage, owner, tasks).await;
        unplanned.planned().await
    }

    /// One task with one attribute, `users`.
    pub(crate) async fn simple(stage: &Stage) -> Self {
        Self::of(stage, &stage.admin, &[("Roll out", vec![at_least_ten("users")])]).await
    }

    /// As [`Self::of`], without the plan.
    pub(crate) async fn unplanned(stage: &Stage, owner: &Client, tasks: &[(&str, Vec<Value>)]) -> Self {
        Self::made_at(stage.clock.now(), owner, tasks).await
    }

    /// As [`Self::unplanned`], at a moment that is known otherwise.
    async fn made_at(now: Timestamp, owner: &Client, tasks: &[(&str, Vec<Value>)]) -> Self {
        let create = async |path: String, body: Value| owner.post(&path, &body).await.expect(201).id();
        let product = create("/catalog/v1/products".to_owned(), json!({ "name": format!("Harbour Gate {now}") })).await;
        for (name, attributes) in tasks {
            let task =
                create(format!("/catalog/v1/products/{product}/tasks"), json!({ "name": name, "weight": 5 })).await;
            for attribute in attributes {
                create(format!("/catalog/v1/tasks/{task}/telemetry-attributes"), attribute.clone()).await;
            }
        }
        let customer = create("/adoption/v1/customers".to_owned(), json!({ "name": "Port of Ghent" })).await;
        let command =
            json!({ "productId": product, "name": "Head office", "licenseLevel": "SIGNATURE", "createPlan": false });
        let assignment = create(format!("/adoption/v1/customers/{customer}/assignments"), command).await;
        Self { owner: owner.clone(), now, assignment, tasks: Vec::new() }
    }

    /// Makes the plan.
    pub(crate) async fn planned(self) -> Self {
        let path = format!("/adoption/v1/assignments/{}/plan", self.assignment);
        let plan = self.owner.post(&path, &json!({})).await.expect(201).id();
        let tasks = self.owner.get(&format!("/adoption/v1/plans/{plan}/tasks")).await;
        let tasks = tasks.expect(200).body["items"].as_array().unwrap().clone();
        Self { tasks, ..self }
    }

    /// The same deployment, asked about by somebody else.
    pub(crate) fn seen_by(self, owner: &Client) -> Self {
        Self { owner: owner.clone(), ..self }
    }

    /// The id of a task.
    pub(crate) fn task(&self, name: &str) -> &str {
        self.tasks.iter().find(|task| task["name"] == name).unwrap()["id"].as_str().unwrap()
    }

    /// The id of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> &str {
        let mut attributes = self.tasks.iter().flat_map(|task| task["attributes"].as_array().unwrap());
        attributes.find(|attribute| attribute["name"] == name).unwrap()["id"].as_str().unwrap()
    }

    /// A moment so many seconds before the deployment was made.
    pub(crate) fn ago(&self, seconds: i64) -> Timestamp {
        self.now - chrono::Duration::seconds(seconds)
    }

    /// A value of an attribute, observed so many seconds ago.
    pub(crate) fn value(&self, attribute: &str, value: impl Into<Value>, ago: i64) -> Value {
        json!({ "assignmentId": self.assignment, "attributeId": self.attribute(attribute), "value": value.into(), "observedAt": self.ago(ago) })
    }

    /// As [`Self::value`], by the attribute's name.
    pub(crate) fn named(&self, attribute: &str, value: impl Into<Value>, ago: i64) -> Value {
        json!({ "assignmentId": self.assignment, "attributeName": attribute, "value": value.into(), "observedAt": self.ago(ago) })
    }

    /// The values of an attribute as they are stored, the latest first.
    pub(crate) async fn series(&self, attribute: &str) -> Vec<Value> {
        let path = format!("/telemetry/v1/attributes/{}/values?limit=200", self.attribute(attribute));
        // Telemetry hears of an attribute a moment after the catalog has it.
        let known = self.owner.get_until(&path, |answer| answer.status == 200).await;
        known.expect(200).body["items"].as_array().unwrap().clone()
    }

    /// What is known of an attribute.
    pub(crate) async fn state(&self, attribute: &str) -> Value {
        let path = format!("/telemetry/v1/attributes?assignmentId={}&limit=200", self.assignment);
        let all = self.owner.get(&path).await;
        all.expect(200).body["items"].as_array().unwrap().iter().find(|row| row["name"] == attribute).unwrap().clone()
    }

    /// Why a task stands where it stands.
    pub(crate) async fn explanation(&self, task: &str) -> Value {
        let path = format!("/telemetry/v1/customer-tasks/{}/explanation", self.task(task));
        self.owner.get(&path).await.expect(200).body.clone()
    }

    /// Waits until adoption shows a task with this status.
    pub(crate) async fn becomes(&self, task: &str, status: &str) {
        let path = format!("/adoption/v1/customer-tasks/{}", self.task(task));
        let shown = self.owner.get_until(&path, |answer| answer.body["status"] == status).await;
        assert_eq!(shown.body["status"], status, "{}", shown.text);
    }

    /// The events that told of a task's facts, the first one first, as soon as there are so many.
    pub(crate) async fn told(&self, task: &str, least: usize) -> Vec<Value> {
        let path = format!("/identity/v1/audit-events?entityId={}&entity=task-facts&limit=200", self.task(task));
        let items = |audit: &Response| audit.body["items"].as_array().cloned().unwrap_or_default();
        let audit = self.owner.get_until(&path, |audit| items(audit).len() >= least).await;
        items(audit.expect(200)).into_iter().rev().collect()
    }
}

/// Sends a batch as JSON.
pub(crate) async fn post(sender: &Client, values: &[Value]) -> Response {
    sender.post(VALUES, &json!({ "values": values })).await
}

/// Sends a batch as NDJSON.
pub(crate) async fn post_lines(sender: &Client, lines: impl Into<reqwest::Body>) -> Response {
    send(sender.request(Method::POST, VALUES).header("content-type", "application/x-ndjson").body(lines)).await
}

/// Sends a batch of any kind, packed or not.
pub(crate) async fn post_as(sender: &Client, kind: &str, packing: &str, body: impl Into<reqwest::Body>) -> Response {
    let request = sender.request(Method::POST, VALUES).header("content-type", kind);
    send(request.header("content-encoding", packing).body(body)).await
}

/// Accepted, duplicate and refused; that they make up what was sent is checked here, once for all tests.
#[track_caller]
pub(crate) fn outcome(receipt: &Response) -> [u64; 3] {
    receipt.expect(200);
    let count = |name: &str| receipt.body[name].as_u64().unwrap();
    let outcome = ["accepted", "duplicate", "refused"].map(count);
    assert_eq!(outcome.iter().sum::<u64>(), count("sent"), "{}", receipt.text);
    outcome
}
