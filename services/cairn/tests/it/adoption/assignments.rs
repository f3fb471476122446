//! Assigning products: what is chosen, what is refused, and the catalog being away.

use diesel_async::SimpleAsyncConnection;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::send;

use super::{
    CUSTOMERS, assign, column, customer, id, items, make, plan_path, planned, pointers, product, task_path, tasks,
    try_assign, walk,
};
use crate::support::{on_prepared_stage, on_stage};

#[test]
fn an_assignment_comes_with_its_plan_unless_it_is_asked_not_to() {
    on_stage(async |stage| {
        let (product, _) = product(&stage.admin, "Harbour Gate", &[json!({ "name": "Connect", "weight": 40 })]).await;
        let customer = customer(&stage.admin, "Northwind").await;
        let made = try_assign(&stage.admin, &customer, &product, json!({ "name": " Port of Rotterdam " })).await;
        assert_eq!(made.expect(201).header("location"), format!("/adoption/v1/assignments/{}", made.id()));
        assert_eq!(made.header("etag"), "\"1\"");
        assert_eq!(made.body["name"], "Port of Rotterdam");
        assert_eq!(made.body["productName"], "Harbour Gate");
        let shown = stage.admin.get(made.header("location")).await;
        assert_eq!(shown.expect(200).body, made.body);
        let plan = stage.admin.get(&plan_path(&made.body)).await;
        assert_eq!(plan.expect(200).body["assignmentId"], made.body["id"]);

        // The same product again is another deployment.
        let bare = assign(&stage.admin, &customer, &product, json!({ "createPlan": false })).await;
        assert_eq!(bare["planId"], Value::Null);
        let path = format!("/adoption/v1/assignments/{}/plan", id(&bare));
        let nothing = json!({});
        let (one, other) = tokio::join!(stage.admin.post(&path, &nothing), stage.admin.post(&path, &nothing));
        let (made, late) = if one.status == 201 { (one, other) } else { (other, one) };
        assert_eq!(made.expect(201).header("location"), format!("/adoption/v1/plans/{}", made.id()));
        late.expect_problem(409, "PLAN_ALREADY_EXISTS");
        let planned = stage.admin.get(&format!("/adoption/v1/assignments/{}", id(&bare))).await;
        assert_eq!((planned.version(), &planned.body["planId"]), (Some(2), &made.body["id"]));
    });
}

#[test]
fn what_cannot_be_assigned_is_refused_and_leaves_nothing() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (gate, _) = product(admin, "Harbour Gate", &[]).await;
        let (crane, _) = product(admin, "Crane Watch", &[]).await;
        let outcome =
            make(admin, &format!("/catalog/v1/products/{}/outcomes", id(&crane)), &json!({ "name": "Uptime" })).await;
        let northwind = customer(admin, "Northwind").await;
        let refused = async |more: Value, faults: &[&str]| {
            let answer = try_assign(admin, &northwind, &gate, more).await;
            assert_eq!(pointers(answer.expect_problem(422, "CONTENT_INVALID")), faults);
        };
        refused(json!({ "productId": northwind["id"] }), &["/productId"]).await;
        refused(json!({ "productId": null }), &["/productId"]).await;
        refused(json!({ "licenseLevel": "PLATINUM" }), &["/licenseLevel"]).await;
        refused(json!({ "colour": "red" }), &["/colour"]).await;
        refused(
            json!({ "name": "", "outcomeIds": [outcome["id"]], "releaseIds": [gate["id"], gate["id"]] }),
            &["/name", "/outcomeIds/0", "/releaseIds", "/releaseIds/0", "/releaseIds/1"],
        )
        .await;

        let stranger = stage.another_tenant().await;
        let (foreign, _) = product(&stranger, "Harbour Gate", &[]).await;
        refused(json!({ "productId": foreign["id"] }), &["/productId"]).await;
        admin.delete(&format!("/catalog/v1/products/{}", id(&gate))).await.expect(204);
        refused(json!({}), &["/productId"]).await;

        let nobody = json!({ "id": gate["id"] });
        try_assign(admin, &nobody, &crane, json!({})).await.expect_problem(404, "NOT_FOUND");
        let all = admin.get(&format!("{CUSTOMERS}/{}/assignments?count=true", id(&northwind))).await;
        assert_eq!(all.expect(200).body["total"], 0);
        admin.delete(&format!("{CUSTOMERS}/{}", id(&northwind))).await.expect(204);
        try_assign(admin, &northwind, &crane, json!({})).await.expect_problem(409, "CUSTOMER_DELETED");
        assert_eq!(admin.get("/adoption/v1/plans?count=true").await.body["total"], 0);
    });
}

