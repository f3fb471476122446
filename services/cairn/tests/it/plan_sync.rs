//! Plans that follow the catalog again: what a sync shows, does and takes back; one plan at a time and many.

mod impact;
mod many;

use chrono::Duration;
use diesel_async::SimpleAsyncConnection;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, Response, send};

use crate::adoption::{
    assign, attribute, column, customer, id, items, make, plan, plan_path, product, read_after, set, task_path, tasks,
};
use crate::support::{Stage, on_stage};

/// A product of three tasks, `Connect` proved by telemetry, and the plan of a customer who has it.
struct Harbour {
    product: Value,
    tasks: Vec<Value>,
    assignment: Value,
}

impl Harbour {
    async fn new(who: &Client) -> Self {
        let of = [("Connect", 40), ("Train", 35), ("Audit", 25)];
        let of = of.map(|(name, weight)| json!({ "name": name, "weight": weight }));
        let (product, tasks) = product(who, "Harbour Gate", &of).await;
        attribute(who, &tasks[0], "sites", "NUMBER", json!({ "operator": ">=", "value": 3 })).await;
        let customer = customer(who, "Northwind").await;
        let assignment = assign(who, &customer, &product, json!({})).await;
        Self { product, tasks, assignment }
    }

    /// Changes a task of the catalog.
    async fn edit(&self, who: &Client, number: usize, patch: Value) {
        let path = format!("/catalog/v1/tasks/{}", id(&self.tasks[number]));
        let version = who.get(&path).await.expect(200).version();
        who.patch(&path, version, &patch).await.expect(200);
    }

    async fn delete(&self, who: &Client, number: usize) {
        who.delete(&format!("/catalog/v1/tasks/{}", id(&self.tasks[number]))).await.expect(204);
    }

    async fn restore(&self, who: &Client, number: usize) {
        who.post(&format!("/catalog/v1/tasks/{}/restore", id(&self.tasks[number])), &json!({})).await.expect(200);
    }

    /// Makes a task of the catalog.
    async fn add(&self, who: &Client, task: Value) -> Value {
        make(who, &format!("/catalog/v1/products/{}/tasks", id(&self.product)), &task).await
    }

    fn path(&self, more: &str) -> String {
        format!("{}{more}", plan_path(&self.assignment))
    }

    async fn sync(&self, who: &Client) -> Response {
        who.post(&self.path("/sync"), &json!({})).await
    }

    async fn undo(&self, who: &Client) -> Response {
        who.post(&self.path("/sync/undo"), &json!({})).await
    }

    /// The plan's task of a name.
    async fn task(&self, who: &Client, name: &str) -> Value {
        let all = tasks(who, &self.assignment).await;
        all.into_iter().find(|task| task["name"] == name).unwrap_or_else(|| panic!("there is no {name}"))
    }

    async fn history(&self, who: &Client, name: &str) -> Vec<Value> {
        let task = self.task(who, name).await;
        items(&who.get(&format!("{}/history", task_path(&task))).await)
    }

    /// Whether the plan is behind, once the last change of the catalog has arrived.
    async fn needs_sync(&self, who: &Client, expected: bool) {
        let shown = who.get_until(&self.path(""), |plan| plan.body["needsSync"] == expected).await;
        assert_eq!(shown.expect(200).body["needsSync"], expected);
    }

    /// Reports how many sites are connected; returns `Connect` once that has arrived.
    async fn report(&self, stage: &Stage, sites: i64, minute: i64) -> Value {
        let who = &stage.admin;
        let observed_at = (stage.clock.now() - Duration::hours(1) + Duration::minutes(minute)).to_string();
        let value = json!({
            "assignmentId": self.assignment["id"], "attributeName": "sites", "value": sites, "observedAt": observed_at,
        });
        let receipt = who.post("/telemetry/v1/values", &json!({ "values": [value] })).await;
        assert_eq!(receipt.expect(200).body["refused"], 0, "{}", receipt.text);
        let known = tasks(who, &self.assignment).await;
        let connect = known.iter().find(|task| task["originalTaskId"] == self.tasks[0]["id"]).unwrap();
        read_after(who, &receipt, &task_path(connect)).await.expect(200).body.clone()
    }
}

