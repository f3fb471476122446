//! What an edited file does: what its dry run has shown, by the rules and with the events of single commands.

use kernel::LicenseId;
use serde_json::{Value, json};
use testkit::Client;

use super::{changes, commit, content, exported, faults, full_product, upload_json};
use crate::support::on_stage;

/// The row of a sheet with this name.
fn row<'a>(file: &'a mut Value, sheet: &str, name: &str) -> &'a mut Value {
    let rows = file[sheet].as_array_mut().unwrap().iter_mut();
    rows.into_iter().find(|row| row["name"] == name || row["key"] == name).unwrap()
}

fn drop_row(file: &mut Value, sheet: &str, name: &str) {
    file[sheet].as_array_mut().unwrap().retain(|row| row["name"] != name && row["key"] != name);
}

fn add(file: &mut Value, sheet: &str, row: Value) {
    file[sheet].as_array_mut().unwrap().push(row);
}

async fn names(who: &Client, path: &str, field: &str) -> Vec<Value> {
    let list = who.get(path).await;
    list.expect(200).body["items"].as_array().unwrap().iter().map(|row| row[field].clone()).collect()
}

#[test]
fn a_commit_does_what_the_dry_run_has_shown_and_tells_of_it() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let product = full_product(admin, "Harbour Gate").await;
        let before = admin.get(&product).await.body.clone();
        let mut file = exported(admin, &product).await;
        file["info"][0]["description"] = json!("Another description");
        row(&mut file, "licenses", "Advantage")["level"] = json!(3);
        drop_row(&mut file, "licenses", "Essential");
        drop_row(&mut file, "outcomes", "Faster, \"cheaper\"");
        add(&mut file, "outcomes", json!({ "name": "Safer" }));
        row(&mut file, "tags", "Red")["name"] = json!("Crimson");
        row(&mut file, "customAttributes", "seats")["value"] = json!(13);
        add(&mut file, "resources", json!({ "label": "Forum", "url": "https://example.com/forum" }));
        let connect = row(&mut file, "tasks", "Connect");
        (connect["sequenceNumber"], connect["weight"]) = (json!(3), json!(30));
        connect["outcomes"] = json!(["Safer"]);
        connect["tags"] = json!(["Crimson"]);
        add(&mut file, "tasks", json!({ "name": "Begin", "weight": 50, "sequenceNumber": 1, "outcomes": ["Safer"] }));
        add(
            &mut file,
            "telemetry",
            json!({ "task": "Begin", "name": "begun", "dataType": "boolean", "operator": "equals", "expectedValue": "true" }),
        );
        drop_row(&mut file, "telemetry", "word");
        row(&mut file, "telemetry", "users")["expectedValue"] = json!("20");

        let uploaded = upload_json(admin, "?deleteMissing=true", &file).await;
        assert_eq!(faults(admin, &uploaded).await, [""; 0]);
        assert_eq!(uploaded.expect(201).body["status"], "READY");
        assert_eq!(admin.get(&product).await.body, before, "nothing has happened yet");
        assert_eq!(
            changes(admin, &uploaded).await,
            [
                "UPDATE info/Harbour Gate description: Network access\nfor branch offices > Another description",
                "DELETE licenses/Essential",
                "UPDATE licenses/Advantage level: 2 > 3",
                "DELETE outcomes/Faster, \"cheaper\"",
                "CREATE outcomes/Safer",
                "UPDATE tags/Crimson name: Red > Crimson",
                "CREATE resources/Forum",
                "UPDATE tasks/Connect weight: 40.25 > 30 sequenceNumber: 1 > 3 outcomes: \"Faster, \"\"cheaper\"\"\", \"=HYPERLINK(\"\"https://example.com\"\")\" > Safer",
                "CREATE tasks/Begin",
                "UPDATE customAttributes/seats value: 12.5 > 13",
                "DELETE telemetry/word",
                "UPDATE telemetry/users expectedValue: 10.5 > 20",
                "CREATE telemetry/begun",
            ]
        );
        let done = commit(admin, &uploaded).await;
        assert_eq!((done.expect(200).body["status"].clone(), done.body["total"].clone()), (json!("DONE"), json!(13)));

        let after = admin.get(&product).await.body.clone();
        assert_eq!(after["description"], "Another description");
        assert_eq!(after["resources"].as_array().unwrap().len(), 3);
        assert_eq!(after["version"], json!(before["version"].as_i64().unwrap() + 1));
        let revision = after["revision"].as_i64().unwrap();
        assert!(revision > before["revision"].as_i64().unwrap());
        let tasks = admin.get(&format!("{product}/tasks")).await.body["items"].clone();
        let line: Vec<Value> =
            tasks.as_array().unwrap().iter().map(|task| json!([task["name"], task["sequenceNumber"]])).collect();
        assert_eq!(json!(line), json!([["Begin", 1], ["Invite", 2], ["Connect", 3], ["Invite", 4]]));
        let safer = admin.get(&format!("{product}/outcomes")).await.body["items"][1].clone();
        assert_eq!(
            (&safer["name"], &tasks[0]["outcomeIds"], &tasks[2]["outcomeIds"]),
            (&json!("Safer"), &json!([safer["id"]]), &json!([safer["id"]]))
        );
        assert_eq!(tasks[2]["tagIds"].as_array().unwrap().len(), 1, "a tag that has another name is the same tag");
        assert!(tasks.as_array().unwrap().iter().all(|task| task["revision"].as_i64().unwrap() <= revision));
        let attributes = format!("/catalog/v1/tasks/{}/telemetry-attributes", tasks[0]["id"].as_str().unwrap());
        assert_eq!(names(admin, &attributes, "name").await, ["begun"]);

        // The same as single commands would have told.
        for (path, told) in [
            (product.clone(), vec!["created", "changed"]),
            (format!("/x/{}", tasks[0]["id"].as_str().unwrap()), vec!["created"]),
            (format!("/x/{}", safer["id"].as_str().unwrap()), vec!["created"]),
        ] {
            let id = path.rsplit('/').next().unwrap();
            let trail = format!("/identity/v1/audit-events?entityId={id}");
            let heard = admin
                .get_until(&trail, |answer| {
                    answer.body["items"].as_array().is_some_and(|rows| rows.len() >= told.len())
                })
                .await;
            let mut actions: Vec<&str> =
                heard.body["items"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
            actions.reverse();
            assert_eq!(actions, told, "{path}");
        }

        // Said once more, and imported once more: nothing.
        assert_eq!(commit(admin, &uploaded).await.expect(200).body["status"], "DONE");
        let again = upload_json(admin, "", &exported(admin, &product).await).await;
        assert_eq!(again.expect(201).body["total"], 0);
    });
}

