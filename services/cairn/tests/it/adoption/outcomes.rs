//! Outcomes of plans: baseline, target, what was measured.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, send};

use super::{assign, column, customer, id, items, make, plan_path, pointers, product, set, tasks, walk};
use crate::support::on_stage;

/// A plan with a task for each of two outcomes and one for all; returns the assignment and three outcomes.
async fn planned_for_outcomes(admin: &Client) -> (Value, Vec<Value>) {
    let (gate, _) = product(admin, "Harbour Gate", &[]).await;
    let under = format!("/catalog/v1/products/{}", id(&gate));
    let mut outcomes = Vec::new();
    for name in ["Uptime", "Fewer tickets", "Nothing is for it"] {
        outcomes.push(make(admin, &format!("{under}/outcomes"), &json!({ "name": name })).await["id"].clone());
    }
    for (name, weight, served) in [
        ("for uptime", 30, json!([outcomes[0]])),
        ("for tickets", 50, json!([outcomes[1]])),
        ("for all", 20, json!([])),
    ] {
        make(admin, &format!("{under}/tasks"), &json!({ "name": name, "weight": weight, "outcomeIds": served })).await;
    }
    let northwind = customer(admin, "Northwind").await;
    (assign(admin, &northwind, &gate, json!({})).await, outcomes)
}

fn path_of(assignment: &Value, outcome: &Value) -> String {
    format!("{}/outcomes/{}", plan_path(assignment), outcome.as_str().unwrap())
}