/// Where a task stands.
fn stands(task: &Value) -> [&str; 2] {
    ["status", "statusSource"].map(|name| task[name].as_str().unwrap())
}

/// The version of the plan in an answer to a sync.
fn version(of: &Response) -> Option<i64> {
    of.body["plan"]["version"].as_i64()
}

/// The kinds of rows and what they are about.
fn rows(of: &Response) -> Vec<[&str; 2]> {
    let rows = of.expect(200).body["rows"].as_array().unwrap();
    rows.iter().map(|row| ["change", "name"].map(|part| row[part].as_str().unwrap())).collect()
}

#[test]
fn a_version_that_is_restored_brings_back_what_plans_know() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let here = Harbour::new(admin).await;
        let done = here.report(&stage, 3, 0).await;
        assert_eq!(stands(&done), ["DONE", "TELEMETRY"]);
        let versions = format!("/catalog/v1/products/{}/versions", id(&here.product));
        let kept = make(admin, &versions, &json!({ "name": "Then" })).await;
        let attributes = format!("/catalog/v1/tasks/{}/telemetry-attributes", id(&here.tasks[0]));
        let sites = items(&admin.get(&attributes).await).remove(0);
        admin.delete(&format!("/catalog/v1/telemetry-attributes/{}", id(&sites))).await.expect(204);
        here.delete(admin, 0).await;
        here.needs_sync(admin, true).await;
        here.sync(admin).await.expect(200);
        assert_eq!(stands(&here.task(admin, "Connect").await), ["NOT_APPLICABLE", "SYSTEM"]);

        let import = make(admin, &format!("/catalog/v1/versions/{}/restore", id(&kept)), &json!({})).await;
        admin.post(&format!("/catalog/v1/imports/{}/commit", id(&import)), &json!({})).await.expect(200);
        here.needs_sync(admin, true).await;
        here.sync(admin).await.expect(200);
        let back = here.task(admin, "Connect").await;
        assert_eq!((&back["id"], stands(&back)), (&done["id"], ["DONE", "TELEMETRY"]));
        assert_eq!(stands(&here.report(&stage, 4, 1).await), ["DONE", "TELEMETRY"], "what it measures counts again");
    });
}