#[test]
fn what_a_file_leaves_out_is_left_alone_and_only_the_flag_deletes() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let product = full_product(admin, "Harbour Gate").await;
        let before = content(admin, &product).await;
        // A sheet, also with the flag; rows, columns and cells, without it.
        let id = product.rsplit('/').next().unwrap();
        for (query, file) in [
            ("deleteMissing=true", json!({ "info": [{ "name": "Harbour Gate" }] })),
            ("deleteMissing=false", json!({ "tags": [], "tasks": [], "licenses": [], "telemetry": [] })),
            ("deleteMissing=true", json!({ "resources": [] })),
            ("deleteMissing=true", json!({ "tags": [{ "name": "red" }, { "name": "Grün" }] })),
        ] {
            let mut file = file;
            if let Some(tag) = file.pointer_mut("/tags/0") {
                tag["name"] = json!("Red");
            }
            let uploaded = upload_json(admin, &format!("?productId={id}&{query}"), &file).await;
            assert_eq!(changes(admin, &uploaded).await, [""; 0], "{file}");
            commit(admin, &uploaded).await.expect(200);
            assert_eq!(content(admin, &product).await, before);
        }
        let uploaded = upload_json(admin, &format!("?productId={id}&deleteMissing=true"), &json!({ "tags": [] })).await;
        assert_eq!(changes(admin, &uploaded).await, ["DELETE tags/Red", "DELETE tags/Grün"]);
        commit(admin, &uploaded).await.expect(200);
        assert_eq!(names(admin, &format!("{product}/tags"), "name").await, [""; 0]);
        assert_eq!(names(admin, &format!("{product}/tasks"), "tagIds").await, [json!([]), json!([]), json!([])]);
    });
}

