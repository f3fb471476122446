//! Plans: which tasks enter one, and how its tasks are read.

use serde_json::{Value, json};

use super::{
    assign, attribute, column, customer, id, items, make, plan, plan_path, planned, pointers, product, set, tasks, walk,
};
use crate::support::on_stage;

#[test]
fn a_plan_is_a_snapshot_of_the_tasks_that_licence_outcomes_and_releases_allow() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (gate, _) = product(admin, "Harbour Gate", &[]).await;
        let under = format!("/catalog/v1/products/{}", id(&gate));
        let (mut outcomes, mut releases) = (Vec::new(), Vec::new());
        for name in ["Uptime", "Speed"] {
            outcomes.push(make(admin, &format!("{under}/outcomes"), &json!({ "name": name })).await["id"].clone());
            releases.push(make(admin, &format!("{under}/releases"), &json!({ "name": name })).await["id"].clone());
        }
        let of = json!([
            { "name": "all", "weight": 10, "estMinutes": 5, "notes": "n", "howToDoc": ["https://docs.example.com"] },
            { "name": "advantage", "weight": 10.25, "licenseLevel": "ADVANTAGE" },
            { "name": "signature", "weight": 10, "licenseLevel": "SIGNATURE" },
            { "name": "uptime", "weight": 10.5, "outcomeIds": [outcomes[0]] },
            { "name": "speed", "weight": 10, "outcomeIds": [outcomes[1]] },
            { "name": "both", "weight": 10, "outcomeIds": outcomes },
            { "name": "first", "weight": 10, "releaseIds": [releases[0]] },
            { "name": "second", "weight": 10, "outcomeIds": [outcomes[0]], "releaseIds": [releases[1]] },
            { "name": "deleted", "weight": 10 },
        ]);
        let mut catalog_tasks = Vec::new();
        for task in of.as_array().unwrap() {
            catalog_tasks.push(make(admin, &format!("{under}/tasks"), task).await);
        }
        admin.delete(&format!("/catalog/v1/tasks/{}", id(&catalog_tasks[8]))).await.expect(204);
        let proof =
            attribute(admin, &catalog_tasks[0], "sites", "NUMBER", json!({ "operator": ">=", "value": 3 })).await;

        let customer = customer(admin, "Northwind").await;
        let eligible = async |entitlement: Value| {
            let assignment = assign(admin, &customer, &gate, entitlement).await;
            column(&tasks(admin, &assignment).await, "name")
        };
        let everything = ["all", "advantage", "signature", "uptime", "speed", "both", "first", "second"];
        assert_eq!(eligible(json!({})).await, everything, "an empty choice means everything");
        let essential = eligible(json!({ "licenseLevel": "ESSENTIAL" })).await;
        assert_eq!(essential, ["all", "uptime", "speed", "both", "first", "second"]);
        let second = eligible(json!({ "releaseIds": [releases[1]] })).await;
        assert_eq!(second, ["all", "advantage", "signature", "uptime", "speed", "both", "second"]);

        let chosen = json!({ "licenseLevel": "ADVANTAGE", "outcomeIds": [outcomes[0]], "releaseIds": [releases[0]] });
        let assignment = assign(admin, &customer, &gate, chosen).await;
        let copies = tasks(admin, &assignment).await;
        assert_eq!(column(&copies, "name"), ["all", "advantage", "uptime", "both", "first"]);
        assert_eq!(column(&copies, "sequenceNumber"), [1, 2, 4, 6, 7], "numbers are copied, gaps remain");
        let plan = plan(admin, &assignment).await;
        let revision = admin.get(&under).await.body["revision"].clone();
        assert_eq!(plan["catalogRevision"], revision);
        assert_eq!((&plan["totalTasks"], &plan["totalWeight"]), (&json!(5), &json!(50.75)));
        assert_eq!((&plan["completedTasks"], &plan["progressPercentage"]), (&json!(0), &json!(0)));
        assert_eq!(plan["outcomeIds"], json!([outcomes[0]]));

        let copy = &copies[0];
        for field in ["name", "weight", "estMinutes", "notes", "howToDoc", "howToVideo", "licenseLevel", "outcomeIds"] {
            assert_eq!(copy[field], catalog_tasks[0][field], "{field}");
        }
        assert_eq!(copy["originalTaskId"], catalog_tasks[0]["id"]);
        assert_eq!((&copy["status"], &copy["statusSource"]), (&json!("NOT_STARTED"), &json!("SYSTEM")));
        let attribute = &copy["attributes"][0];
        assert_eq!(attribute["originalAttributeId"], proof["id"]);
        assert_ne!(attribute["id"], proof["id"], "the plan has an attribute of its own");
        assert_eq!(attribute["successCriteria"], proof["successCriteria"]);
    });
}