#[test]
fn a_dry_run_shows_what_a_sync_does_and_nothing_that_people_did_is_lost() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let here = Harbour::new(admin).await;
        assert_eq!(rows(&admin.get(&here.path("/sync")).await), [[""; 2]; 0]);
        let note = json!({ "status": "DONE", "note": "All shifts trained." });
        let train = here.task(admin, "Train").await;
        admin.patch(&task_path(&train), None, &note).await.expect(200);
        let connect = here.report(&stage, 1, 1).await;
        assert_eq!(stands(&connect), ["IN_PROGRESS", "TELEMETRY"]);

        here.edit(admin, 0, json!({ "name": "Connect sites", "weight": 30, "notes": "Three of them." })).await;
        here.delete(admin, 2).await;
        here.add(admin, json!({ "name": "Drill", "weight": 20 })).await;
        here.needs_sync(admin, true).await;
        let (before, known) = (plan(admin, &here.assignment).await, tasks(admin, &here.assignment).await);
        let shown = admin.get(&here.path("/sync")).await;
        let expected = [["PLAN", "Harbour Gate"], ["CHANGED", "Connect"], ["RETIRED", "Audit"], ["ADDED", "Drill"]];
        assert_eq!(rows(&shown), expected);
        let counts = json!({ "added": 1, "changed": 1, "retired": 1, "revived": 0, "conflicts": 0 });
        assert_eq!(shown.body["counts"], counts);
        let field = &shown.body["rows"][1]["fields"][0];
        assert_eq!([&field["field"], &field["ours"], &field["after"]], ["name", "Connect", "Connect sites"]);
        assert_eq!(plan(admin, &here.assignment).await, before, "a dry run writes nothing");
        assert_eq!(tasks(admin, &here.assignment).await, known);

        let done = here.sync(admin).await;
        assert_eq!(done.expect(200).body["rows"], shown.body["rows"]);
        assert_eq!(done.body["sync"]["counts"], counts);
        assert_eq!(done.body["plan"]["progressPercentage"], shown.body["progressAfter"]);
        assert_eq!(done.body["plan"]["progressPercentage"], 41.18, "35 of 85");
        assert_eq!(
            (version(&done), done.body["sync"]["by"].is_string()),
            (before["version"].as_i64().map(|v| v + 1), true)
        );
        here.needs_sync(admin, false).await;

        let after = tasks(admin, &here.assignment).await;
        assert_eq!(column(&after, "name"), ["Connect sites", "Train", "Audit", "Drill"]);
        let statuses: Vec<_> = after.iter().map(stands).collect();
        assert_eq!(
            statuses,
            [["IN_PROGRESS", "TELEMETRY"], ["DONE", "MANUAL"], ["NOT_APPLICABLE", "SYSTEM"], ["NOT_STARTED", "SYSTEM"]]
        );
        assert_eq!(
            [&after[0]["id"], &after[0]["attributes"][0]["id"]],
            [&connect["id"], &connect["attributes"][0]["id"]]
        );
        assert_eq!(after[1], here.task(admin, "Train").await);
        assert_eq!(here.history(admin, "Train").await[0]["text"], "All shifts trained.");
        let retired = here.history(admin, "Audit").await;
        assert_eq!(
            (column(&retired, "status"), column(&retired, "source")),
            (vec![json!("NOT_APPLICABLE")], vec![json!("SYSTEM")])
        );
        // Telemetry goes on where it was.
        assert_eq!(stands(&here.report(&stage, 3, 2).await), ["DONE", "TELEMETRY"]);
        let listed = items(&admin.get(&here.path("/syncs")).await);
        assert_eq!(listed, [done.body["sync"].clone()]);
    });
}

#[test]
fn what_was_edited_in_the_plan_stays_and_the_row_says_so() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let here = Harbour::new(admin).await;
        // Nobody can edit a plan's task over HTTP yet: this is what an edit leaves.
        let mut behind = stage.world.administrator().await;
        let edit = "insert into adoption.synced_tasks (tenant_id, customer_task_id, plan_id, baseline)
            select tenant_id, id, plan_id, jsonb_build_object('attributes', '{}'::jsonb, 'task', jsonb_build_object(
                'name', name, 'description', description, 'notes', notes, 'weight', weight / 100, 'licenseLevel', license_level,
                'sequenceNumber', sequence_number, 'estMinutes', est_minutes, 'howToDoc', how_to_doc, 'howToVideo', how_to_video,
                'outcomeIds', outcome_ids, 'releaseIds', release_ids))
            from adoption.customer_tasks where name = 'Train';
            update adoption.customer_tasks set name = 'Train the crew' where name = 'Train'";
        behind.batch_execute(edit).await.unwrap();
        assert_eq!(
            rows(&admin.get(&here.path("/sync")).await),
            [[""; 2]; 0],
            "an edit alone is no change of the catalog"
        );
        here.edit(admin, 1, json!({ "name": "Train everybody", "notes": "By shift." })).await;
        let shown = admin.get(&here.path("/sync")).await;
        assert_eq!(shown.expect(200).body["counts"]["conflicts"], 1);
        let [name, notes] = [0, 1].map(|at| shown.body["rows"][1]["fields"][at].clone());
        assert_eq!([&name["then"], &name["now"], &name["after"]], ["Train", "Train everybody", "Train the crew"]);
        assert!(name["conflict"].as_str().unwrap().contains("the plan's value stays"), "{name}");
        assert_eq!((&notes["after"], &notes["conflict"]), (&json!("By shift."), &Value::Null));
        assert_eq!(here.sync(admin).await.expect(200).body["rows"], shown.body["rows"]);
        assert_eq!(here.task(admin, "Train the crew").await["notes"], "By shift.");
        // The edit is remembered from sync to sync, and through retirement.
        here.delete(admin, 1).await;
        here.sync(admin).await.expect(200);
        here.restore(admin, 1).await;
        here.edit(admin, 1, json!({ "name": "Train them all" })).await;
        assert_eq!(here.sync(admin).await.expect(200).body["sync"]["counts"]["conflicts"], 1);
        assert_eq!(here.task(admin, "Train the crew").await["status"], "NOT_STARTED");
    });
}

