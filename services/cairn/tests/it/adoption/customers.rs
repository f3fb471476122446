//! Customers over HTTP, and who may do what with everything adoption has.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::send;

use super::{CUSTOMERS, column, customer, id, items, make, plan_path, planned, pointers, task_path, walk};
use crate::identity::{add_member, with_new_password};
use crate::support::on_stage;

#[test]
fn a_customer_is_made_changed_deleted_and_restored() {
    on_stage(async |stage| {
        let command = json!({ "name": " Northwind ", "description": "Forty ships", "externalKey": "nw" });
        let made = stage.admin.post(CUSTOMERS, &command).await;
        made.expect(201);
        let path = format!("{CUSTOMERS}/{}", made.id());
        assert_eq!((made.header("etag"), made.header("location")), ("\"1\"", path.as_str()));
        assert_eq!(made.body["name"], "Northwind");

        let changed = stage.admin.patch(&path, Some(1), &json!({ "name": "Northwind Ferries" })).await;
        assert_eq!(changed.expect(200).body["description"], "Forty ships", "what is left out stays");
        let cleared = stage.admin.patch(&path, Some(2), &json!({ "description": null })).await;
        assert_eq!(cleared.expect(200).body["description"], Value::Null);
        stage.admin.patch(&path, Some(2), &json!({ "name": "Late" })).await.expect_problem(412, "VERSION_MISMATCH");

        let known = stage.admin.request(Method::GET, &path).header("if-none-match", "\"3\"");
        send(known).await.expect(304);
        let stale = stage.admin.request(Method::DELETE, &path).header("if-match", "\"1\"");
        send(stale).await.expect_problem(412, "VERSION_MISMATCH");

        stage.admin.delete(&path).await.expect(204);
        stage.admin.delete(&path).await.expect(204);
        let deleted = stage.admin.get(&path).await;
        assert_eq!(deleted.expect(200).version(), Some(4), "deleting twice is deleting once");
        assert!(deleted.body["deletedAt"].is_string());
        for more in ["overview", "health", "health/history", "workbook", "assignments"] {
            stage.admin.get(&format!("{path}/{more}")).await.expect_problem(404, "NOT_FOUND");
        }
        stage.admin.patch(&path, None, &json!({ "name": "Ghost" })).await.expect_problem(409, "CUSTOMER_DELETED");
        assert_eq!(stage.admin.get(&format!("{CUSTOMERS}?count=true")).await.body["total"], 0);
        assert_eq!(items(&stage.admin.get(&format!("{CUSTOMERS}?deleted=include")).await).len(), 1);

        let restored = stage.admin.post(&format!("{path}/restore"), &json!({})).await;
        assert_eq!(restored.expect(200).body["deletedAt"], Value::Null);
        assert_eq!(restored.body["externalKey"], "nw");
        let again = stage.admin.post(&format!("{path}/restore"), &json!({})).await;
        assert_eq!(again.expect(200).version(), Some(5));

        let trail = format!("/identity/v1/audit-events?entityId={}", made.id());
        let trail = stage.admin.get_until(&trail, |answer| answer.body["items"][4].is_object()).await;
        let actions = column(&items(&trail), "action");
        assert_eq!(actions, ["restored", "deleted", "changed", "changed", "created"]);
    });
}

#[test]
fn names_may_repeat_and_external_keys_may_not() {
    on_stage(async |stage| {
        let first = make(&stage.admin, CUSTOMERS, &json!({ "name": "Same", "externalKey": "k-1" })).await;
        let second = make(&stage.admin, CUSTOMERS, &json!({ "name": "Same" })).await;
        let taken = stage.admin.post(CUSTOMERS, &json!({ "name": "Other", "externalKey": "k-1" })).await;
        taken.expect_problem(409, "CUSTOMER_EXTERNAL_KEY_TAKEN");
        let path = format!("{CUSTOMERS}/{}", id(&second));
        let taken = stage.admin.patch(&path, None, &json!({ "externalKey": "k-1" })).await;
        taken.expect_problem(409, "CUSTOMER_EXTERNAL_KEY_TAKEN");
        let found = items(&stage.admin.get(&format!("{CUSTOMERS}?externalKey=k-1")).await);
        assert_eq!(column(&found, "id"), [first["id"].clone()]);
        let another = stage.another_tenant().await;
        make(&another, CUSTOMERS, &json!({ "name": "Same", "externalKey": "k-1" })).await;
    });
}

#[test]
fn customers_come_in_pages() {
    on_stage(async |stage| {
        for name in ["A", "B", "C", "D", "E"] {
            customer(&stage.admin, name).await;
        }
        assert_eq!(column(&walk(&stage.admin, CUSTOMERS).await, "name"), ["A", "B", "C", "D", "E"]);
        let page = stage.admin.get(&format!("{CUSTOMERS}?limit=2&count=true")).await;
        assert_eq!(page.expect(200).body["total"], 5);
        let cursor = page.body["nextCursor"].as_str().unwrap();
        for query in ["limit=0", "limit=201", "cursor=forged", "deleted=yes", "colour=red"] {
            let refused = stage.admin.get(&format!("{CUSTOMERS}?{query}")).await;
            refused.expect_problem(400, "REQUEST_MALFORMED");
        }
        let elsewhere = stage.admin.get(&format!("/adoption/v1/plans?cursor={cursor}")).await;
        elsewhere.expect_problem(400, "REQUEST_MALFORMED");
    });
}