#[test]
fn an_outcome_is_measured_from_its_baseline_to_its_target() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (assignment, outcomes) = planned_for_outcomes(admin).await;
        let all = format!("{}/outcomes", plan_path(&assignment));
        let first = items(&admin.get(&all).await);
        assert_eq!(column(&first, "outcomeId"), outcomes, "choosing none means all of them");
        assert!(first.iter().all(|one| one["goal"].is_null() && one["progressPercentage"].is_null()));

        let goal = path_of(&assignment, &outcomes[1]);
        let made = admin.put(&goal, &json!({ "baseline": 40, "target": 10, "unit": " tickets a week " })).await;
        assert_eq!(made.expect(200).version(), Some(1));
        assert_eq!((&made.body["direction"], &made.body["unit"]), (&json!("DOWN"), &json!("tickets a week")));
        let measurements = format!("{goal}/measurements");
        let me = admin.get("/identity/v1/me").await.body["userId"].clone();
        for (value, at) in [(31, "2026-10-31T12:00:00Z"), (25, "2026-11-15T12:00:00Z"), (35, "2026-10-01T12:00:00Z")] {
            let measured = json!({ "value": value, "measuredAt": at, "note": "Monthly report" });
            assert_eq!(admin.post(&measurements, &measured).await.expect(201).body["by"], me);
        }
        let listed = items(&admin.get(&format!("{measurements}?count=true")).await);
        assert_eq!(column(&listed, "value"), [25.0, 31.0, 35.0], "the value measured last comes first");
        assert_eq!(walk(admin, &measurements).await, listed);

        let of_tickets = async || items(&admin.get(&all).await).remove(1);
        let shown = of_tickets().await;
        assert_eq!((&shown["progressPercentage"], &shown["isReached"]), (&json!(50), &json!(false)));
        assert_eq!(shown["measured"], listed[0]);
        assert_eq!(shown["tasks"], json!({ "totalTasks": 2, "completedTasks": 0, "progressPercentage": 0 }));
        set(admin, &tasks(admin, &assignment).await[2], "DONE").await.expect(200);
        let done = json!({ "totalTasks": 2, "completedTasks": 1, "progressPercentage": 28.57 });
        assert_eq!(of_tickets().await["tasks"], done, "a task without outcomes serves all of them");

        let farther = json!({ "baseline": 40, "target": 25, "unit": "tickets a week" });
        admin.put(&goal, &farther).await.expect_problem(428, "PRECONDITION_REQUIRED");
        for version in ["\"1\"", "\"2\""] {
            let set = send(admin.request(Method::PUT, &goal).header("if-match", version).json(&farther)).await;
            assert_eq!(set.expect(200).version(), Some(2), "the same is no change");
        }
        let reached = of_tickets().await;
        assert_eq!((&reached["progressPercentage"], &reached["isReached"]), (&json!(100), &json!(true)));

        let unserved = path_of(&assignment, &outcomes[2]);
        admin.put(&unserved, &json!({ "baseline": 0, "target": 1 })).await.expect(200);
        let narrower = json!({ "outcomeIds": [outcomes[0]] });
        let path = format!("/adoption/v1/assignments/{}", id(&assignment));
        admin.patch(&path, None, &narrower).await.expect(200);
        assert_eq!(column(&items(&admin.get(&all).await), "outcomeId"), outcomes, "one with a goal is shown as well");
        admin.delete(&goal).await.expect_problem(428, "PRECONDITION_REQUIRED");
        let remove = async |version: &str| send(admin.request(Method::DELETE, &goal).header("if-match", version)).await;
        remove("\"1\"").await.expect_problem(412, "VERSION_MISMATCH");
        for _ in 0..2 {
            remove("\"2\"").await.expect(204);
        }
        let bare = of_tickets().await;
        assert_eq!((&bare["goal"], &bare["measured"], &bare["isReached"]), (&Value::Null, &Value::Null, &json!(false)));
        admin.post(&measurements, &json!({ "value": 1 })).await.expect_problem(409, "OUTCOME_GOAL_MISSING");
        assert_eq!(items(&admin.get(&measurements).await), listed, "what was measured is history");
        let again = json!({ "baseline": 40, "target": 10 });
        for stale in ["\"2\"", "\"3\""] {
            let stale = send(admin.request(Method::PUT, &goal).header("if-match", stale).json(&again)).await;
            assert_eq!(
                stale.expect_problem(412, "VERSION_MISMATCH").body["detail"],
                "No goal is set; leave If-Match out."
            );
        }
        let again = admin.put(&goal, &again).await;
        assert_eq!((again.expect(200).id(), again.version()), (made.id(), Some(4)));
        assert_eq!(of_tickets().await["measured"], listed[0], "and counts again");

        let trail = format!("/identity/v1/audit-events?entityId={}", made.id());
        let trail = admin.get_until(&trail, |answer| answer.body["items"][3].is_object()).await;
        assert_eq!(column(&items(&trail), "action"), ["set", "removed", "set", "set"]);
        assert_eq!(trail.body["items"][2]["changes"]["target"], json!({ "before": 10.0, "after": 25.0 }));
    });
}

#[test]
fn what_was_measured_by_mistake_is_taken_back_and_stays_in_the_history() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (assignment, outcomes) = planned_for_outcomes(admin).await;
        let goal = path_of(&assignment, &outcomes[0]);
        admin.put(&goal, &json!({ "baseline": 0, "target": 100 })).await.expect(200);
        let measurements = format!("{goal}/measurements");
        for (value, at) in [(20, "2026-10-01T12:00:00Z"), (90, "2026-11-01T12:00:00Z")] {
            admin.post(&measurements, &json!({ "value": value, "measuredAt": at })).await.expect(201);
        }
        let progress = async || {
            let all = items(&admin.get(&format!("{}/outcomes", plan_path(&assignment))).await);
            all[0]["progressPercentage"].clone()
        };
        assert_eq!(progress().await, 90);
        let mistaken = items(&admin.get(&measurements).await)[0].clone();
        let path = format!("{measurements}/{}", id(&mistaken));
        for _ in 0..2 {
            admin.delete(&path).await.expect(204);
        }
        assert_eq!(progress().await, 20);
        let kept = items(&admin.get(&measurements).await);
        assert_eq!((column(&kept, "value"), &kept[1]["retractedAt"]), (vec![json!(90.0), json!(20.0)], &Value::Null));
        assert!(kept[0]["retractedAt"].is_string() && kept[0]["retractedBy"] == mistaken["by"], "{kept:?}");
        let trail = format!("/identity/v1/audit-events?entityId={}", id(&mistaken));
        let trail = admin.get_until(&trail, |answer| answer.body["items"][1].is_object()).await;
        assert_eq!(column(&items(&trail), "action"), ["retracted", "created"]);
        let elsewhere = path_of(&assignment, &outcomes[1]);
        let nowhere = format!("{elsewhere}/measurements/{}", id(&mistaken));
        admin.delete(&nowhere).await.expect_problem(404, "NOT_FOUND");
    });
}