#[test]
fn a_choice_of_outcomes_and_releases_stays() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (gate, _) = product(admin, "Harbour Gate", &[]).await;
        let under = format!("/catalog/v1/products/{}", id(&gate));
        let mut outcomes = Vec::new();
        for name in ["Uptime", "Speed"] {
            outcomes.push(make(admin, &format!("{under}/outcomes"), &json!({ "name": name })).await["id"].clone());
        }
        let customer = customer(admin, "Northwind").await;
        let assignment = assign(admin, &customer, &gate, json!({ "outcomeIds": [outcomes[0]] })).await;
        for (name, outcome) in [("Fast", &outcomes[1]), ("Steady", &outcomes[0])] {
            make(admin, &format!("{under}/tasks"), &json!({ "name": name, "weight": 10, "outcomeIds": [outcome] }))
                .await;
        }
        let done = admin.post(&format!("{}/sync", plan_path(&assignment)), &json!({})).await;
        assert_eq!(done.expect(200).body["plan"]["outcomeIds"], json!([outcomes[0]]));
        assert_eq!(column(&tasks(admin, &assignment).await, "name"), ["Steady"]);
    });
}

#[test]
fn a_retired_task_counts_nowhere_and_comes_back_with_what_was_told_meanwhile() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let here = Harbour::new(admin).await;
        let train = here.task(admin, "Train").await;
        set(admin, &train, "DONE").await.expect(200);
        assert_eq!(stands(&here.report(&stage, 1, 1).await), ["IN_PROGRESS", "TELEMETRY"]);
        here.delete(admin, 0).await;
        here.delete(admin, 1).await;
        let done = here.sync(admin).await;
        assert_eq!(
            (&done.expect(200).body["plan"]["totalTasks"], &done.body["plan"]["totalWeight"]),
            (&json!(1), &json!(25))
        );

        // Nobody says where a customer stands with it, one at a time or many.
        set(admin, &train, "IN_PROGRESS").await.expect_problem(409, "CUSTOMER_TASK_RETIRED");
        let bulk = json!({ "customerTaskIds": [here.task(admin, "Audit").await["id"], train["id"]], "status": "DONE" });
        let refused = admin.post(&here.path("/tasks/bulk-status"), &bulk).await;
        let fault = &refused.expect_problem(422, "CONTENT_INVALID").body["errors"][0];
        assert_eq!((&fault["pointer"], &fault["code"]), (&json!("/customerTaskIds/1"), &json!("RETIRED")));
        assert_eq!(stands(&here.report(&stage, 3, 2).await), ["NOT_APPLICABLE", "SYSTEM"], "it is heard and kept");

        here.restore(admin, 0).await;
        here.restore(admin, 1).await;
        let back = here.sync(admin).await;
        assert_eq!(back.expect(200).body["sync"]["counts"]["revived"], 2);
        assert_eq!(stands(&here.task(admin, "Train").await), ["DONE", "MANUAL"]);
        let connect = task_path(&here.task(admin, "Connect").await);
        let proved = admin.get_until(&connect, |task| task.body["status"] == "DONE").await;
        assert_eq!(stands(&proved.body), ["DONE", "TELEMETRY"], "what was reported meanwhile counts");
        let history = here.history(admin, "Connect").await;
        assert_eq!(column(&history, "status"), ["IN_PROGRESS", "NOT_APPLICABLE", "IN_PROGRESS", "DONE"]);
        assert_eq!(column(&history, "source"), ["TELEMETRY", "SYSTEM", "SYSTEM", "TELEMETRY"]);
        assert_eq!(plan(admin, &here.assignment).await["progressPercentage"], 75);
    });
}

