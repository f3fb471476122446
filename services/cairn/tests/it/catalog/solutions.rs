//! Solutions: bundles of products in an order of their own.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Response, send};

use super::{actions, column, faults, id, made, product, solution, task};
use crate::support::on_stage;

#[test]
fn a_bundle_keeps_its_products_in_the_order_they_were_put() {
    on_stage(async |stage| {
        let path = solution(&stage.admin, "Branch Office").await;
        let bundle = format!("{path}/products");
        assert_eq!(column(&stage.admin.get(&bundle).await, "id"), [Value::Null; 0]);
        let (a, b, c) =
            (product(&stage.admin, "A").await, product(&stage.admin, "B").await, product(&stage.admin, "C").await);
        let put = stage.admin.put(&bundle, &json!({ "productIds": [id(&c), id(&a), id(&b)] })).await;
        assert_eq!(put.expect(200).body["productIds"], json!([id(&c), id(&a), id(&b)]));
        assert_eq!(put.version(), Some(2));
        assert_eq!(column(&stage.admin.get(&bundle).await, "name"), ["C", "A", "B"]);
        stage.admin.delete(&a).await.expect(204);
        let list = stage.admin.get(&bundle).await;
        assert_eq!(column(&list, "name"), ["C", "A", "B"], "a deleted product is still part of the bundle");
        assert!(list.body["items"][1]["deletedAt"].is_string());
        stage.admin.put(&bundle, &json!({ "productIds": [] })).await.expect(200);
        assert_eq!(column(&stage.admin.get(&bundle).await, "id"), [Value::Null; 0]);
        assert_eq!(actions(&stage.admin, &path, 3).await, ["created", "products-assigned", "products-assigned"]);
    });
}

#[test]
fn a_bundle_takes_live_products_of_the_tenant_once_each() {
    on_stage(async |stage| {
        let path = solution(&stage.admin, "Branch Office").await;
        let bundle = format!("{path}/products");
        let (own, deleted) = (product(&stage.admin, "Own").await, product(&stage.admin, "Deleted").await);
        stage.admin.delete(&deleted).await.expect(204);
        let foreign = product(&stage.another_tenant().await, "Foreign").await;
        let refused = stage.admin.put(&bundle, &json!({ "productIds": [id(&own), id(&foreign), id(&deleted)] })).await;
        assert_eq!(faults(&refused, "CONTENT_INVALID"), ["/productIds/1 NOT_FOUND", "/productIds/2 NOT_FOUND"]);
        let refused = stage.admin.put(&bundle, &json!({ "productIds": [id(&own), id(&own)] })).await;
        assert_eq!(faults(&refused, "CONTENT_INVALID"), ["/productIds DUPLICATE"]);
        let many: Vec<&str> = vec![id(&own); 201];
        let refused = stage.admin.put(&bundle, &json!({ "productIds": many })).await;
        assert_eq!(faults(&refused, "CONTENT_INVALID"), ["/productIds TOO_MANY", "/productIds DUPLICATE"]);
        let late = |tag: &str| stage.admin.request(Method::PUT, &bundle).header("if-match", tag);
        let body = json!({ "productIds": [id(&own)] });
        send(late("\"7\"").json(&body)).await.expect_problem(412, "VERSION_MISMATCH");
        send(late("\"1\"").json(&body)).await.expect(200);
        assert_eq!(stage.admin.get(&path).await.version(), Some(2));
    });
}

