//! What a change of the catalog would do to plans, told before it is made.

use serde_json::{Value, json};
use testkit::Client;

use super::Harbour;
use crate::adoption::{assign, column, customer, id, items, plan_path, product, set, task_path, tasks};
use crate::company;
use crate::support::on_stage;

/// Uploads an edit of a product's workbook; answers with the path of its impact.
async fn draft(who: &Client, product: &Value, edit: impl FnOnce(&mut Value)) -> (String, String) {
    let path = format!("/catalog/v1/products/{}/export?format=json", id(product));
    let mut file = who.get(&path).await.expect(200).body.clone();
    edit(&mut file);
    let uploaded = format!("/catalog/v1/imports?productId={}&deleteMissing=true", id(product));
    let import = who.post(&uploaded, &file).await;
    assert_eq!(import.expect(201).body["status"], "READY", "{}", import.text);
    (format!("/catalog/v1/imports/{}", import.id()), format!("/adoption/v1/imports/{}/impact", import.id()))
}

fn row<'a>(file: &'a mut Value, name: &str) -> &'a mut Value {
    file["tasks"].as_array_mut().unwrap().iter_mut().find(|row| row["name"] == name).unwrap()
}

#[test]
fn the_impact_of_an_import_is_what_a_sync_then_does() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let here = Harbour::new(admin).await;
        // A second customer with less, who has edited a task in the catalog's place.
        let second = customer(admin, "Eastwind").await;
        let less = assign(admin, &second, &here.product, json!({ "licenseLevel": "ESSENTIAL" })).await;
        set(admin, &here.task(admin, "Audit").await, "DONE").await.expect(200);
        let before = tasks(admin, &here.assignment).await;

        let (import, impact) = draft(admin, &here.product, |file| {
            row(file, "Connect")["weight"] = json!(30);
            row(file, "Train")["licenseLevel"] = json!("SIGNATURE");
            let tasks = file["tasks"].as_array_mut().unwrap();
            tasks.retain(|row| row["name"] != "Audit");
            tasks.push(json!({ "name": "Drill", "weight": 20 }));
        })
        .await;
        let shown = admin.get(&impact).await;
        let told = &shown.expect(200).body;
        assert_eq!([&told["plans"], &told["plansTouched"], &told["customersTouched"]], [2, 2, 2], "{}", shown.text);
        let rows = told["tasks"].as_array().unwrap();
        let numbers = |row: &Value| ["addedTo", "changedIn", "retiredFrom"].map(|of| row[of].as_i64().unwrap());
        let expected = [("Connect", [0, 2, 0]), ("Train", [0, 1, 1]), ("Audit", [0, 0, 2]), ("Drill", [2, 0, 0])];
        let rows: Vec<_> = rows.iter().map(|row| (row["name"].as_str().unwrap(), numbers(row))).collect();
        assert_eq!(rows, expected, "{}", shown.text);
        assert_eq!(told["tasks"][0]["fields"], json!(["weight"]));
        assert_eq!([&told["tasks"][0]["taskId"], &told["tasks"][3]["taskId"]], [&here.tasks[0]["id"], &Value::Null]);

        let plans = items(&admin.get(&format!("{impact}/plans")).await);
        assert_eq!(column(&plans, "customerName"), ["Northwind", "Eastwind"]);
        let first = admin.get(&format!("{impact}/plans?limit=1")).await;
        assert_eq!(items(&first), plans[..1]);
        let next = first.body["nextCursor"].as_str().unwrap();
        assert_eq!(items(&admin.get(&format!("{impact}/plans?limit=1&cursor={next}")).await), plans[1..]);
        assert_eq!(tasks(admin, &here.assignment).await, before, "nothing has happened");
        let product = admin.get(&format!("/catalog/v1/products/{}/tasks", id(&here.product))).await;
        assert_eq!(column(&items(&product), "name"), ["Connect", "Train", "Audit"], "nor in the catalog");

        admin.post(&format!("{import}/commit"), &json!({})).await.expect(200);
        for (plan, assignment) in plans.iter().zip([&here.assignment, &less]) {
            let synced = admin.post(&format!("{}/sync", plan_path(assignment)), &json!({})).await;
            assert_eq!(synced.expect(200).body["sync"]["counts"], plan["counts"], "{}", synced.text);
            assert_eq!(synced.body["plan"]["progressPercentage"], plan["progressAfter"], "{}", synced.text);
        }
        admin.get(&impact).await.expect_problem(409, "IMPACT_IMPORT_REFUSED");
    });
}

#[test]
fn an_impact_tells_of_what_the_caller_sees_and_of_their_own_import() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let here = Harbour::new(admin).await;
        let other = customer(admin, "Eastwind").await;
        assign(admin, &other, &here.product, json!({})).await;
        let edit = |file: &mut Value| row(file, "Connect")["weight"] = json!(30);

        let permissions = ["catalog:product:read", "catalog:product:write"];
        let role = json!({ "name": "EDITOR", "permissions": permissions });
        let role = admin.post("/identity/v1/roles", &role).await.expect(201).id();
        let grant = json!({
            "subjectType": "ROLE", "subjectId": role, "resourceType": "CUSTOMER", "resourceId": other["id"], "level": "READ",
        });
        admin.post("/identity/v1/grants", &grant).await.expect(201);
        let editor = company::colleague(admin, "editor", "EDITOR").await;
        let seen = format!("/adoption/v1/customers/{}", id(&other));
        editor.get_until(&seen, |customer| customer.status == 200).await.expect(200);

        let (_, mine) = draft(&editor, &here.product, edit).await;
        let told = editor.get(&mine).await;
        assert_eq!([&told.expect(200).body["plans"], &told.body["plansTouched"]], [1, 1], "{}", told.text);
        assert_eq!(column(&items(&editor.get(&format!("{mine}/plans")).await), "customerName"), ["Eastwind"]);
        admin.get(&mine).await.expect_problem(404, "NOT_FOUND");
        let (_, ours) = draft(admin, &here.product, edit).await;
        editor.get(&format!("{ours}/plans")).await.expect_problem(404, "NOT_FOUND");
    });
}

#[test]
fn an_import_that_makes_something_or_nothing_touches_no_plan() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (quiet, of) = product(admin, "Quiet", &[json!({ "name": "Only", "weight": 10 })]).await;
        let northwind = customer(admin, "Northwind").await;
        let assignment = assign(admin, &northwind, &quiet, json!({})).await;
        let (_, impact) = draft(admin, &quiet, |_| {}).await;
        let shown = admin.get(&impact).await;
        assert_eq!([&shown.expect(200).body["plans"], &shown.body["plansTouched"]], [1, 0], "{}", shown.text);
        assert!(items(&admin.get(&format!("{impact}/plans")).await).is_empty());

        let new = json!({ "info": [{ "name": "Brand new" }], "tasks": [{ "name": "First", "weight": 1 }] });
        let import = admin.post("/catalog/v1/imports", &new).await.expect(201).id();
        let shown = admin.get(&format!("/adoption/v1/imports/{import}/impact")).await;
        assert_eq!([&shown.expect(200).body["plans"], &shown.body["productId"]], [&json!(0), &Value::Null]);
        let products = admin.get("/catalog/v1/products").await;
        assert_eq!(column(&items(&products), "name"), ["Quiet"], "it was undone");
        admin.get(&task_path(&tasks(admin, &assignment).await[0])).await.expect(200);
        assert_eq!(of.len(), 1);
    });
}