#[test]
fn a_changed_criterion_counts_after_the_sync() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let here = Harbour::new(admin).await;
        assert_eq!(stands(&here.report(&stage, 2, 1).await), ["IN_PROGRESS", "TELEMETRY"]);
        let list = format!("/catalog/v1/tasks/{}/telemetry-attributes", id(&here.tasks[0]));
        let sites = items(&admin.get(&list).await)[0].clone();
        let path = format!("/catalog/v1/telemetry-attributes/{}", id(&sites));
        let easier = json!({ "successCriteria": { "operator": ">=", "value": 2 } });
        admin.patch(&path, sites["version"].as_i64(), &easier).await.expect(200);
        let shown = here.sync(admin).await;
        let field = &shown.expect(200).body["rows"][1]["fields"][0];
        assert_eq!((&field["attribute"], &field["field"]), (&json!("sites"), &json!("successCriteria")));
        let connect = here.task(admin, "Connect").await;
        let proved = admin.get_until(&task_path(&connect), |task| task.body["status"] == "DONE").await;
        assert_eq!(stands(&proved.expect(200).body), ["DONE", "TELEMETRY"]);
    });
}

#[test]
fn the_last_sync_is_undone_and_what_was_done_since_stays() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let here = Harbour::new(admin).await;
        here.undo(admin).await.expect_problem(409, "PLAN_SYNC_NOTHING_TO_UNDO");
        let (before, known) = (plan(admin, &here.assignment).await, tasks(admin, &here.assignment).await);
        let as_before = |task: &Value| {
            let mut task = task.clone();
            task.as_object_mut().unwrap().remove("version");
            task
        };
        here.edit(admin, 0, json!({ "name": "Connect sites" })).await;
        here.delete(admin, 2).await;
        here.add(admin, json!({ "name": "Drill", "weight": 10 })).await;
        let inspect = here.add(admin, json!({ "name": "Inspect", "weight": 10 })).await;
        attribute(admin, &inspect, "found", "NUMBER", json!({ "operator": "<", "value": 3 })).await;
        let measured = async |names: &[&str]| {
            let path = format!("/telemetry/v1/attributes?assignmentId={}", id(&here.assignment));
            let active =
                |list: &Response| items(list).into_iter().filter(|one| one["isActive"] == true).collect::<Vec<_>>();
            let of = |list: &Response| column(&active(list), "name");
            assert_eq!(of(&admin.get_until(&path, |list| of(list) == *names).await), *names);
        };
        let first = here.sync(admin).await;
        measured(&["sites", "found"]).await;
        let undone = here.undo(admin).await;
        assert_eq!(undone.expect(200).body["sync"]["id"], first.body["sync"]["id"]);
        assert!(undone.body["sync"]["undoneAt"].is_string() && undone.body["sync"]["undoneBy"].is_string());
        for name in ["catalogRevision", "lastSyncedAt", "totalTasks", "totalWeight"] {
            assert_eq!(undone.body["plan"][name], before[name], "{name}");
        }
        let now: Vec<_> = tasks(admin, &here.assignment).await.iter().map(as_before).collect();
        assert_eq!(now, known.iter().map(as_before).collect::<Vec<_>>());
        measured(&["sites"]).await;
        here.needs_sync(admin, true).await;
        here.undo(admin).await.expect_problem(409, "PLAN_SYNC_NOTHING_TO_UNDO");

        let again = here.sync(admin).await;
        assert_eq!(again.expect(200).body["sync"]["counts"], first.body["sync"]["counts"]);
        set(admin, &here.task(admin, "Drill").await, "IN_PROGRESS").await.expect(200);
        let stale = admin.request(Method::POST, &here.path("/sync/undo")).header("if-match", "\"1\"");
        send(stale).await.expect_problem(412, "VERSION_MISMATCH");
        here.undo(admin).await.expect(200);
        let left = tasks(admin, &here.assignment).await;
        assert_eq!(column(&left, "name"), ["Connect", "Train", "Audit", "Drill"], "nobody had touched the other");
        assert_eq!(stands(&left[3]), ["NOT_APPLICABLE", "SYSTEM"]);
        here.sync(admin).await.expect(200);
        assert_eq!(stands(&here.task(admin, "Drill").await), ["IN_PROGRESS", "MANUAL"]);
        let undone: Vec<_> =
            items(&admin.get(&here.path("/syncs")).await).iter().map(|sync| sync["undoneAt"].is_null()).collect();
        assert_eq!(undone, [true, false, false], "the last one first");
    });
}

