//! Statuses that telemetry proves: real values through the gateway, evaluated by telemetry, told as facts, heard here.

use chrono::Duration;
use diesel_async::RunQueryDsl;
use kernel::Timestamp;
use serde_json::{Value, json};
use testkit::{Client, Response};

use super::{assign, attribute, column, customer, id, items, plan, product, read_after, set, task_path, tasks};
use crate::support::{Stage, on_stage};

/// A plan of two tasks that telemetry proves: `Connect` needs three sites, `Train` needs people trained.
struct Deployment {
    stage: std::rc::Rc<Stage>,
    assignment: Value,
    connect: Value,
    train: Value,
    began: Timestamp,
}

impl Deployment {
    async fn new(stage: std::rc::Rc<Stage>) -> Self {
        let admin = &stage.admin;
        let of = [json!({ "name": "Connect", "weight": 60 }), json!({ "name": "Train", "weight": 40 })];
        let (product, of) = product(admin, "Harbour Gate", &of).await;
        attribute(admin, &of[0], "sites", "NUMBER", json!({ "operator": ">=", "value": 3 })).await;
        attribute(admin, &of[1], "trained", "BOOLEAN", json!({ "value": true })).await;
        let customer = customer(admin, "Northwind").await;
        let assignment = assign(admin, &customer, &product, json!({})).await;
        let [connect, train] = <[Value; 2]>::try_from(tasks(admin, &assignment).await).unwrap();
        let began = stage.clock.now() - Duration::hours(1);
        Self { stage, assignment, connect, train, began }
    }

    fn who(&self) -> &Client {
        &self.stage.admin
    }

    /// Values that a feed reports, each observed so many minutes after the beginning.
    fn values(&self, of: &[(&str, Value, i64)]) -> Vec<Value> {
        let value = |(name, value, minute): &(&str, Value, i64)| {
            let observed_at = (self.began + Duration::minutes(*minute)).to_string();
            json!({ "assignmentId": self.assignment["id"], "attributeName": name, "value": value, "observedAt": observed_at })
        };
        of.iter().map(value).collect()
    }

    /// Sends values that are all taken.
    async fn report(&self, of: &[(&str, Value, i64)]) -> Response {
        self.send(json!({ "values": self.values(of) })).await
    }

    /// Sends values and says that they are all there is.
    async fn report_all(&self, of: &[(&str, Value, i64)]) -> Response {
        self.send(json!({ "values": self.values(of), "complete": { "assignmentIds": [self.assignment["id"]] } })).await
    }

    async fn send(&self, batch: Value) -> Response {
        let receipt = self.who().post("/telemetry/v1/values", &batch).await;
        assert_eq!(receipt.expect(200).body["refused"], 0, "{}", receipt.text);
        receipt
    }

    /// Status and source of a task once what was reported has arrived.
    async fn status(&self, reported: &Response, task: &Value) -> [String; 2] {
        let now = read_after(self.who(), reported, &task_path(task)).await;
        ["status", "statusSource"].map(|name| now.expect(200).body[name].as_str().unwrap().to_owned())
    }

    async fn history(&self, task: &Value) -> Vec<Value> {
        items(&self.who().get(&format!("{}/history", task_path(task))).await)
    }
}

