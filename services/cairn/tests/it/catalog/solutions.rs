//! Solutions: bundles of products in an order of their own.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Response, send};

use super::{actions, column, faults, id, made, product, solution};
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