#[test]
fn a_sync_that_followed_the_licence_is_undone_and_the_plan_is_behind_until_it_agrees() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let here = Harbour::new(admin).await;
        here.add(admin, json!({ "name": "Insure", "weight": 0, "licenseLevel": "SIGNATURE" })).await;
        here.sync(admin).await.expect(200);
        let path = format!("/adoption/v1/assignments/{}", id(&here.assignment));
        let license = async |level: &str| {
            admin.patch(&path, None, &json!({ "licenseLevel": level })).await.expect(200);
            here.needs_sync(admin, false).await;
        };
        license("ESSENTIAL").await;
        let undone = here.undo(admin).await;
        assert_eq!(undone.expect(200).body["plan"]["licenseLevel"], "SIGNATURE");
        here.needs_sync(admin, true).await;
        let behind = items(&admin.get("/adoption/v1/plans?needsSync=true").await);
        assert_eq!(column(&behind, "id"), [here.assignment["planId"].clone()]);
        let told = items(&admin.get("/adoption/v1/reports/unsynced-plans?days=0").await);
        assert_eq!(column(&told, "needsSync"), [true]);
        here.undo(admin).await.expect(200);
        here.needs_sync(admin, true).await;

        let again = here.sync(admin).await;
        assert_eq!(again.expect(200).body["plan"]["licenseLevel"], "ESSENTIAL");
        here.needs_sync(admin, false).await;
        here.undo(admin).await.expect(200);
        // The other way: what the customer is entitled to comes back to the plan.
        license("SIGNATURE").await;
        assert_eq!(column(&tasks(admin, &here.assignment).await, "name"), ["Connect", "Train", "Audit", "Insure"]);
    });
}

#[test]
fn twice_is_once() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let here = Harbour::new(admin).await;
        here.add(admin, json!({ "name": "Drill", "weight": 0 })).await;
        let stale = admin.request(Method::POST, &here.path("/sync")).header("if-match", "\"7\"");
        send(stale).await.expect_problem(412, "VERSION_MISMATCH");
        let with_key =
            async || send(admin.request(Method::POST, &here.path("/sync")).header("idempotency-key", "once")).await;
        let first = with_key().await;
        assert_eq!(first.expect(200).body["sync"]["counts"]["added"], 1);
        let replayed = with_key().await;
        assert_eq!((replayed.header("idempotent-replayed"), &replayed.body), ("true", &first.body));
        let again = here.sync(admin).await;
        assert_eq!((version(&again), &again.expect(200).body["sync"]), (version(&first), &Value::Null));
        here.add(admin, json!({ "name": "Inspect", "weight": 0 })).await;
        let (one, other) = tokio::join!(here.sync(admin), here.sync(admin));
        let synced = [&one, &other].iter().filter(|answer| !answer.expect(200).body["sync"].is_null()).count();
        assert_eq!(synced, 1, "{} {}", one.text, other.text);
        assert_eq!(items(&admin.get(&here.path("/syncs")).await).len(), 2);
        assert_eq!(tasks(admin, &here.assignment).await.len(), 5);
    });
}

