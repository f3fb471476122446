//! Versions: a product or a solution as it was, compared and restored.

use serde_json::{Value, json};
use testkit::{Client, Response};

use super::{column, id, made, product, solution, task};
use crate::support::on_stage;

async fn version(who: &Client, owner: &str, name: &str) -> String {
    made(who, &format!("{owner}/versions"), &json!({ "name": name })).await
}

/// What differs, as `sheet ACTION name`.
fn changes(list: &Response) -> Vec<String> {
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    let rows = list.expect(200).body["items"].as_array().unwrap();
    rows.iter().map(|row| format!("{} {} {}", text(row, "sheet"), text(row, "action"), text(row, "name"))).collect()
}

#[test]
fn a_version_is_compared_with_another_and_with_now() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let gate = product(admin, "Harbour Gate").await;
        let tag = made(admin, &format!("{gate}/tags"), &json!({ "name": "Old" })).await;
        let first = version(admin, &gate, "First").await;
        let shown = admin.get(&first).await;
        let revision = admin.get(&gate).await.body["revision"].clone();
        assert_eq!((&shown.expect(200).body["revision"], &shown.body["name"]), (&revision, &json!("First")));
        assert_eq!(changes(&admin.get(&format!("{first}/changes")).await), [""; 0]);
        admin.patch(&tag, None, &json!({ "name": "New" })).await.expect(200);
        let second = version(admin, &gate, "Second").await;
        task(admin, &gate, "Connect", 10.0).await;
        assert_eq!(changes(&admin.get(&format!("{first}/changes?to={}", id(&second))).await), ["tags UPDATE New"]);
        let now = admin.get(&format!("{first}/changes")).await;
        assert_eq!(changes(&now), ["tags UPDATE New", "tasks CREATE Connect"]);
        let field = &now.body["items"][0]["fields"][0];
        assert_eq!((&field["before"], &field["after"]), (&json!("Old"), &json!("New")));
        let page = admin.get(&format!("{first}/changes?limit=1")).await;
        let rest = format!("{first}/changes?cursor={}", page.body["nextCursor"].as_str().unwrap());
        assert_eq!(changes(&admin.get(&rest).await), ["tasks CREATE Connect"]);

        assert_eq!(column(&admin.get(&format!("{gate}/versions")).await, "name"), ["Second", "First"]);
        let taken = admin.post(&format!("{gate}/versions"), &json!({ "name": "First" })).await;
        taken.expect_problem(409, "VERSION_NAME_TAKEN");
        let foreign = version(admin, &solution(admin, "Branch Office").await, "First").await;
        let other = admin.get(&format!("{first}/changes?to={}", id(&foreign))).await;
        other.expect_problem(404, "NOT_FOUND");
        admin.delete(&second).await.expect(204);
        admin.get(&second).await.expect_problem(404, "NOT_FOUND");
    });
}

