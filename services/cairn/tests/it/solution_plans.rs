//! Solution plans: a solution assigned with its products, the sums of all of them, changes, syncs, and the way back.

mod rules;

use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, Response, send};

use crate::adoption::{assign, column, customer, id, items, make, plan, plan_path, product, read_after, set, tasks};
use crate::support::on_stage;

const SOLUTION_PLANS: &str = "/adoption/v1/solution-plans";

/// A solution of two products, and a customer who has the first of them already.
struct Port {
    gate: Value,
    crane: Value,
    solution: Value,
    customer: Value,
    /// The gate, as the customer had it before.
    had: Value,
}

/// Tasks of these weights.
fn weighing(weights: &[i32]) -> Vec<Value> {
    weights.iter().map(|weight| json!({ "name": format!("Step of {weight}"), "weight": weight })).collect()
}

impl Port {
    async fn new(who: &Client) -> Self {
        let (gate, _) = product(who, "Harbour Gate", &weighing(&[50, 30, 20])).await;
        let (crane, _) = product(who, "Crane Watch", &weighing(&[60])).await;
        let solution = make(who, "/catalog/v1/solutions", &json!({ "name": "Whole harbour" })).await;
        let port = Self { customer: customer(who, "Northwind").await, had: Value::Null, gate, crane, solution };
        for task in weighing(&[25, 75]) {
            make(who, &port.of_solution("/tasks"), &task).await;
        }
        port.bundle(who, &[&port.gate, &port.crane]).await;
        let had = assign(who, &port.customer, &port.gate, json!({ "licenseLevel": "ESSENTIAL" })).await;
        Self { had, ..port }
    }

    fn of_solution(&self, more: &str) -> String {
        format!("/catalog/v1/solutions/{}{more}", id(&self.solution))
    }

    async fn bundle(&self, who: &Client, products: &[&Value]) {
        let ids: Vec<&str> = products.iter().map(|product| id(product)).collect();
        who.put(&self.of_solution("/products"), &json!({ "productIds": ids })).await.expect(200);
    }

    async fn try_assign(&self, who: &Client, more: Value) -> Response {
        let mut command =
            json!({ "solutionId": self.solution["id"], "name": "Rotterdam", "licenseLevel": "SIGNATURE" });
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        who.post(&format!("/adoption/v1/customers/{}/assignments", id(&self.customer)), &command).await
    }

    /// The solution as it is assigned to the customer.
    async fn assign(&self, who: &Client) -> Value {
        self.try_assign(who, json!({})).await.expect(201).body.clone()
    }
}

fn path(whole: &Value) -> String {
    format!("{SOLUTION_PLANS}/{}", whole["solutionPlanId"].as_str().unwrap())
}

/// The solution plan of an assignment.
async fn shown(who: &Client, whole: &Value) -> Value {
    who.get(&path(whole)).await.expect(200).body.clone()
}

/// Waits until the solution plan of an assignment says whether it is behind.
async fn needs_sync(who: &Client, whole: &Value, expected: bool) {
    let shown = who.get_until(&path(whole), |plan| plan.body["needsSync"] == expected).await;
    assert_eq!(shown.expect(200).body["needsSync"], expected);
}

/// What a sync would do, part by part.
async fn preview(who: &Client, whole: &Value) -> Vec<Value> {
    let preview = who.get(&format!("{}/sync", path(whole))).await;
    preview.expect(200).body["parts"].as_array().unwrap().clone()
}

async fn sync(who: &Client, whole: &Value) -> Response {
    who.post(&format!("{}/sync", path(whole)), &json!({})).await
}

/// A part of a solution plan as an assignment: enough to find its plan by.
fn part(shown: &Value, at: usize) -> Value {
    json!({ "id": shown["parts"][at]["assignmentId"], "planId": shown["parts"][at]["id"] })
}

/// Weight in all, weight done, percent, and how far it has come.
fn sums(shown: &Value) -> (f64, f64, f64, &str) {
    let number = |name: &str| shown[name].as_f64().unwrap();
    let status = shown["status"].as_str().unwrap();
    (number("totalWeight"), number("completedWeight"), number("progressPercentage"), status)
}

