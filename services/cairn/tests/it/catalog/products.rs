//! Products: the first noun, from request through event to the audit trail.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::send;

use super::{actions, column, faults, id, made, product};
use crate::support::on_stage;

#[test]
fn a_product_is_made_changed_deleted_and_restored() {
    on_stage(async |stage| {
        let made = stage.admin.post("/catalog/v1/products", &json!({ "name": "Harbour Gate" })).await;
        made.expect(201);
        assert_eq!(made.header("etag"), "\"1\"");
        let path = format!("/catalog/v1/products/{}", made.id());
        assert_eq!(made.header("location"), path);
        let changed =
            stage.admin.patch(&path, Some(1), &json!({ "description": "Access", "name": "Harbour Gate 2" })).await;
        changed.expect(200);
        assert_eq!(changed.version(), Some(2));
        stage.admin.patch(&path, Some(1), &json!({ "name": "Late" })).await.expect_problem(412, "VERSION_MISMATCH");
        stage.admin.delete(&path).await.expect(204);
        let list = stage.admin.get("/catalog/v1/products?count=true").await;
        assert_eq!(list.body["total"], 0);
        stage.admin.post(&format!("{path}/restore"), &json!({})).await.expect(200);
        let shown = stage.admin.get(&path).await;
        assert_eq!(shown.body["name"], "Harbour Gate 2");
        assert_eq!(actions(&stage.admin, &path, 4).await, ["created", "changed", "deleted", "restored"]);
    });
}

#[test]
fn every_change_reaches_the_audit_trail_with_its_trace() {
    on_stage(async |stage| {
        let made = stage.admin.post("/catalog/v1/products", &json!({ "name": "Harbour Gate" })).await;
        let trace = made.header("traceparent").split('-').nth(1).unwrap().to_owned();
        let path = format!("/identity/v1/audit-events?entityId={}", made.id());
        let trail = stage
            .admin
            .get_until(&path, |answer| answer.body["items"].as_array().is_some_and(|rows| !rows.is_empty()))
            .await;
        let row = &trail.expect(200).body["items"][0];
        assert_eq!(row["action"], "created");
        assert_eq!(row["entity"], "product");
        assert_eq!(row["traceId"], trace);
        assert_eq!(row["changes"]["name"]["after"], "Harbour Gate");
        assert_eq!(row["clientAddress"], "127.0.0.1");
    });
}

#[test]
fn a_name_is_unique_among_the_living_in_any_case() {
    on_stage(async |stage| {
        let first = product(&stage.admin, "Harbour Gate").await;
        let again = json!({ "name": " HARBOUR gate " });
        stage.admin.post("/catalog/v1/products", &again).await.expect_problem(409, "PRODUCT_NAME_TAKEN");
        stage.admin.delete(&first).await.expect(204);
        let second = made(&stage.admin, "/catalog/v1/products", &again).await;
        let restore = format!("{first}/restore");
        stage.admin.post(&restore, &json!({})).await.expect_problem(409, "PRODUCT_NAME_TAKEN");
        stage.admin.patch(&second, None, &json!({ "name": "Quay Gate" })).await.expect(200);
        stage.admin.post(&restore, &json!({})).await.expect(200);
        let back = stage.admin.patch(&second, None, &json!({ "name": "harbour gate" })).await;
        back.expect_problem(409, "PRODUCT_NAME_TAKEN");
    });
}

#[test]
fn an_external_key_finds_its_product_and_is_free_once_that_is_deleted() {
    on_stage(async |stage| {
        let keyed = |name: &str| json!({ "name": name, "externalKey": "gate/1" });
        let first = made(&stage.admin, "/catalog/v1/products", &keyed("Gate")).await;
        product(&stage.admin, "Other").await;
        let found = stage.admin.get("/catalog/v1/products?externalKey=gate%2F1").await;
        assert_eq!(column(&found, "id"), [id(&first)]);
        let twin = stage.admin.post("/catalog/v1/products", &keyed("Twin")).await;
        twin.expect_problem(409, "PRODUCT_EXTERNAL_KEY_TAKEN");
        let other_tenant = stage.another_tenant().await;
        made(&other_tenant, "/catalog/v1/products", &keyed("Gate")).await;
        stage.admin.delete(&first).await.expect(204);
        let second = made(&stage.admin, "/catalog/v1/products", &keyed("Twin")).await;
        let restored = stage.admin.post(&format!("{first}/restore"), &json!({})).await;
        restored.expect_problem(409, "PRODUCT_EXTERNAL_KEY_TAKEN");
        let found = stage.admin.get("/catalog/v1/products?externalKey=gate%2F1").await;
        assert_eq!(column(&found, "id"), [id(&second)]);
        let all = stage.admin.get("/catalog/v1/products?externalKey=gate%2F1&deleted=include").await;
        assert_eq!(column(&all, "id"), [id(&first), id(&second)]);
    });
}

#[test]
fn a_deleted_product_is_still_shown_but_neither_it_nor_anything_under_it_changes() {
    on_stage(async |stage| {
        let path = product(&stage.admin, "Harbour Gate").await;
        let outcome = made(&stage.admin, &format!("{path}/outcomes"), &json!({ "name": "Fewer outages" })).await;
        stage.admin.delete(&path).await.expect(204);
        stage.admin.delete(&path).await.expect(204);
        assert_eq!(actions(&stage.admin, &path, 2).await, ["created", "deleted"], "the second one had nothing to do");
        assert!(stage.admin.get(&path).await.expect(200).body["deletedAt"].is_string());
        assert_eq!(column(&stage.admin.get(&format!("{path}/outcomes")).await, "id"), [id(&outcome)]);
        let refused = stage.admin.patch(&path, None, &json!({ "name": "Quay" })).await;
        refused.expect_problem(409, "PRODUCT_DELETED");
        assert!(refused.body["detail"].as_str().unwrap().contains(&format!("POST {path}/restore")));
        let task = stage.admin.post(&format!("{path}/tasks"), &json!({ "name": "Connect" })).await;
        task.expect_problem(409, "PRODUCT_DELETED");
        let renamed = stage.admin.patch(&outcome, None, &json!({ "name": "None" })).await;
        renamed.expect_problem(409, "PRODUCT_DELETED");
        stage.admin.delete(&outcome).await.expect_problem(409, "PRODUCT_DELETED");
    });
}