#[test]
fn a_solution_is_changed_deleted_and_restored_like_a_product_but_shares_its_name() {
    on_stage(async |stage| {
        let (first, second) = (solution(&stage.admin, "Office").await, solution(&stage.admin, "Office").await);
        let keyed = json!({ "externalKey": "office" });
        let keep = |answer: Response| answer.expect(200).version();
        assert_eq!(keep(stage.admin.patch(&first, Some(1), &keyed).await), Some(2));
        let taken = stage.admin.patch(&second, None, &keyed).await;
        taken.expect_problem(409, "SOLUTION_EXTERNAL_KEY_TAKEN");
        stage.admin.delete(&first).await.expect(204);
        let gone = stage.admin.put(&format!("{first}/products"), &json!({ "productIds": [] })).await;
        gone.expect_problem(409, "SOLUTION_DELETED");
        stage.admin.patch(&first, None, &keyed).await.expect_problem(409, "SOLUTION_DELETED");
        assert_eq!(column(&stage.admin.get("/catalog/v1/solutions").await, "id"), [id(&second)]);
        stage.admin.patch(&second, None, &keyed).await.expect(200);
        let restore = format!("{first}/restore");
        stage.admin.post(&restore, &json!({})).await.expect_problem(409, "SOLUTION_EXTERNAL_KEY_TAKEN");
        stage.admin.patch(&second, None, &json!({ "externalKey": null })).await.expect(200);
        stage.admin.post(&restore, &json!({})).await.expect(200);
        let found = stage.admin.get("/catalog/v1/solutions?externalKey=office").await;
        assert_eq!(column(&found, "id"), [id(&first)]);
        assert_eq!(actions(&stage.admin, &first, 4).await, ["created", "changed", "deleted", "restored"]);
    });
}

#[test]
fn what_changes_under_a_solution_raises_its_revision_and_not_its_version() {
    on_stage(async |stage| {
        let path = solution(&stage.admin, "Office").await;
        let task = made(&stage.admin, &format!("{path}/tasks"), &json!({ "name": "Plan" })).await;
        let shown = stage.admin.get(&path).await;
        assert_eq!((shown.version(), &shown.body["revision"]), (Some(1), &json!(2)));
        assert_eq!(stage.admin.get(&task).await.body["revision"], 2);
    });
}

#[test]
fn a_solution_and_its_products_have_their_tasks_in_one_order() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (office, a, b) =
            (solution(admin, "Branch Office").await, product(admin, "A").await, product(admin, "B").await);
        admin.put(&format!("{office}/products"), &json!({ "productIds": [id(&b), id(&a)] })).await.expect(200);
        let own = task(admin, &office, "Own", 10.0).await;
        let (first, second) = (task(admin, &a, "First", 10.0).await, task(admin, &a, "Second", 10.0).await);
        let other = task(admin, &b, "Other", 10.0).await;
        let order = format!("{office}/task-order");
        let list = admin.get(&order).await;
        assert_eq!(column(&list, "name"), ["Own", "Other", "First", "Second"]);
        assert_eq!(column(&list, "sourceType"), ["SOLUTION", "PRODUCT", "PRODUCT", "PRODUCT"]);
        assert_eq!(list.body["items"][1]["productId"], json!(id(&b)));

        let put = |tasks: &[&String]| json!({ "taskIds": tasks.iter().map(|task| id(task)).collect::<Vec<_>>() });
        let refused = admin.put(&order, &put(&[&own, &first, &second])).await;
        assert_eq!(faults(&refused, "CONTENT_INVALID"), ["/taskIds INCOMPLETE"]);
        admin.put(&order, &put(&[&second, &own, &other, &first])).await.expect(200);
        assert_eq!(column(&admin.get(&order).await, "name"), ["Second", "Own", "Other", "First"]);
        assert_eq!(column(&admin.get(&format!("{a}/tasks")).await, "name"), ["First", "Second"]);
        task(admin, &b, "New", 10.0).await;
        admin.delete(&own).await.expect(204);
        let names = column(&admin.get(&order).await, "name");
        assert_eq!(names, ["Second", "Other", "First", "New"], "what came since stands behind");
        let page = admin.get(&format!("{order}?limit=3")).await;
        let rest = admin.get(&format!("{order}?limit=3&cursor={}", page.body["nextCursor"].as_str().unwrap())).await;
        assert_eq!(column(&rest, "sequenceNumber"), [4]);
        admin.delete(&a).await.expect(204);
        assert_eq!(column(&admin.get(&order).await, "name"), ["Other", "New"]);
    });
}