#[test]
fn a_plan_cannot_be_made_of_a_product_that_is_gone_or_for_a_customer_who_is() {
    on_stage(async |stage| {
        let (product, _) = product(&stage.admin, "Harbour Gate", &[]).await;
        let customer = customer(&stage.admin, "Northwind").await;
        let assignment = assign(&stage.admin, &customer, &product, json!({ "createPlan": false })).await;
        let path = format!("/adoption/v1/assignments/{}/plan", id(&assignment));
        let of_product = format!("/catalog/v1/products/{}", id(&product));
        stage.admin.delete(&of_product).await.expect(204);
        stage.admin.post(&path, &json!({})).await.expect_problem(409, "ASSIGNMENT_PRODUCT_GONE");
        stage.admin.post(&format!("{of_product}/restore"), &json!({})).await.expect(200);
        let of_customer = format!("{CUSTOMERS}/{}", id(&customer));
        stage.admin.delete(&of_customer).await.expect(204);
        stage.admin.post(&path, &json!({})).await.expect_problem(409, "CUSTOMER_DELETED");
        stage.admin.post(&format!("{of_customer}/restore"), &json!({})).await.expect(200);
        stage.admin.post(&path, &json!({})).await.expect(201);
    });
}

#[test]
fn without_the_catalog_nothing_is_half_made_and_the_same_request_succeeds_later() {
    on_prepared_stage(
        |world| world.put_proxy_for("catalog_app"),
        async |stage, catalog| {
            let (product, _) =
                product(&stage.admin, "Harbour Gate", &[json!({ "name": "Connect", "weight": 40 })]).await;
            let customer = customer(&stage.admin, "Northwind").await;
            let path = format!("{CUSTOMERS}/{}/assignments", id(&customer));
            let command = json!({ "productId": product["id"], "name": "Head office", "licenseLevel": "ESSENTIAL" });
            let try_it = async || {
                let request = stage.admin.request(Method::POST, &path).header("idempotency-key", "once");
                send(request.json(&command)).await
            };
            let nothing_made = async || {
                assert_eq!(stage.admin.get(&format!("{path}?count=true")).await.body["total"], 0);
                assert_eq!(stage.admin.get("/adoption/v1/plans?count=true").await.body["total"], 0);
            };

            catalog.cut();
            let away = try_it().await;
            away.expect_problem(503, "UNAVAILABLE");
            assert!(away.body["detail"].as_str().unwrap().contains("The catalog"), "{}", away.text);
            assert!(!away.header("retry-after").is_empty());
            nothing_made().await;
            catalog.mend();
            stage.admin.get_until("/catalog/v1/products", |answer| answer.status == 200).await.expect(200);

            // A catalog that hangs is as good as none.
            let mut administrator = stage.world.administrator().await;
            let hold = "begin; lock table catalog.products in access exclusive mode";
            administrator.batch_execute(hold).await.unwrap();
            let slow = try_it().await;
            slow.expect_problem(503, "UNAVAILABLE");
            assert!(slow.body["detail"].as_str().unwrap().contains("The catalog"), "{}", slow.text);
            nothing_made().await;
            administrator.batch_execute("rollback").await.unwrap();

            let made = try_it().await;
            made.expect(201);
            let repeated = try_it().await;
            assert_eq!((repeated.text.as_str(), repeated.header("idempotent-replayed")), (made.text.as_str(), "true"));
            catalog.cut();
            try_it().await.expect(201);
            catalog.mend();
            assert_eq!(items(&stage.admin.get(&path).await).len(), 1);
        },
    );
}