#[test]
fn every_declared_order_pages_through_all_products_once() {
    on_stage(async |stage| {
        let mut made = Vec::new();
        for name in ["Delta", "alpha", "Charlie", "bravo", "Echo"] {
            made.push(product(&stage.admin, name).await);
            stage.clock.advance(chrono::Duration::seconds(1));
        }
        let names = |list: &[&str]| list.iter().map(|name| json!(name)).collect::<Vec<Value>>();
        stage.admin.patch(&made[0], None, &json!({ "description": "The last to change" })).await.expect(200);
        let created = names(&["Delta", "alpha", "Charlie", "bravo", "Echo"]);
        let updated = names(&["alpha", "Charlie", "bravo", "Echo", "Delta"]);
        for (sort, order) in [("createdAt", created), ("updatedAt", updated)] {
            assert_eq!(paged(&stage.admin, sort).await, order, "{sort}");
            let backwards: Vec<Value> = order.into_iter().rev().collect();
            assert_eq!(paged(&stage.admin, &format!("-{sort}")).await, backwards, "-{sort}");
        }
        let by_name = paged(&stage.admin, "name").await;
        assert_eq!(by_name.len(), 5);
        assert_eq!(by_name.into_iter().rev().collect::<Vec<_>>(), paged(&stage.admin, "-name").await);
    });
}

/// All names in an order, collected in pages of two.
async fn paged(who: &testkit::Client, sort: &str) -> Vec<Value> {
    let list = format!("/catalog/v1/products?limit=2&count=true&sort={sort}");
    let mut page = who.get(&list).await;
    let mut names = column(&page, "name");
    while let Some(cursor) = page.body["nextCursor"].as_str() {
        assert_eq!(page.body["total"], 5);
        page = who.get(&format!("{list}&cursor={cursor}")).await;
        names.extend(column(&page, "name"));
    }
    names
}

#[test]
fn a_list_refuses_what_it_cannot_do() {
    on_stage(async |stage| {
        for name in ["A", "B"] {
            product(&stage.admin, name).await;
        }
        let page = stage.admin.get("/catalog/v1/products?limit=1").await;
        let cursor = page.body["nextCursor"].as_str().unwrap();
        let list = |query: String| format!("/catalog/v1/products?{query}");
        for query in [
            "limit=0".to_owned(),
            "limit=201".to_owned(),
            "limit=many".to_owned(),
            "sort=weight".to_owned(),
            "deleted=only".to_owned(),
            "colour=red".to_owned(),
            "externalKey=a%00b".to_owned(),
            "cursor=forged".to_owned(),
            format!("cursor={cursor}&sort=name"),
        ] {
            stage.admin.get(&list(query.clone())).await.expect_problem(400, "REQUEST_MALFORMED");
        }
        stage.admin.get(&list(format!("cursor={cursor}"))).await.expect(200);
    });
}

#[test]
fn each_field_that_is_wrong_is_named() {
    on_stage(async |stage| {
        let wrong = json!({ "name": " ", "description": "bell \u{7}", "externalKey": "", "resources": [
            { "label": "Guide", "url": "https://example.com/guide" },
            { "label": "", "url": "ftp://example.com" },
            { "label": "Nul", "url": "https://example.com/\u{0}" },
        ] });
        let refused = stage.admin.post("/catalog/v1/products", &wrong).await;
        assert_eq!(
            faults(&refused, "CONTENT_INVALID"),
            [
                "/name LENGTH",
                "/description CONTROL_CHARACTER",
                "/externalKey LENGTH",
                "/resources/1/label LENGTH",
                "/resources/1/url URL",
                "/resources/2/url URL"
            ]
        );
        let unknown = json!({ "name": "Gate", "resources": [{ "label": "a", "url": "https://b", "icon": "c" }] });
        let refused = stage.admin.post("/catalog/v1/products", &unknown).await;
        assert_eq!(faults(&refused, "CONTENT_INVALID"), ["/resources/0/icon UNKNOWN_FIELD"]);
        let path = product(&stage.admin, "Gate").await;
        let refused = stage.admin.patch(&path, None, &json!({ "name": null, "resources": null })).await;
        assert_eq!(faults(&refused, "CONTENT_INVALID"), ["/name REQUIRED", "/resources REQUIRED"]);
        assert_eq!(stage.admin.get(&path).await.version(), Some(1));
    });
}

#[test]
fn a_reader_who_has_seen_this_version_is_told_so() {
    on_stage(async |stage| {
        let path = product(&stage.admin, "Gate").await;
        let ask = |tag: &str| send(stage.admin.request(Method::GET, &path).header("if-none-match", tag));
        let same = ask("\"1\"").await;
        assert_eq!((same.status, same.text.as_str(), same.header("etag")), (304, "", "\"1\""));
        stage.admin.patch(&path, Some(1), &json!({ "description": "A gate" })).await.expect(200);
        assert_eq!(ask("\"1\"").await.expect(200).body["description"], "A gate");
        let cleared = stage.admin.patch(&path, Some(2), &json!({ "description": null })).await;
        assert_eq!(cleared.expect(200).body["description"], Value::Null);
    });
}
