//! Products: the first noun, from request through event to the audit trail.

use serde_json::json;

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