/// Sets the first task of a plan that has this weight.
async fn done(who: &Client, assignment: &Value, weight: i32) -> Response {
    let all = tasks(who, assignment).await;
    let task = all.iter().find(|task| task["weight"] == f64::from(weight)).unwrap();
    set(who, task, "DONE").await
}

#[test]
fn a_solution_comes_with_its_products_and_what_the_customer_has_is_not_doubled() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        let whole = port.assign(admin).await;
        assert_eq!((&whole["productId"], &whole["solutionId"]), (&Value::Null, &port.solution["id"]));
        assert_eq!(whole["productName"], "Whole harbour");
        let shown = shown(admin, &whole).await;
        assert_eq!((&shown["assignmentId"], &shown["planId"]), (&whole["id"], &whole["planId"]));
        assert_eq!((&shown["needsSync"], &shown["version"]), (&json!(false), &json!(1)));
        let parts = shown["parts"].as_array().unwrap();
        assert_eq!(column(parts, "productName"), ["Whole harbour", "Harbour Gate", "Crane Watch"]);
        assert_eq!(column(parts, "productId"), [Value::Null, port.gate["id"].clone(), port.crane["id"].clone()]);
        assert_eq!(parts[1]["assignmentId"], port.had["id"], "the customer had it");
        assert_eq!(column(parts, "solutionPlanId"), vec![shown["id"].clone(); 3]);
        assert_eq!(column(&tasks(admin, &whole).await, "name"), ["Step of 25", "Step of 75"]);

        let all = items(&admin.get(&format!("/adoption/v1/customers/{}/assignments", id(&port.customer))).await);
        let made = all.iter().find(|assignment| assignment["productId"] == port.crane["id"]).unwrap();
        assert_eq!((all.len(), made["name"].as_str()), (3, Some("Rotterdam - Whole harbour - Crane Watch")));
        let by = async |filter: &str| items(&admin.get(&format!("{SOLUTION_PLANS}?{filter}")).await).len();
        assert_eq!(by(&format!("customerId={}", id(&port.customer))).await, 1);
        assert_eq!(by(&format!("solutionId={}", id(&port.gate))).await, 0);
        let plans = admin.get(&format!("/adoption/v1/plans?solutionPlanId={}", id(&shown))).await;
        assert_eq!(items(&plans).len(), 3);

        // Under another name it is another deployment: what is a part already stays where it is.
        let other = port.try_assign(admin, json!({ "name": "Ghent" })).await.expect(201).body.clone();
        let shown = self::shown(admin, &other).await;
        assert_ne!(shown["parts"][1]["assignmentId"], port.had["id"]);
    });
}

#[test]
fn the_sums_are_those_of_all_parts_and_follow_each_status_at_once() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        done(admin, &port.had, 50).await.expect(200);
        let whole = port.assign(admin).await;
        let before = shown(admin, &whole).await;
        assert_eq!(sums(&before), (260.0, 50.0, 19.23, "IN_PROGRESS"), "what was done before counts");
        done(admin, &whole, 25).await.expect(200);
        let crane = part(&before, 2);
        done(admin, &crane, 60).await.expect(200);
        let after = shown(admin, &whole).await;
        assert_eq!(sums(&after), (260.0, 135.0, 51.92, "IN_PROGRESS"), "the vector of the reference");
        assert_eq!((&after["solutionTasksTotal"], &after["solutionTasksComplete"]), (&json!(2), &json!(1)));
        assert_eq!(after["version"].as_i64(), Some(3));
        assert_eq!(column(after["parts"].as_array().unwrap(), "status"), ["IN_PROGRESS", "IN_PROGRESS", "COMPLETED"]);

        // At the same moment, in different plans.
        let all = [tasks(admin, &whole).await, tasks(admin, &port.had).await].concat();
        futures_util::future::join_all(all.iter().map(async |task| {
            set(admin, task, "DONE").await.expect(200);
        }))
        .await;
        assert_eq!(sums(&shown(admin, &whole).await), (260.0, 260.0, 100.0, "COMPLETED"));
        let step = tasks(admin, &crane).await;
        set(admin, &step[0], "NOT_APPLICABLE").await.expect(200);
        assert_eq!(sums(&shown(admin, &whole).await), (200.0, 200.0, 100.0, "COMPLETED"));
    });
}