#[test]
fn careless_customers_are_told_what_is_wrong() {
    on_stage(async |stage| {
        let long = "x".repeat(5_001);
        let faults = stage.admin.post(CUSTOMERS, &json!({ "name": " ", "description": long, "externalKey": "" })).await;
        faults.expect_problem(422, "CONTENT_INVALID");
        assert_eq!(pointers(&faults), ["/name", "/description", "/externalKey"]);
        let unknown = stage.admin.post(CUSTOMERS, &json!({ "name": "x", "tenantId": "y" })).await;
        unknown.expect_problem(422, "CONTENT_INVALID");
        assert_eq!(pointers(&unknown), ["/tenantId"]);
        let made = customer(&stage.admin, "Northwind").await;
        let path = format!("{CUSTOMERS}/{}", id(&made));
        let cleared = stage.admin.patch(&path, None, &json!({ "name": null })).await;
        cleared.expect_problem(422, "CONTENT_INVALID");
        assert_eq!(pointers(&cleared), ["/name"]);
        let unknown = stage.admin.patch(&path, None, &json!({ "version": 7 })).await;
        assert_eq!(pointers(unknown.expect_problem(422, "CONTENT_INVALID")), ["/version"]);
        assert_eq!(stage.admin.get(&path).await.version(), Some(1));
    });
}

#[test]
fn of_another_tenants_adoption_nothing_is_found() {
    on_stage(async |stage| {
        let (assignment, tasks) = planned(&stage.admin, &[json!({ "name": "Connect", "weight": 100 })]).await;
        let customer = format!("{CUSTOMERS}/{}", assignment["customerId"].as_str().unwrap());
        let of_assignment = format!("/adoption/v1/assignments/{}", id(&assignment));
        let (plan, task) = (plan_path(&assignment), task_path(&tasks[0]));
        let assign = json!({ "productId": assignment["productId"], "name": "x", "licenseLevel": "ESSENTIAL" });
        let done = json!({ "status": "DONE" });
        let all_done = json!({ "customerTaskIds": [tasks[0]["id"]], "status": "DONE" });
        let tries = [
            (Method::GET, customer.clone(), None),
            (Method::PATCH, customer.clone(), Some(json!({ "name": "Mine" }))),
            (Method::DELETE, customer.clone(), None),
            (Method::POST, format!("{customer}/restore"), None),
            (Method::GET, format!("{customer}/assignments"), None),
            (Method::POST, format!("{customer}/assignments"), Some(assign)),
            (Method::GET, of_assignment.clone(), None),
            (Method::DELETE, of_assignment.clone(), None),
            (Method::POST, format!("{of_assignment}/plan"), None),
            (Method::GET, plan.clone(), None),
            (Method::GET, format!("{plan}/tasks"), None),
            (Method::POST, format!("{plan}/tasks/bulk-status"), Some(all_done)),
            (Method::GET, task.clone(), None),
            (Method::PATCH, task.clone(), Some(done)),
            (Method::GET, format!("{task}/history"), None),
        ];
        let stranger = stage.another_tenant().await;
        for (method, path, body) in tries {
            let request = stranger.request(method.clone(), &path);
            let answer = send(match &body {
                Some(body) => request.json(body),
                None => request,
            });
            let answer = answer.await;
            assert_eq!((answer.status, answer.body["code"].as_str()), (404, Some("NOT_FOUND")), "{method} {path}");
        }
        for list in [CUSTOMERS, "/adoption/v1/plans"] {
            assert_eq!(items(&stranger.get(list).await), Vec::<Value>::new());
        }
        let untouched = stage.admin.get(&task).await;
        assert_eq!((untouched.version(), &untouched.body["status"]), (Some(1), &json!("NOT_STARTED")));
    });
}

#[test]
fn each_role_may_do_what_it_is_for() {
    on_stage(async |stage| {
        let (assignment, tasks) = planned(&stage.admin, &[json!({ "name": "Connect", "weight": 100 })]).await;
        for (login, role) in [("sam", "SME"), ("cleo", "CSS"), ("vera", "VIEWER"), ("greta", "AGENT")] {
            add_member(&stage.admin, login, &[role]).await.expect(201);
        }
        let refused = async |login: &str, method: Method, path: &str, permission: &str| {
            let who = with_new_password(&stage.anonymous, login).await;
            let answer = send(who.request(method, path).json(&json!({ "name": "x", "status": "DONE" }))).await;
            answer.expect_problem(403, "PERMISSION_DENIED");
            assert!(answer.body["detail"].as_str().unwrap().contains(permission), "{}", answer.text);
            who
        };
        refused("sam", Method::GET, CUSTOMERS, "adoption:customer:read").await;
        let viewer = refused("vera", Method::POST, CUSTOMERS, "adoption:customer:write").await;
        let agent = refused("greta", Method::PATCH, &task_path(&tasks[0]), "adoption:task:write").await;
        for reader in [&viewer, &agent] {
            reader.get(CUSTOMERS).await.expect(200);
            reader.get(&plan_path(&assignment)).await.expect(200);
            reader.get(&format!("{}/history", task_path(&tasks[0]))).await.expect(200);
        }
        let of_assignment = format!("/adoption/v1/assignments/{}", id(&assignment));
        let denied = viewer.delete(&of_assignment).await;
        denied.expect_problem(403, "PERMISSION_DENIED");

        let cleo = with_new_password(&stage.anonymous, "cleo").await;
        let own = customer(&cleo, "Her own").await;
        cleo.patch(&task_path(&tasks[0]), None, &json!({ "status": "DONE" })).await.expect(200);
        cleo.delete(&of_assignment).await.expect(204);
        cleo.delete(&format!("{CUSTOMERS}/{}", id(&own))).await.expect(204);
        stage.anonymous.get(CUSTOMERS).await.expect_problem(401, "TOKEN_MISSING");
    });
}