#[test]
fn a_plan_needs_a_sync_when_anything_under_its_product_changed() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let here = Harbour::new(admin).await;
        let other = {
            let (product, _) = product(admin, "Crane Watch", &[]).await;
            assign(admin, &customer(admin, "Fabrikam").await, &product, json!({})).await
        };
        let behind =
            async |flag: &str| column(&items(&admin.get(&format!("/adoption/v1/plans?needsSync={flag}")).await), "id");
        here.needs_sync(admin, false).await;
        let etag = admin.get(&here.path("")).await.header("etag").to_owned();
        let under = format!("/catalog/v1/products/{}", id(&here.product));
        let of_task = format!("/catalog/v1/tasks/{}/telemetry-attributes", id(&here.tasks[1]));
        let changes = [
            (format!("{under}/outcomes"), json!({ "name": "Uptime" })),
            (format!("{under}/tags"), json!({ "name": "Quay" })),
            (format!("{under}/tasks"), json!({ "name": "Drill" })),
            (of_task, json!({ "name": "trained", "dataType": "BOOLEAN" })),
        ];
        for (path, body) in changes {
            make(admin, &path, &body).await;
            here.needs_sync(admin, true).await;
            assert_eq!(behind("true").await, [here.assignment["planId"].clone()], "{path}");
            assert_eq!(behind("false").await, [other["planId"].clone()]);
            let known = admin.request(Method::GET, &here.path("")).header("if-none-match", &etag);
            assert_eq!(send(known).await.expect(200).body["needsSync"], true, "the version does not tell it");
            here.sync(admin).await.expect(200);
            here.needs_sync(admin, false).await;
        }
        // A plan from before the catalog was listened to may be behind, until it is synced.
        let mut administrator = stage.world.administrator().await;
        administrator.batch_execute("delete from adoption.catalog_revisions").await.unwrap();
        here.needs_sync(admin, true).await;
        assert_eq!(here.sync(admin).await.expect(200).body["sync"], Value::Null);
        here.needs_sync(admin, false).await;
    });
}

#[test]
fn what_cannot_be_synced_is_refused() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let here = Harbour::new(admin).await;
        let of_customer = format!("/adoption/v1/customers/{}", here.assignment["customerId"].as_str().unwrap());
        admin.delete(&of_customer).await.expect(204);
        here.sync(admin).await.expect_problem(409, "CUSTOMER_DELETED");
        admin.post(&format!("{of_customer}/restore"), &json!({})).await.expect(200);
        let of_product = format!("/catalog/v1/products/{}", id(&here.product));
        admin.delete(&of_product).await.expect(204);
        here.sync(admin).await.expect_problem(409, "ASSIGNMENT_PRODUCT_GONE");
        admin.get(&here.path("/sync")).await.expect_problem(409, "ASSIGNMENT_PRODUCT_GONE");
        let nowhere = format!("/adoption/v1/plans/{}/sync", id(&here.product));
        for answer in [admin.get(&nowhere).await, admin.post(&nowhere, &json!({})).await] {
            answer.expect_problem(404, "NOT_FOUND");
        }
        let all = "/adoption/v1/plan-syncs";
        for (command, fault) in [
            (json!({}), "/"),
            (json!({ "planIds": [] }), "/planIds"),
            (json!({ "planIds": [here.product["id"]] }), "/planIds/0"),
            (json!({ "productId": here.product["id"] }), "/productId"),
            (json!({ "productId": here.assignment["id"] }), "/productId"),
        ] {
            let refused = admin.post(all, &command).await;
            assert_eq!(refused.expect_problem(422, "CONTENT_INVALID").body["errors"][0]["pointer"], fault, "{command}");
        }
    });
}