#[test]
fn a_step_that_telemetry_proves_is_done_and_its_history_says_so() {
    on_stage(async |stage| {
        let here = Deployment::new(stage).await;
        let begun = here.report(&[("sites", json!(1), 1)]).await;
        assert_eq!(here.status(&begun, &here.connect).await, ["IN_PROGRESS", "TELEMETRY"]);
        let proved = here.report(&[("sites", json!(3), 2)]).await;
        assert_eq!(here.status(&proved, &here.connect).await, ["DONE", "TELEMETRY"]);
        let task = here.who().get(&task_path(&here.connect)).await.body;
        assert!(task["completedAt"].is_string());
        assert_eq!(task["statusUpdatedBy"], Value::Null);
        let told = &task["telemetry"];
        assert_eq!((&told["active"], &told["requiredMet"], &told["percent"]), (&json!(1), &json!(1), &json!(100)));
        assert_eq!((&told["allRequiredMet"], told["evaluatedAt"].is_string()), (&json!(true), true));
        let silent = here.who().get(&task_path(&here.train)).await.body["telemetry"].clone();
        assert_eq!(
            (&silent["active"], &silent["percent"], &silent["evaluatedAt"]),
            (&json!(1), &json!(0), &Value::Null)
        );
        assert_eq!(here.status(&proved, &here.train).await, ["NOT_STARTED", "SYSTEM"], "nobody spoke of it");
        let plan = plan(here.who(), &here.assignment).await;
        assert_eq!((&plan["completedTasks"], &plan["progressPercentage"]), (&json!(1), &json!(60)));

        let history = here.history(&here.connect).await;
        assert_eq!(column(&history, "status"), ["IN_PROGRESS", "DONE"]);
        assert_eq!(column(&history, "source"), ["TELEMETRY", "TELEMETRY"]);
        assert_eq!(history[1]["text"], "1 of 1 attributes have data, 1 of 1 required ones met.");
        assert_eq!(history[1]["by"], Value::Null);
    });
}

#[test]
fn fresh_data_that_fail_take_a_proved_step_back() {
    on_stage(async |stage| {
        let here = Deployment::new(stage).await;
        let proved = here.report(&[("sites", json!(5), 1), ("trained", json!(true), 1)]).await;
        assert_eq!(here.status(&proved, &here.connect).await, ["DONE", "TELEMETRY"]);
        assert_eq!(plan(here.who(), &here.assignment).await["progressPercentage"], 100);
        let failing = here.report(&[("sites", json!(2), 2)]).await;
        assert_eq!(here.status(&failing, &here.connect).await, ["IN_PROGRESS", "TELEMETRY"]);
        assert_eq!(here.who().get(&task_path(&here.connect)).await.body["completedAt"], Value::Null);
        assert_eq!(plan(here.who(), &here.assignment).await["progressPercentage"], 40);
        let late = here.report(&[("sites", json!(9), 0)]).await;
        assert_eq!(here.status(&late, &here.connect).await, ["IN_PROGRESS", "TELEMETRY"], "it was observed earlier");
    });
}

#[test]
fn a_step_no_longer_used_stays_so_until_data_return() {
    on_stage(async |stage| {
        let here = Deployment::new(stage).await;
        let proved = here.report_all(&[("sites", json!(3), 1), ("trained", json!(true), 1)]).await;
        assert_eq!(here.status(&proved, &here.connect).await, ["DONE", "TELEMETRY"]);
        let silent = here.report_all(&[("trained", json!(true), 2)]).await;
        assert_eq!(here.status(&silent, &here.connect).await, ["NO_LONGER_USING", "TELEMETRY"]);
        let sums = plan(here.who(), &here.assignment).await;
        assert_eq!((&sums["totalTasks"], &sums["progressPercentage"]), (&json!(2), &json!(40)), "it still counts");
        let silent = here.report_all(&[("trained", json!(true), 3)]).await;
        assert_eq!(here.status(&silent, &here.connect).await, ["NO_LONGER_USING", "TELEMETRY"]);
        let partial = here.report(&[("trained", json!(false), 4)]).await;
        assert_eq!(here.status(&partial, &here.connect).await, ["NO_LONGER_USING", "TELEMETRY"]);
        let failing = here.report(&[("sites", json!(1), 5)]).await;
        assert_eq!(here.status(&failing, &here.connect).await, ["IN_PROGRESS", "TELEMETRY"]);
        let back = here.report(&[("sites", json!(4), 6)]).await;
        assert_eq!(here.status(&back, &here.connect).await, ["DONE", "TELEMETRY"]);
        let statuses = column(&here.history(&here.connect).await, "status");
        assert_eq!(statuses, ["DONE", "NO_LONGER_USING", "IN_PROGRESS", "DONE"]);
    });
}