#[test]
fn a_version_keeps_what_a_file_has_no_room_for() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (office, gate) = (solution(admin, "Branch Office").await, product(admin, "Harbour Gate").await);
        admin.put(&format!("{office}/products"), &json!({ "productIds": [id(&gate)] })).await.expect(200);
        let licence = json!({ "name": "Advantage", "level": 2 });
        let basic = made(admin, &format!("{gate}/licenses"), &licence).await;
        let pack = made(admin, &format!("{office}/licenses"), &licence).await;
        let mapping = format!("{pack}/product-licenses");
        admin.put(&mapping, &json!({ "licenseIds": [id(&basic)] })).await.expect(200);
        let tag = json!({ "name": "Old", "externalKey": "tag-7", "displayOrder": 7 });
        let tag = made(admin, &format!("{office}/tags"), &tag).await;
        let own = task(admin, &office, "Own", 30.0).await;
        let foreign = task(admin, &gate, "Foreign", 30.0).await;
        let uptime = json!({ "name": "uptime", "dataType": "NUMBER", "isRequired": true, "externalKey": "up" });
        let uptime = made(admin, &format!("{own}/telemetry-attributes"), &uptime).await;
        let order = async |ids: [&str; 2]| {
            let ids = json!({ "taskIds": [id(ids[0]), id(ids[1])] });
            admin.put(&format!("{office}/task-order"), &ids).await.expect(200);
        };
        order([&foreign, &own]).await;
        let whole = async || admin.get(&format!("{office}/export?format=version")).await.expect(200).body.clone();
        let (before, version) = (whole().await, version(admin, &office, "Then").await);
        assert_eq!(before["tags"][0]["externalKey"], "tag-7");
        let file = admin.get(&format!("{office}/export?format=json")).await.expect(200).body.clone();
        assert!(file["tags"][0].get("externalKey").is_none() && file.get("taskOrder").is_none(), "{file}");

        for path in [&tag, &uptime] {
            admin.delete(path).await.expect(204);
        }
        admin.put(&mapping, &json!({ "licenseIds": [] })).await.expect(200);
        order([&own, &foreign]).await;
        let version_of = admin.get(&pack).await.version();
        admin.patch(&pack, version_of, &json!({ "externalKey": "pack" })).await.expect(200);
        let now = admin.get(&format!("{version}/changes")).await;
        let of_pack =
            now.body["items"].as_array().unwrap().iter().find(|change| change["sheet"] == "licenses").unwrap();
        let fields: Vec<&Value> = of_pack["fields"].as_array().unwrap().iter().map(|field| &field["field"]).collect();
        assert_eq!(fields, ["externalKey", "productLicenseIds"], "{of_pack}");
        assert!(changes(&now).contains(&"taskOrder UPDATE Own".to_owned()), "{:?}", changes(&now));

        let restore = async || {
            let import = admin.post(&format!("{version}/restore"), &json!({})).await;
            let path = import.expect(201).header("location").to_owned();
            assert_eq!(import.body["status"], "READY", "{:?}", import.body);
            admin.post(&format!("{path}/commit"), &json!({})).await.expect(200);
        };
        restore().await;
        assert_eq!(whole().await, before);
        assert_eq!(admin.get(&tag).await.body["displayOrder"], 7);
        assert_eq!(column(&admin.get(&format!("{office}/task-order")).await, "name"), ["Foreign", "Own"]);

        // What the products have lost meanwhile is lost.
        for path in [&basic, &foreign] {
            admin.delete(path).await.expect(204);
        }
        restore().await;
        assert_eq!(admin.get(&pack).await.body["productLicenseIds"], json!([]));
        assert_eq!(column(&admin.get(&format!("{office}/task-order")).await, "name"), ["Own"]);
    });
}

#[test]
fn external_keys_find_their_tasks_again_wherever_they_went() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let gate = product(admin, "Harbour Gate").await;
        let tasks = [task(admin, &gate, "First", 10.0).await, task(admin, &gate, "Second", 10.0).await];
        let give = async |of: [usize; 2], keys: [Value; 2]| {
            for (at, key) in of.into_iter().zip(keys) {
                let version = admin.get(&tasks[at]).await.version();
                admin.patch(&tasks[at], version, &json!({ "externalKey": key })).await.expect(200);
            }
        };
        give([0, 1], [json!("a"), json!("b")]).await;
        let version = version(admin, &gate, "Then").await;
        give([0, 1], [Value::Null, json!("a")]).await;
        give([0, 1], [json!("b"), json!("a")]).await;
        let import = admin.post(&format!("{version}/restore"), &json!({})).await;
        let path = import.expect(201).header("location").to_owned();
        admin.post(&format!("{path}/commit"), &json!({})).await.expect(200);
        assert_eq!(column(&admin.get(&format!("{gate}/tasks")).await, "externalKey"), ["a", "b"]);
        let sets = admin.get(&format!("/catalog/v1/change-sets?productId={}&limit=1", id(&gate))).await;
        let set = sets.body["items"][0]["id"].as_str().unwrap().to_owned();
        admin.post(&format!("/catalog/v1/change-sets/{set}/revert"), &json!({})).await.expect(201);
        assert_eq!(column(&admin.get(&format!("{gate}/tasks")).await, "externalKey"), ["b", "a"]);
    });
}