#[test]
fn a_licence_of_a_solution_names_licences_of_its_products() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (office, a) = (solution(admin, "Branch Office").await, product(admin, "A").await);
        let stranger = product(admin, "B").await;
        admin.put(&format!("{office}/products"), &json!({ "productIds": [id(&a)] })).await.expect(200);
        let licence = |owner: &str| format!("{owner}/licenses");
        let own = made(admin, &licence(&office), &json!({ "name": "All", "level": 3 })).await;
        let basic = made(admin, &licence(&a), &json!({ "name": "Basic" })).await;
        let foreign = made(admin, &licence(&stranger), &json!({ "name": "Basic" })).await;
        assert_eq!(admin.get(&own).await.expect(200).body["productLicenseIds"], json!([]));
        let assign = |of: &str| format!("{of}/product-licenses");
        let both = json!({ "licenseIds": [id(&basic), id(&foreign)] });
        let refused = admin.put(&assign(&own), &both).await;
        assert_eq!(faults(&refused, "CONTENT_INVALID"), ["/licenseIds/1 NOT_FOUND"]);
        let one = json!({ "licenseIds": [id(&basic)] });
        assert_eq!(faults(&admin.put(&assign(&basic), &one).await, "CONTENT_INVALID"), ["/licenseIds/0 NOT_FOUND"]);
        let put = admin.put(&assign(&own), &one).await;
        assert_eq!((&put.expect(200).body["productLicenseIds"], put.version()), (&json!([id(&basic)]), Some(2)));
        assert_eq!(actions(admin, &own, 2).await, ["created", "changed"]);

        // What is gone, or of a product that has left, is not named: what is shown can be sent back, and is no difference.
        let named = async || admin.get(&own).await.expect(200).body["productLicenseIds"].clone();
        let changed = async || {
            let file = admin.get(&format!("{office}/export?format=version")).await.expect(200).body.clone();
            let import = admin.post(&format!("/catalog/v1/imports?solutionId={}", id(&office)), &file).await;
            let faults = admin.get(&format!("/catalog/v1/imports/{}/faults", import.expect(201).id())).await;
            (import.body["total"].clone(), column(&faults, "code").len())
        };
        admin.delete(&basic).await.expect(204);
        assert_eq!((named().await, changed().await), (json!([]), (json!(0), 0)));
        let deleted = admin.get(&format!("/catalog/v1/change-sets?productId={}&limit=1", id(&a))).await;
        let deleted = deleted.body["items"][0]["id"].as_str().unwrap().to_owned();
        admin.post(&format!("/catalog/v1/change-sets/{deleted}/revert"), &json!({})).await.expect(201);
        assert_eq!(named().await, json!([id(&basic)]), "it is back, and so is its name");
        admin.put(&format!("{office}/products"), &json!({ "productIds": [] })).await.expect(200);
        assert_eq!((named().await, changed().await), (json!([]), (json!(0), 0)));
    });
}

#[test]
fn a_release_has_the_tasks_of_those_before_it() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let gate = product(admin, "Harbour Gate").await;
        let release =
            async |level: f64| made(admin, &format!("{gate}/releases"), &json!({ "name": "R", "level": level })).await;
        let (two, one) = (release(2.0).await, release(1.0).await);
        let tasks = format!("{gate}/tasks");
        let of = |name: &str, releases: &[&String]| json!({ "name": name, "releaseIds": releases.iter().map(|release| id(release)).collect::<Vec<_>>() });
        let old = made(admin, &tasks, &of("Old", &[&one, &two])).await;
        let new = made(admin, &tasks, &of("New", &[&two])).await;
        let any = made(admin, &tasks, &of("Any", &[])).await;
        assert_eq!(column(&admin.get(&format!("{one}/tasks")).await, "name"), ["Old", "Any"]);
        assert_eq!(column(&admin.get(&format!("{two}/tasks?count=true")).await, "name"), ["Old", "New", "Any"]);
        for (task, expected) in [(old, vec![2, 1]), (new, vec![2]), (any, vec![2, 1])] {
            assert_eq!(column(&admin.get(&format!("{task}/releases")).await, "level"), expected);
        }
    });
}