#[test]
fn names_change_places_and_lines_take_any_order() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let product = full_product(admin, "Harbour Gate").await;
        let mut file = exported(admin, &product).await;
        for (sheet, field) in
            [("outcomes", "name"), ("tags", "name"), ("customAttributes", "key"), ("licenses", "name")]
        {
            let rows = file[sheet].as_array_mut().unwrap();
            let (first, second) = (rows[0][field].clone(), rows[1][field].clone());
            (rows[0][field], rows[1][field]) = (second, first);
        }
        let telemetry = file["telemetry"].as_array_mut().unwrap();
        (telemetry[0]["name"], telemetry[1]["name"]) = (json!("either"), json!("users"));
        let order = [3, 1, 2];
        for (task, place) in file["tasks"].as_array_mut().unwrap().iter_mut().zip(order) {
            task["sequenceNumber"] = json!(place);
        }
        let uploaded = upload_json(admin, "?deleteMissing=true", &file).await;
        assert_eq!(faults(admin, &uploaded).await, [""; 0]);
        let before = exported(admin, &product).await;
        commit(admin, &uploaded).await.expect(200);
        let mut after = exported(admin, &product).await;
        for (sheet, field) in
            [("outcomes", "name"), ("tags", "name"), ("customAttributes", "key"), ("licenses", "name")]
        {
            assert_eq!(after[sheet][0][field], before[sheet][1][field], "{sheet}");
            assert_eq!(after[sheet][0]["id"], before[sheet][0]["id"], "{sheet}");
        }
        let sorted = |file: &Value| {
            let mut tasks = file["tasks"].as_array().unwrap().clone();
            tasks.sort_by_key(|task| task["id"].as_str().unwrap().to_owned());
            tasks.iter().map(|task| json!([task["id"], task["sequenceNumber"]])).collect::<Vec<_>>()
        };
        assert_eq!(sorted(&after), sorted(&file));
        assert_eq!(row(&mut after, "telemetry", "users")["id"], before["telemetry"][1]["id"]);
    });
}