#[test]
fn a_goal_or_a_measurement_that_means_nothing_is_refused() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (assignment, outcomes) = planned_for_outcomes(admin).await;
        let goal = path_of(&assignment, &outcomes[0]);
        let refused = async |body: Value, fault: &str| {
            let answer = admin.put(&goal, &body).await;
            assert_eq!(pointers(answer.expect_problem(422, "CONTENT_INVALID")), [fault]);
        };
        refused(json!({ "baseline": 1, "target": 1.0 }), "/target").await;
        refused(json!({ "baseline": 1 }), "/target").await;
        refused(json!({ "baseline": 1e300, "target": 1 }), "/baseline").await;
        refused(json!({ "baseline": "1", "target": 2 }), "/baseline").await;
        refused(json!({ "baseline": 1, "target": 2, "direction": "UP" }), "/direction").await;
        let measurements = format!("{goal}/measurements");
        admin.post(&measurements, &json!({ "value": 1 })).await.expect_problem(409, "OUTCOME_GOAL_MISSING");
        let nobodys = path_of(&assignment, &json!(kernel::OutcomeId::fresh()));
        admin.put(&nobodys, &json!({ "baseline": 0, "target": 1 })).await.expect_problem(404, "NOT_FOUND");

        admin.put(&goal, &json!({ "baseline": 99, "target": 99.9, "unit": "%" })).await.expect(200);
        let later = stage.clock.now() + chrono::Duration::minutes(10);
        let ahead = admin.post(&measurements, &json!({ "value": 99.5, "measuredAt": later })).await;
        assert_eq!(pointers(ahead.expect_problem(422, "CONTENT_INVALID")), ["/measuredAt"]);
        let ancient = json!({ "value": 99.5, "measuredAt": "0001-01-01T00:00:00Z" });
        let ancient = admin.post(&measurements, &ancient).await;
        assert_eq!(pointers(ancient.expect_problem(422, "CONTENT_INVALID")), ["/measuredAt"]);
    });
}

#[test]
fn a_goal_is_set_on_what_was_seen_and_for_a_customer_who_is_there() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (assignment, outcomes) = planned_for_outcomes(admin).await;
        let goal = path_of(&assignment, &outcomes[0]);
        let command = json!({ "baseline": 90, "target": 99 });
        admin.put(&goal, &command).await.expect(200);
        let stale = admin.request(Method::PUT, &goal).header("if-match", "\"7\"");
        send(stale.json(&json!({ "baseline": 0, "target": 1 }))).await.expect_problem(412, "VERSION_MISMATCH");
        let task = tasks(admin, &assignment).await.remove(0);
        let customer = format!("/adoption/v1/customers/{}", assignment["customerId"].as_str().unwrap());
        admin.delete(&customer).await.expect(204);
        admin.put(&goal, &command).await.expect_problem(409, "CUSTOMER_DELETED");
        let measured = json!({ "value": 95, "measuredAt": "2026-11-15T12:00:00Z" });
        admin.post(&format!("{goal}/measurements"), &measured).await.expect_problem(409, "CUSTOMER_DELETED");
        set(admin, &task, "DONE").await.expect_problem(409, "CUSTOMER_DELETED");
        let many = json!({ "customerTaskIds": [task["id"]], "status": "DONE" });
        let bulk = format!("{}/tasks/bulk-status", plan_path(&assignment));
        admin.post(&bulk, &many).await.expect_problem(409, "CUSTOMER_DELETED");
    });
}
