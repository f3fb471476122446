//! The catalog through the gateway: every noun, its rules, and its word in the audit trail.

mod attributes;
mod blueprint;
mod change_sets;
mod links;
mod order;
mod parts;
mod products;
mod schema;
mod search;
mod solutions;
mod tasks;
mod versions;

use serde_json::{Value, json};
use testkit::{Client, Response};

/// Makes a product and answers with its path.
pub(crate) async fn product(who: &Client, name: &str) -> String {
    made(who, "/catalog/v1/products", &json!({ "name": name })).await
}

/// Makes a solution and answers with its path.
pub(crate) async fn solution(who: &Client, name: &str) -> String {
    made(who, "/catalog/v1/solutions", &json!({ "name": name })).await
}

/// A product and a solution: what holds under one holds under the other.
async fn owners(who: &Client) -> [String; 2] {
    [product(who, "Harbour Gate").await, solution(who, "Branch Office").await]
}

/// Makes something and answers with its path.
async fn made(who: &Client, collection: &str, body: &Value) -> String {
    let answer = who.post(collection, body).await;
    answer.expect(201).header("location").to_owned()
}

/// Makes a task under an owner and answers with its path.
async fn task(who: &Client, owner: &str, name: &str, weight: f64) -> String {
    made(who, &format!("{owner}/tasks"), &json!({ "name": name, "weight": weight })).await
}

/// The last segment of a path: the id.
fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

/// One field of every row of a list.
fn column(list: &Response, field: &str) -> Vec<Value> {
    list.expect(200).body["items"].as_array().unwrap().iter().map(|row| row[field].clone()).collect()
}

/// What is wrong with a request, as `/pointer CODE`.
#[track_caller]
fn faults(answer: &Response, code: &str) -> Vec<String> {
    let errors = answer.expect_problem(422, code).body["errors"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    errors.iter().map(|error| format!("{} {}", text(&error["pointer"]), text(&error["code"]))).collect()
}

/// What the audit trail tells of something, oldest first, as soon as it tells `count` things.
async fn actions(who: &Client, path: &str, count: usize) -> Vec<String> {
    let trail = format!("/identity/v1/audit-events?limit=200&entityId={}", id(path));
    let told = who.get_until(&trail, |answer| answer.body["items"].as_array().is_some_and(|rows| rows.len() >= count));
    let rows = column(&told.await, "action");
    rows.iter().rev().map(|action| action.as_str().unwrap().to_owned()).collect()
}
