//! Adoption: customers, what they are assigned, their plans, and the status of each task.

mod assignments;
mod customers;
mod facts;
mod filters;
mod outcomes;
mod plans;
mod statuses;
mod workbooks;

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, Response, send};

const CUSTOMERS: &str = "/adoption/v1/customers";

/// Makes something and returns it as it was answered.
pub(crate) async fn make(who: &Client, path: &str, body: &Value) -> Value {
    who.post(path, body).await.expect(201).body.clone()
}

/// Makes a product with these tasks, in order; returns the product and the tasks.
pub(crate) async fn product(who: &Client, name: &str, tasks: &[Value]) -> (Value, Vec<Value>) {
    let product = make(who, "/catalog/v1/products", &json!({ "name": name })).await;
    let path = format!("/catalog/v1/products/{}/tasks", id(&product));
    let mut made = Vec::new();
    for task in tasks {
        made.push(make(who, &path, task).await);
    }
    (product, made)
}

/// Adds a required telemetry attribute to a catalog task.
pub(crate) async fn attribute(who: &Client, task: &Value, name: &str, data_type: &str, criteria: Value) -> Value {
    let path = format!("/catalog/v1/tasks/{}/telemetry-attributes", id(task));
    let attribute = json!({ "name": name, "dataType": data_type, "isRequired": true, "successCriteria": criteria });
    make(who, &path, &attribute).await
}

/// Makes a customer.
pub(crate) async fn customer(who: &Client, name: &str) -> Value {
    make(who, CUSTOMERS, &json!({ "name": name })).await
}

/// Tries to assign a product at the highest licence level; `more` adds to the command or replaces parts of it.
pub(crate) async fn try_assign(who: &Client, customer: &Value, product: &Value, more: Value) -> Response {
    let mut command = json!({ "productId": product["id"], "name": "Head office", "licenseLevel": "SIGNATURE" });
    command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    who.post(&format!("{CUSTOMERS}/{}/assignments", id(customer)), &command).await
}

/// As [`try_assign`], for an assignment that is made.
pub(crate) async fn assign(who: &Client, customer: &Value, product: &Value, more: Value) -> Value {
    try_assign(who, customer, product, more).await.expect(201).body.clone()
}

/// The plan of an assignment.
pub(crate) async fn plan(who: &Client, assignment: &Value) -> Value {
    who.get(&plan_path(assignment)).await.expect(200).body.clone()
}

/// The tasks of an assignment's plan.
pub(crate) async fn tasks(who: &Client, assignment: &Value) -> Vec<Value> {
    items(&who.get(&format!("{}/tasks", plan_path(assignment))).await)
}

/// A customer of ours with a product of these tasks, assigned and planned; returns the assignment and its tasks.
pub(crate) async fn planned(who: &Client, of: &[Value]) -> (Value, Vec<Value>) {
    let (product, _) = product(who, "Harbour Gate", of).await;
    let customer = customer(who, "Northwind Ferries").await;
    let assignment = assign(who, &customer, &product, json!({})).await;
    let tasks = tasks(who, &assignment).await;
    (assignment, tasks)
}

/// Sets the status of a customer task.
pub(crate) async fn set(who: &Client, task: &Value, status: &str) -> Response {
    who.patch(&task_path(task), None, &json!({ "status": status })).await
}

/// Reads what a write led to: once this side has heard of it, and before that never.
pub(crate) async fn read_after(who: &Client, written: &Response, path: &str) -> Response {
    let position = written.header("cairn-position");
    for _ in 0..10 {
        let request = who.request(Method::GET, path);
        let request = if position.is_empty() { request } else { request.header("cairn-read-after", position) };
        let answer = send(request).await;
        // On a busy machine it may take longer than a reader is made to wait.
        if answer.body["code"] != "PROJECTION_BEHIND" {
            return answer;
        }
    }
    panic!("{path} did not catch up");
}

pub(crate) fn id(of: &Value) -> &str {
    of["id"].as_str().unwrap()
}

pub(crate) fn plan_path(assignment: &Value) -> String {
    format!("/adoption/v1/plans/{}", assignment["planId"].as_str().unwrap())
}

pub(crate) fn task_path(task: &Value) -> String {
    format!("/adoption/v1/customer-tasks/{}", id(task))
}

/// The rows of a list.
#[track_caller]
pub(crate) fn items(list: &Response) -> Vec<Value> {
    list.expect(200).body["items"].as_array().unwrap().clone()
}

/// One field of each row.
pub(crate) fn column(rows: &[Value], name: &str) -> Vec<Value> {
    rows.iter().map(|row| row[name].clone()).collect()
}

/// Where a list's pages lead, two rows at a time: every row once, in order.
async fn walk(who: &Client, path: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let with = if path.contains('?') { '&' } else { '?' };
        let page = who.get(&format!("{path}{with}limit=2{cursor}")).await;
        let found = items(&page);
        assert!((1..=2).contains(&found.len()), "{}", page.text);
        rows.extend(found);
        let Some(next) = page.body["nextCursor"].as_str() else { return rows };
        cursor = format!("&cursor={next}");
    }
}

/// The pointers of a problem's faults.
fn pointers(problem: &Response) -> Vec<&str> {
    problem.body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect()
}