#[test]
fn what_a_person_has_set_stays_until_it_is_handed_back() {
    on_stage(async |stage| {
        let here = Deployment::new(stage).await;
        for held in ["IN_PROGRESS", "NOT_APPLICABLE", "NO_LONGER_USING"] {
            set(here.who(), &here.connect, held).await.expect(200);
            let minute = i64::try_from(held.len()).unwrap();
            let met = here.report(&[("sites", json!(3), minute)]).await;
            assert_eq!(here.status(&met, &here.connect).await, [held, "MANUAL"]);
        }
        set(here.who(), &here.train, "DONE").await.expect(200);
        let failing = here.report(&[("trained", json!(false), 20)]).await;
        assert_eq!(here.status(&failing, &here.train).await, ["DONE", "MANUAL"]);
        let silent = here.report_all(&[("sites", json!(3), 30)]).await;
        assert_eq!(here.status(&silent, &here.train).await, ["DONE", "MANUAL"], "never by itself NO_LONGER_USING");

        let handed = set(here.who(), &here.connect, "NOT_STARTED").await;
        assert_eq!(handed.expect(200).body["status"], "DONE", "the latest facts count at once");
        assert_eq!(handed.body["statusSource"], "TELEMETRY");
        let history = here.history(&here.connect).await;
        assert_eq!(column(&history[3..], "status"), ["NOT_STARTED", "DONE"]);
        assert_eq!(column(&history[3..], "source"), ["MANUAL", "TELEMETRY"]);
        let failing = here.report(&[("sites", json!(0), 40)]).await;
        assert_eq!(here.status(&failing, &here.connect).await, ["IN_PROGRESS", "TELEMETRY"]);
    });
}

#[test]
fn facts_that_come_twice_count_once() {
    on_stage(async |stage| {
        let here = Deployment::new(stage).await;
        for (minute, sites) in [(1, 1), (2, 3)] {
            let reported = here.report(&[("sites", json!(sites), minute)]).await;
            here.status(&reported, &here.connect).await;
        }
        let before = here.who().get(&task_path(&here.connect)).await;
        let (history, sums) = (here.history(&here.connect).await, plan(here.who(), &here.assignment).await);

        // The relay forgets that it published: everything telemetry told comes again, under the same event ids.
        let mut administrator = here.stage.world.administrator().await;
        let forget = diesel::sql_query("update telemetry.events set published_at = null");
        assert_eq!(forget.execute(&mut administrator).await.unwrap(), 2);
        // What is told afterwards arrives after all that.
        let after = here.report(&[("trained", json!(true), 3)]).await;
        assert_eq!(here.status(&after, &here.train).await, ["DONE", "TELEMETRY"]);

        assert_eq!(here.who().get(&task_path(&here.connect)).await.body, before.body);
        assert_eq!(here.history(&here.connect).await, history);
        let now = plan(here.who(), &here.assignment).await;
        assert_eq!(now["version"].as_i64(), sums["version"].as_i64().map(|version| version + 1));
        assert_eq!(now["progressPercentage"], 100);
    });
}

#[test]
fn an_assignment_that_was_taken_back_takes_no_values() {
    on_stage(async |stage| {
        let here = Deployment::new(stage).await;
        let proved = here.report(&[("sites", json!(3), 1)]).await;
        here.status(&proved, &here.connect).await;
        let removed = here.who().delete(&format!("/adoption/v1/assignments/{}", id(&here.assignment))).await;
        let list = format!("/telemetry/v1/attributes?assignmentId={}", id(&here.assignment));
        read_after(here.who(), removed.expect(204), &list).await.expect(200);
        let late = json!({ "values": here.values(&[("sites", json!(4), 2)]) });
        let refused = here.who().post("/telemetry/v1/values", &late).await;
        assert_eq!(refused.expect(200).body["refusals"][0]["code"], "ASSIGNMENT_UNKNOWN", "{}", refused.text);
    });
}