#[test]
fn taking_an_assignment_back_takes_everything_of_it() {
    on_stage(async |stage| {
        let (assignment, tasks) = planned(&stage.admin, &[json!({ "name": "Connect", "weight": 100 })]).await;
        super::set(&stage.admin, &tasks[0], "DONE").await.expect(200);
        let path = format!("/adoption/v1/assignments/{}", id(&assignment));
        let stale = stage.admin.request(Method::DELETE, &path).header("if-match", "\"7\"");
        send(stale).await.expect_problem(412, "VERSION_MISMATCH");
        stage.admin.delete(&path).await.expect(204);
        let history = format!("{}/history", task_path(&tasks[0]));
        for gone in [path.clone(), plan_path(&assignment), task_path(&tasks[0]), history] {
            stage.admin.get(&gone).await.expect_problem(404, "NOT_FOUND");
        }
        stage.admin.delete(&path).await.expect_problem(404, "NOT_FOUND");
        let trail = format!("/identity/v1/audit-events?entityId={}&action=removed", id(&assignment));
        stage.admin.get_until(&trail, |answer| answer.body["items"][0].is_object()).await;
        assert_eq!(items(&stage.admin.get(&trail).await).len(), 1);
    });
}

#[test]
fn assignments_are_listed_by_customer_product_and_key() {
    on_stage(async |stage| {
        let (gate, _) = product(&stage.admin, "Harbour Gate", &[]).await;
        let (crane, _) = product(&stage.admin, "Crane Watch", &[]).await;
        let northwind = customer(&stage.admin, "Northwind").await;
        let other = customer(&stage.admin, "Southwind").await;
        for (place, product) in [("A", &gate), ("B", &crane), ("C", &gate)] {
            assign(&stage.admin, &northwind, product, json!({ "name": place, "externalKey": place })).await;
        }
        assign(&stage.admin, &other, &gate, json!({ "name": "D" })).await;
        let taken = try_assign(&stage.admin, &other, &gate, json!({ "externalKey": "A" })).await;
        taken.expect_problem(409, "ASSIGNMENT_EXTERNAL_KEY_TAKEN");

        let path = format!("{CUSTOMERS}/{}/assignments", id(&northwind));
        assert_eq!(column(&walk(&stage.admin, &path).await, "name"), ["A", "B", "C"]);
        let of_gate = stage.admin.get(&format!("{path}?productId={}&count=true", id(&gate))).await;
        assert_eq!(of_gate.body["total"], 2);
        assert_eq!(column(&items(&of_gate), "name"), ["A", "C"]);
        let by_key = items(&stage.admin.get(&format!("{path}?externalKey=B")).await);
        assert_eq!(column(&by_key, "name"), ["B"]);

        let plans = walk(&stage.admin, "/adoption/v1/plans").await;
        assert_eq!(plans.len(), 4);
        let of = async |filter: String| items(&stage.admin.get(&format!("/adoption/v1/plans?{filter}")).await).len();
        assert_eq!(of(format!("customerId={}", id(&northwind))).await, 3);
        assert_eq!(of(format!("productId={}", id(&gate))).await, 3);
        assert_eq!(of(format!("productId={}&customerId={}", id(&gate), id(&other))).await, 1);
    });
}

#[test]
fn later_edits_of_the_catalog_do_not_reach_a_plan() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (assignment, before) = planned(admin, &[json!({ "name": "Connect", "weight": 40 })]).await;
        let original = format!("/catalog/v1/tasks/{}", before[0]["originalTaskId"].as_str().unwrap());
        admin.patch(&original, Some(1), &json!({ "name": "Reconnect", "weight": 60 })).await.expect(200);
        let path = format!("/catalog/v1/products/{}/tasks", assignment["productId"].as_str().unwrap());
        make(admin, &path, &json!({ "name": "Later", "weight": 10 })).await;
        assert_eq!(tasks(admin, &assignment).await, before);
    });
}