#[test]
fn a_version_is_restored_as_one_change_set() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (office, gate) = (solution(admin, "Branch Office").await, product(admin, "Harbour Gate").await);
        admin.put(&format!("{office}/products"), &json!({ "productIds": [id(&gate)] })).await.expect(200);
        let tag = made(admin, &format!("{office}/tags"), &json!({ "name": "Old", "color": "#112233" })).await;
        let kept = task(admin, &office, "Kept", 30.0).await;
        let gone = task(admin, &office, "Gone", 70.0).await;
        let marked = admin.get(&gone).await.version();
        admin.patch(&gone, marked, &json!({ "tagIds": [id(&tag)] })).await.expect(200);
        let attributes = async |task: &str, name: &str| {
            let attribute = json!({ "name": name, "dataType": "NUMBER", "isRequired": true });
            made(admin, &format!("{task}/telemetry-attributes"), &attribute).await
        };
        let (lost, _stays) = (attributes(&kept, "uptime").await, attributes(&gone, "sites").await);
        let export = async || admin.get(&format!("{office}/export?format=json")).await.expect(200).body.clone();
        let before = export().await;
        let version = version(admin, &office, "Then").await;
        let last = admin.get(&tag).await.version();
        for path in [&gone, &tag, &lost] {
            admin.delete(path).await.expect(204);
        }
        // The same again is not the same.
        task(admin, &office, "Gone", 1.0).await;
        made(admin, &format!("{office}/tags"), &json!({ "name": "OLD" })).await;
        let then = changes(&admin.get(&format!("{version}/changes")).await);
        for line in ["tags DELETE Old", "tags CREATE OLD", "tasks DELETE Gone", "tasks CREATE Gone"] {
            assert!(then.contains(&line.to_owned()), "{line} in {then:?}");
        }
        task(admin, &office, "Later", 49.0).await;
        admin.put(&format!("{office}/products"), &json!({ "productIds": [] })).await.expect(200);
        let edited = admin.get(&kept).await.version();
        admin.patch(&kept, edited, &json!({ "name": "Renamed" })).await.expect(200);

        let import = admin.post(&format!("{version}/restore"), &json!({})).await;
        let path = import.expect(201).header("location").to_owned();
        assert_eq!(import.body["status"], "READY", "{:?}", import.body);
        assert_ne!(export().await, before, "nothing has happened yet");
        admin.post(&format!("{path}/commit"), &json!({})).await.expect(200);
        assert_eq!(export().await, before, "to the ids");
        let counts = admin.get(&path).await.body["counts"].clone();
        let tasks = counts.as_array().unwrap().iter().find(|counts| counts["sheet"] == "tasks").unwrap();
        assert_eq!((&tasks["restored"], &tasks["created"]), (&json!(1), &json!(0)));
        assert!(
            admin.get(&tag).await.version() > last.map(|version| version + 1),
            "whoever heard of its end hears of it"
        );
        assert_eq!(admin.get(&kept).await.body["name"], "Kept");
        let sets = admin.get(&format!("/catalog/v1/change-sets?solutionId={}&limit=1", id(&office))).await;
        let set = sets.body["items"][0]["id"].as_str().unwrap().to_owned();
        admin.post(&format!("/catalog/v1/change-sets/{set}/revert"), &json!({})).await.expect(201);
        assert_eq!(admin.get(&kept).await.body["name"], "Renamed");
        stage.another_tenant().await.get(&version).await.expect_problem(404, "NOT_FOUND");
    });
}

#[test]
fn a_version_is_restored_without_the_tasks_of_a_product_that_is_deleted() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (office, gate) = (solution(admin, "Branch Office").await, product(admin, "Harbour Gate").await);
        admin.put(&format!("{office}/products"), &json!({ "productIds": [id(&gate)] })).await.expect(200);
        let own = task(admin, &office, "Own", 10.0).await;
        let (first, second) = (task(admin, &gate, "First", 10.0).await, task(admin, &gate, "Second", 10.0).await);
        let order = async |tasks: &[&String]| {
            let ids: Vec<&str> = tasks.iter().map(|task| id(task)).collect();
            admin.put(&format!("{office}/task-order"), &json!({ "taskIds": ids })).await.expect(200);
        };
        order(&[&second, &own, &first]).await;
        let version = version(admin, &office, "Then").await;
        order(&[&own, &first, &second]).await;
        admin.delete(&gate).await.expect(204);
        let import = admin.post(&format!("{version}/restore"), &json!({})).await;
        let path = import.expect(201).header("location").to_owned();
        let faults = admin.get(&format!("{path}/faults")).await.body["items"].clone();
        assert_eq!((&faults[0]["code"], &faults[0]["value"]), (&json!("PRODUCT_DELETED"), &json!("Harbour Gate")));
        assert_eq!((faults[1].is_null(), &import.body["total"]), (true, &json!(0)), "nothing that nobody would see");
        // Where it has left the solution as well, it cannot be brought back into it.
        admin.put(&format!("{office}/products"), &json!({ "productIds": [] })).await.expect(200);
        let import = admin.post(&format!("{version}/restore"), &json!({})).await;
        let path = import.expect(201).header("location").to_owned();
        let faults = admin.get(&format!("{path}/faults")).await.body["items"].clone();
        assert_eq!((&faults[0]["severity"], &faults[0]["code"]), (&json!("ERROR"), &json!("PRODUCT_DELETED")));
        // Restored first, the product has its tasks in their places again.
        admin.post(&format!("{gate}/restore"), &json!({})).await.expect(200);
        let import = admin.post(&format!("{version}/restore"), &json!({})).await;
        let path = import.expect(201).header("location").to_owned();
        admin.post(&format!("{path}/commit"), &json!({})).await.expect(200);
        let order = admin.get(&format!("{office}/task-order")).await;
        assert_eq!(column(&order, "name"), ["Second", "Own", "First"]);
    });
}