#[test]
fn a_plan_of_fifty_tasks_is_read_at_once_in_pages_and_by_status() {
    on_stage(async |stage| {
        let of: Vec<Value> = (1..=50).map(|n| json!({ "name": format!("Step {n}"), "weight": 2 })).collect();
        let (assignment, tasks) = planned(&stage.admin, &of).await;
        assert_eq!(column(&tasks, "sequenceNumber"), (1..=50).collect::<Vec<_>>());
        let path = format!("{}/tasks", plan_path(&assignment));
        let page = stage.admin.get(&format!("{path}?limit=50&count=true")).await;
        assert_eq!((&page.body["total"], page.body.get("nextCursor")), (&json!(50), None));
        assert_eq!(column(&walk(&stage.admin, &path).await, "id"), column(&tasks, "id"));

        for (task, status) in tasks.iter().zip(["DONE", "NOT_APPLICABLE", "COMPLETED"]) {
            set(&stage.admin, task, status).await.expect(200);
        }
        let of = async |filter: &str| column(&walk(&stage.admin, &format!("{path}?{filter}")).await, "sequenceNumber");
        assert_eq!(of("status=DONE").await, [1, 3]);
        assert_eq!(of("status=COMPLETED").await, [1, 3], "the alias is understood");
        assert_eq!(of("status=DONE&status=NOT_APPLICABLE").await, [1, 2, 3]);
        let none = stage.admin.get(&format!("{path}?status=NO_LONGER_USING&count=true")).await;
        assert_eq!((items(&none).len(), &none.body["total"]), (0, &json!(0)));
        stage.admin.get(&format!("{path}?status=BLOCKED")).await.expect_problem(400, "REQUEST_MALFORMED");
        assert_eq!(stage.admin.get(&plan_path(&assignment)).await.body["progressPercentage"], 4.08);
    });
}

#[test]
fn progress_is_the_weight_that_is_done_of_the_weight_that_counts() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let weights = [50.0, 30.0, 12.34, 7.66];
        let of: Vec<Value> =
            weights.iter().map(|weight| json!({ "name": format!("{weight}"), "weight": weight })).collect();
        let (assignment, tasks) = planned(admin, &of).await;
        let mut version = 1;
        // status of the n-th task, then: tasks that count and are done, their weights, percent
        let steps = [
            (0, "DONE", json!([4, 1, 100, 50, 50])),
            (1, "NOT_APPLICABLE", json!([3, 1, 70, 50, 71.43])),
            (2, "NO_LONGER_USING", json!([3, 1, 70, 50, 71.43])),
            (3, "IN_PROGRESS", json!([3, 1, 70, 50, 71.43])),
            (3, "COMPLETED", json!([3, 2, 70, 57.66, 82.37])),
            (0, "NOT_APPLICABLE", json!([2, 1, 20, 7.66, 38.3])),
            (2, "NOT_APPLICABLE", json!([1, 1, 7.66, 7.66, 100])),
            (3, "NOT_APPLICABLE", json!([0, 0, 0, 0, 0])),
            (1, "DONE", json!([1, 1, 30, 30, 100])),
        ];
        let sums = |plan: &Value| {
            ["totalTasks", "completedTasks", "totalWeight", "completedWeight", "progressPercentage"]
                .map(|name| plan[name].as_f64().unwrap())
                .to_vec()
        };
        let mut known = sums(&plan(admin, &assignment).await);
        for (task, status, expected) in steps {
            set(admin, &tasks[task], status).await.expect(200);
            let now = plan(admin, &assignment).await;
            let expected: Vec<f64> = expected.as_array().unwrap().iter().map(|sum| sum.as_f64().unwrap()).collect();
            assert_eq!(sums(&now), expected, "task {task} {status}");
            version += i64::from(expected != known);
            assert_eq!(now["version"], version, "a plan has a new version when its sums are new");
            known = expected;
        }
    });
}

#[test]
fn several_tasks_are_set_at_once_or_not_at_all() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let of: Vec<Value> = [40, 35, 25].map(|weight| json!({ "name": format!("{weight}"), "weight": weight })).into();
        let (assignment, tasks) = planned(admin, &of).await;
        let (gate, northwind) = (json!({ "id": assignment["productId"] }), json!({ "id": assignment["customerId"] }));
        let elsewhere = assign(admin, &northwind, &gate, json!({})).await;
        let foreign = super::tasks(admin, &elsewhere).await[0]["id"].clone();
        let path = format!("{}/tasks/bulk-status", plan_path(&assignment));
        let bulk = async |ids: Value| {
            admin.post(&path, &json!({ "customerTaskIds": ids, "status": "DONE", "note": "Checked on site." })).await
        };

        let refused = bulk(json!([tasks[0]["id"], foreign])).await;
        assert_eq!(pointers(refused.expect_problem(422, "CONTENT_INVALID")), ["/customerTaskIds/1"]);
        for ids in [json!([]), json!([tasks[0]["id"], tasks[0]["id"]])] {
            assert_eq!(pointers(bulk(ids).await.expect_problem(422, "CONTENT_INVALID")), ["/customerTaskIds"]);
        }
        assert_eq!(super::tasks(admin, &assignment).await, tasks, "nothing was changed");

        let done = bulk(json!([tasks[2]["id"], tasks[0]["id"]])).await;
        let plan = &done.expect(200).body["plan"];
        assert_eq!((&plan["progressPercentage"], &plan["version"]), (&json!(65), &json!(2)), "one recompute");
        assert_eq!(column(done.body["tasks"].as_array().unwrap(), "status"), ["DONE", "DONE"]);
        assert_eq!(column(&super::tasks(admin, &assignment).await, "status"), ["DONE", "NOT_STARTED", "DONE"]);
        for task in [&tasks[0], &tasks[2]] {
            let history = items(&admin.get(&format!("{}/history", super::task_path(task))).await);
            assert_eq!(column(&history, "text"), ["Checked on site."]);
        }
        let trail = format!("/identity/v1/audit-events?entityId={}&action=progressed", plan["id"].as_str().unwrap());
        let trail = admin.get_until(&trail, |answer| answer.body["items"][0].is_object()).await;
        assert_eq!(items(&trail).len(), 1);
        assert_eq!(trail.body["items"][0]["changes"]["progressPercentage"]["after"], 65);
    });
}