#[test]
fn telemetry_proves_a_solutions_own_tasks() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        let own = items(&admin.get(&port.of_solution("/tasks")).await);
        crate::adoption::attribute(admin, &own[1], "sites", "NUMBER", json!({ "operator": ">=", "value": 3 })).await;
        let whole = port.assign(admin).await;
        let value = json!({
            "assignmentId": whole["id"], "attributeName": "sites", "value": 3, "observedAt": stage.clock.now().to_string(),
        });
        let receipt = admin.post("/telemetry/v1/values", &json!({ "values": [value] })).await;
        assert_eq!(receipt.expect(200).body["refused"], 0, "{}", receipt.text);
        let shown = read_after(admin, &receipt, &path(&whole)).await;
        assert_eq!(shown.expect(200).body["completedWeight"], json!(75));
    });
}

#[test]
fn a_sync_brings_the_solution_of_today_and_shows_it_before() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        let whole = port.assign(admin).await;
        done(admin, &port.had, 50).await.expect(200);
        let (yard, _) = product(admin, "Yard", &weighing(&[10])).await;
        port.bundle(admin, &[&yard, &port.gate]).await;
        make(admin, &port.of_solution("/tasks"), &json!({ "name": "Review", "weight": 0 })).await;
        make(admin, &format!("/catalog/v1/products/{}/tasks", id(&port.gate)), &json!({ "name": "Drill" })).await;
        needs_sync(admin, &whole, true).await;

        let parts = &preview(admin, &whole).await;
        assert_eq!(column(parts, "name"), ["Whole harbour", "Yard", "Harbour Gate", "Crane Watch"]);
        assert_eq!(column(parts, "step"), ["FOLLOWS", "IS_MADE", "FOLLOWS", "LEAVES"]);
        assert_eq!(column(parts, "tasks"), [Value::Null, json!(1), Value::Null, Value::Null]);
        assert_eq!(
            (&parts[0]["sync"]["counts"]["added"], &parts[2]["sync"]["counts"]["added"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(shown(admin, &whole).await["parts"].as_array().unwrap().len(), 3, "nothing was written");

        let crane = part(&shown(admin, &whole).await, 2);
        let synced = sync(admin, &whole).await.expect(200).body.clone();
        assert_eq!(synced["plans"].as_array().unwrap().len(), 2, "{synced}");
        let after = shown(admin, &whole).await;
        let parts = after["parts"].as_array().unwrap();
        assert_eq!(column(parts, "productName"), ["Whole harbour", "Yard", "Harbour Gate"]);
        assert_eq!((sums(&after).0, sums(&after).1), (210.0, 50.0));
        assert_eq!(after["totalTasks"], json!(8));
        // What has left is the customer's by itself.
        assert_eq!(plan(admin, &crane).await["solutionPlanId"], Value::Null);
        let crane_path = format!("/adoption/v1/assignments/{}", id(&crane));
        admin.patch(&crane_path, None, &json!({ "licenseLevel": "ESSENTIAL" })).await.expect(200);
        admin.delete(&crane_path).await.expect(204);
        needs_sync(admin, &whole, false).await;
        let again = sync(admin, &whole).await.expect(200).body.clone();
        assert_eq!((&again["plans"], &again["solutionPlan"]["version"]), (&json!([]), &after["version"]));

        // The sync of each plan can be taken back by itself, and the sums follow.
        admin.post(&format!("{}/sync/undo", plan_path(&port.had)), &json!({})).await.expect(200);
        let undone = shown(admin, &whole).await;
        assert_eq!((&undone["totalTasks"], &undone["needsSync"]), (&json!(7), &json!(true)));
        assert_eq!(plan(admin, &port.had).await["completedWeight"], json!(50));
    });
}