#[test]
fn a_file_makes_what_is_not_there() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let product = full_product(admin, "Harbour Gate").await;
        let mut file = exported(admin, &product).await;
        // Another name, and the ids say nothing: a copy.
        file["info"][0]["name"] = json!("Sea Gate");
        let uploaded = upload_json(admin, "?deleteMissing=true", &file).await;
        assert_eq!(
            faults(admin, &uploaded).await,
            ["Info 2 ID ID_OF_ANOTHER", "Tasks 4 - NAME_TWICE"],
            "somebody should look: it is a copy, and two may have one name"
        );
        assert_eq!(
            (&uploaded.expect(201).body["productId"], &uploaded.body["name"]),
            (&Value::Null, &json!("Sea Gate"))
        );
        let done = commit(admin, &uploaded).await;
        let copy = format!("/catalog/v1/products/{}", done.expect(200).body["productId"].as_str().unwrap());
        let without_ids = |mut file: Value| {
            for rows in file.as_object_mut().unwrap().values_mut().filter_map(Value::as_array_mut) {
                for row in rows {
                    let row = row.as_object_mut().unwrap();
                    row.remove("id");
                    row.remove("taskId");
                }
            }
            file
        };
        let (mut ours, theirs) =
            (without_ids(exported(admin, &product).await), without_ids(exported(admin, &copy).await));
        ours["info"][0]["name"] = json!("Sea Gate");
        assert_eq!(ours, theirs);
        assert_eq!(admin.get(&copy).await.body["version"], 1);

        let bundle = json!({
            "kind": "SOLUTION", "info": [{ "name": "Office" }],
            "products": [{ "name": "sea gate" }, { "name": "Harbour Gate", "order": 1 }],
            "tasks": [{ "name": "Plan", "weight": 100 }],
        });
        let uploaded = upload_json(admin, "", &bundle).await;
        assert_eq!(uploaded.expect(201).body["status"], "READY", "{}", uploaded.text);
        let done = commit(admin, &uploaded).await;
        let solution = format!("/catalog/v1/solutions/{}", done.expect(200).body["solutionId"].as_str().unwrap());
        assert_eq!(names(admin, &format!("{solution}/products"), "name").await, ["Harbour Gate", "Sea Gate"]);
        // One is taken out, one moves.
        let other = json!({ "kind": "SOLUTION", "info": [{ "name": "Office" }], "products": [{ "name": "Sea Gate", "order": 1 }] });
        let uploaded = upload_json(admin, "?deleteMissing=true", &other).await;
        assert_eq!(
            changes(admin, &uploaded).await,
            ["DELETE products/Harbour Gate", "UPDATE products/Sea Gate order: 2 > 1"]
        );
        commit(admin, &uploaded).await.expect(200);
        assert_eq!(names(admin, &format!("{solution}/products"), "name").await, ["Sea Gate"]);

        // Whoever names the product may give it another name.
        let id = copy.rsplit('/').next().unwrap();
        let renamed = json!({ "info": [{ "name": "Sky Gate" }] });
        let uploaded = upload_json(admin, &format!("?productId={id}"), &renamed).await;
        assert_eq!(changes(admin, &uploaded).await, ["UPDATE info/Sky Gate name: Sea Gate > Sky Gate"]);
        commit(admin, &uploaded).await.expect(200);
        assert_eq!(admin.get(&copy).await.body["name"], "Sky Gate");
        // Whoever takes it between the dry run and the commit has it.
        let moon = json!({ "info": [{ "name": "Moon Gate" }] });
        let uploaded = upload_json(admin, &format!("?productId={id}"), &moon).await;
        admin.post("/catalog/v1/products", &json!({ "name": "moon gate" })).await.expect(201);
        commit(admin, &uploaded).await.expect_problem(409, "PRODUCT_NAME_TAKEN");
    });
}

#[test]
fn a_licence_that_a_file_makes_may_name_product_licences() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let gate = admin.post("/catalog/v1/products", &json!({ "name": "Harbour Gate" })).await.expect(201).id();
        let licence = json!({ "name": "Advantage", "level": 2 });
        let licence = admin.post(&format!("/catalog/v1/products/{gate}/licenses"), &licence).await.expect(201).id();
        let other = LicenseId::fresh();
        let office = json!({
            "kind": "SOLUTION",
            "info": [{ "name": "Office" }],
            "products": [{ "name": "Harbour Gate" }],
            "licenses": [
                { "name": "Essential", "level": 1 },
                { "name": "Advantage", "level": 2, "productLicenseIds": [other, licence] },
            ],
        });
        let uploaded = upload_json(admin, "", &office).await;
        let warned = faults(admin, &uploaded).await;
        assert!(warned.len() == 1 && warned[0].contains("REFERENCE_UNKNOWN"), "{warned:?}");
        let done = commit(admin, &uploaded).await;
        let licenses =
            format!("/catalog/v1/solutions/{}/licenses", done.expect(200).body["solutionId"].as_str().unwrap());
        assert_eq!(names(admin, &licenses, "productLicenseIds").await, [json!([]), json!([licence])]);
        assert_eq!(names(admin, &licenses, "version").await, [1, 2], "what includes none is made and nothing else");
    });
}