#[test]
fn a_solution_plan_is_behind_until_the_whole_has_followed_other_products() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        let whole = port.assign(admin).await;
        port.bundle(admin, &[&port.gate]).await;
        needs_sync(admin, &whole, true).await;
        // Its own tasks can be synced by themselves: that brings no product in, and lets none go.
        let own = admin.post(&format!("{}/sync", plan_path(&whole)), &json!({})).await.expect(200).body.clone();
        assert_eq!(plan(admin, &whole).await["needsSync"], false, "{own}");
        needs_sync(admin, &whole, true).await;
        assert_eq!(column(&preview(admin, &whole).await, "step"), ["FOLLOWS", "FOLLOWS", "LEAVES"]);
        sync(admin, &whole).await.expect(200);
        needs_sync(admin, &whole, false).await;
        // What is told of the solution later says nothing of its products.
        make(admin, &port.of_solution("/tasks"), &json!({ "name": "Review", "weight": 0 })).await;
        needs_sync(admin, &whole, true).await;
        admin.post(&format!("{}/sync", plan_path(&whole)), &json!({})).await.expect(200);
        needs_sync(admin, &whole, false).await;
    });
}

#[test]
fn a_product_that_is_deleted_leaves_as_one_that_the_solution_no_longer_has() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        let whole = port.assign(admin).await;
        let crane = part(&shown(admin, &whole).await, 2);
        let of_crane = format!("/catalog/v1/products/{}", id(&port.crane));
        admin.delete(&of_crane).await.expect(204);
        needs_sync(admin, &whole, true).await;
        assert_eq!(column(&preview(admin, &whole).await, "step"), ["FOLLOWS", "FOLLOWS", "LEAVES"]);

        // One that came back before anybody has synced has not left.
        admin.post(&format!("{of_crane}/restore"), &json!({})).await.expect(200);
        assert_eq!(column(&preview(admin, &whole).await, "step"), ["FOLLOWS"; 3]);
        let restored = admin.get_until(&plan_path(&crane), |plan| plan.body["needsSync"] == true).await;
        assert_eq!(restored.expect(200).body["needsSync"], true);
        sync(admin, &whole).await.expect(200);
        needs_sync(admin, &whole, false).await;

        admin.delete(&of_crane).await.expect(204);
        needs_sync(admin, &whole, true).await;
        sync(admin, &whole).await.expect(200);
        let after = shown(admin, &whole).await;
        assert_eq!((&after["needsSync"], after["parts"].as_array().unwrap().len()), (&json!(false), 2));
        assert_eq!(plan(admin, &crane).await["solutionPlanId"], Value::Null);
    });
}

#[test]
fn a_sync_of_what_somebody_has_moved_on_is_refused_and_changes_nothing() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        let whole = port.assign(admin).await;
        let seen = shown(admin, &whole).await["version"].clone();
        port.bundle(admin, &[&port.gate]).await;
        done(admin, &port.had, 50).await.expect(200);
        let stale = admin.request(Method::POST, &format!("{}/sync", path(&whole)));
        let stale = stale.header("if-match", format!("\"{seen}\"")).json(&json!({}));
        send(stale).await.expect_problem(412, "VERSION_MISMATCH");
        assert_eq!(shown(admin, &whole).await["parts"].as_array().unwrap().len(), 3);
        sync(admin, &whole).await.expect(200);
        assert_eq!(shown(admin, &whole).await["parts"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn a_solution_is_completed_when_the_last_of_it_is_done_and_not_when_it_is_next_touched() {
    on_stage(async |stage| {
        let port = Port::new(&stage.admin).await;
        let whole = port.assign(&stage.admin).await;
        let crane = part(&shown(&stage.admin, &whole).await, 2);
        stage.clock.advance(Duration::days(2));
        let admin = stage.another_session().await;
        for part in [&whole, &port.had, &crane] {
            for task in tasks(&admin, part).await {
                set(&admin, &task, "DONE").await.expect(200);
            }
        }
        let at = shown(&admin, &whole).await["completedAt"].clone();
        assert!(at.is_string());
        stage.clock.advance(Duration::days(8));
        let admin = stage.another_session().await;
        set(&admin, &tasks(&admin, &port.had).await[0], "NOT_APPLICABLE").await.expect(200);
        assert_eq!(shown(&admin, &whole).await["completedAt"], at);
        let compare = format!("/adoption/v1/reports/solutions/{}", id(&port.solution));
        let compared = admin.get(&compare).await.expect(200).body.clone();
        assert_eq!((&compared["averageDaysToComplete"], &compared["successRate"]), (&json!(2), &json!(100)));
        set(&admin, &tasks(&admin, &crane).await[0], "IN_PROGRESS").await.expect(200);
        assert_eq!(shown(&admin, &whole).await["completedAt"], Value::Null);
    });
}
