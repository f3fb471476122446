//! Many plans at once, in the background, and who may.

use cairn::Platform;
use chrono::Duration;
use diesel_async::SimpleAsyncConnection;
use kernel::{Clock, Timestamp};
use serde_json::{Value, json};
use testkit::{Client, Response};

use super::Harbour;
use crate::adoption::{assign, column, customer, id, items, make, plan_path, product, read_after};
use crate::company::{FIRST_PASSWORD, colleague, member};
use crate::support::{PASSWORD, on_stage, owner};

/// An operation that was accepted, when it has ended.
async fn finished(who: &Client, accepted: &Response) -> Value {
    let path = accepted.expect(202).header("location").to_owned();
    assert_eq!(path, format!("/adoption/v1/plan-syncs/{}", accepted.id()));
    let ended = who.get_until(&path, |operation| operation.body["status"] == "DONE").await;
    assert_eq!(
        (&ended.expect(200).body["status"], &ended.body["progress"]),
        (&json!("DONE"), &json!(1.0)),
        "{}",
        ended.text
    );
    ended.body.clone()
}

#[test]
fn a_grant_on_a_customer_reaches_its_plans_and_no_others() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let here = Harbour::new(admin).await;
        let fabrikam = customer(admin, "Fabrikam").await;
        let theirs = assign(admin, &fabrikam, &here.product, json!({})).await;
        here.add(admin, json!({ "name": "Drill", "weight": 0 })).await;

        let role = json!({ "name": "READER", "permissions": ["adoption:*:read"] });
        admin.post("/identity/v1/roles", &role).await.expect(201);
        let reader = colleague(admin, "reader", "READER").await;
        reader.get(&here.path("/sync")).await.expect(200);
        here.sync(&reader).await.expect_problem(403, "PERMISSION_DENIED");
        here.undo(&reader).await.expect_problem(403, "PERMISSION_DENIED");
        let all = "/adoption/v1/plan-syncs";
        let of_product = json!({ "productId": here.product["id"] });
        reader.post(all, &of_product).await.expect_problem(403, "PERMISSION_DENIED");

        let kim = admin.post("/identity/v1/members", &member("kim", "MEMBER")).await;
        let grant = json!({
            "subjectType": "USER", "subjectId": kim.expect(201).body["userId"], "resourceType": "CUSTOMER",
            "resourceId": here.assignment["customerId"], "level": "WRITE",
        });
        let granted = admin.post("/identity/v1/grants", &grant).await;
        let first = admin.sign_in("kim", FIRST_PASSWORD).await;
        let own = json!({ "currentPassword": FIRST_PASSWORD, "newPassword": PASSWORD });
        first.post("/identity/v1/me/password", &own).await.expect(204);
        let kim = admin.sign_in("kim", PASSWORD).await;
        read_after(&kim, granted.expect(201), &here.path("/sync")).await.expect(200);
        assert_eq!(here.sync(&kim).await.expect(200).body["sync"]["counts"]["added"], 1);
        here.undo(&kim).await.expect(200);
        let foreign = format!("{}/sync", plan_path(&theirs));
        kim.get(&foreign).await.expect_problem(404, "NOT_FOUND");
        kim.post(&foreign, &json!({})).await.expect_problem(404, "NOT_FOUND");
        let both = json!({ "planIds": [here.assignment["planId"], theirs["planId"]] });
        kim.post(all, &both).await.expect_problem(403, "PERMISSION_DENIED");

        let own = finished(&kim, &kim.post(all, &of_product).await).await;
        assert_eq!((&own["result"]["plans"], &own["result"]["synced"]), (&json!(1), &json!(1)));
        let whole = finished(admin, &admin.post(all, &of_product).await).await;
        assert_eq!(whole["result"], json!({ "plans": 2, "synced": 1, "unchanged": 1, "failed": 0 }));
        kim.get(&format!("{all}/{}", id(&whole))).await.expect_problem(404, "NOT_FOUND");
        admin.get(&format!("{all}/{}", id(&own))).await.expect(200);
    });
}

#[test]
fn many_plans_are_synced_in_the_background_and_one_that_fails_hinders_no_other() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let here = Harbour::new(admin).await;
        let northwind = json!({ "id": here.assignment["customerId"] });
        let mut deployments = vec![here.assignment.clone()];
        for _ in 0..24 {
            deployments.push(assign(admin, &northwind, &here.product, json!({})).await);
        }
        here.add(admin, json!({ "name": "Drill", "weight": 0 })).await;
        here.sync(admin).await.expect(200);
        // Somebody is editing the second.
        let ann = colleague(admin, "ann", "CSS").await;
        let lock = json!({ "resourceType": "PLAN", "resourceId": deployments[1]["planId"] });
        let locked = ann.post("/identity/v1/edit-locks", &lock).await;
        read_after(admin, locked.expect(201), &here.path("")).await.expect(200);

        let command = json!({ "productId": here.product["id"] });
        let accepted = admin.post("/adoption/v1/plan-syncs", &command).await;
        assert_eq!(
            (&accepted.expect(202).body["status"], &accepted.body["result"]["plans"]),
            (&json!("PENDING"), &json!(25))
        );
        let ended = finished(admin, &accepted).await;
        assert_eq!(ended["result"], json!({ "plans": 25, "synced": 23, "unchanged": 1, "failed": 1 }));
        let failed = items(&admin.get(&format!("/adoption/v1/plan-syncs/{}/plans?state=FAILED", id(&ended))).await);
        assert_eq!(column(&failed, "planId"), [deployments[1]["planId"].clone()]);
        assert_eq!(failed[0]["problem"], "EDIT_LOCK_HELD");
        assert!(failed[0]["detail"].as_str().unwrap().contains("ann"), "{failed:?}");
        let all = admin.get(&format!("/adoption/v1/plan-syncs/{}/plans?count=true&limit=10", id(&ended))).await;
        assert_eq!((items(&all).len(), &all.body["total"]), (10, &json!(25)));
        let third = items(&admin.get(&format!("{}/syncs", plan_path(&deployments[2]))).await);
        assert_eq!((&third[0]["operationId"], &third[0]["by"]), (&ended["id"], &ended["requestedBy"]));
        // Each can be taken back by itself.
        let undone = admin.post(&format!("{}/sync/undo", plan_path(&deployments[2])), &json!({})).await;
        assert_eq!(undone.expect(200).body["plan"]["totalTasks"], 3);
        let behind = admin.get("/adoption/v1/plans?needsSync=true&count=true").await;
        assert_eq!(behind.body["total"], 2, "the one that failed and the one that was taken back");
    });
}

#[test]
fn the_plans_of_a_solution_are_named_as_a_solutions() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let solution = make(admin, "/catalog/v1/solutions", &json!({ "name": "Whole harbour" })).await;
        let northwind = customer(admin, "Northwind").await;
        let whole = json!({ "solutionId": solution["id"], "name": "Port", "licenseLevel": "SIGNATURE" });
        make(admin, &format!("/adoption/v1/customers/{}/assignments", id(&northwind)), &whole).await;
        make(admin, &format!("/catalog/v1/solutions/{}/tasks", id(&solution)), &json!({ "name": "Review" })).await;
        let sync = async |command: Value| admin.post("/adoption/v1/plan-syncs", &command).await;
        for (command, fault) in [
            (json!({ "productId": solution["id"] }), "/productId"),
            (json!({ "solutionId": northwind["id"] }), "/solutionId"),
            (json!({ "productId": northwind["id"], "solutionId": solution["id"] }), "/solutionId"),
        ] {
            let refused = sync(command).await;
            assert_eq!(refused.expect_problem(422, "CONTENT_INVALID").body["errors"][0]["pointer"], fault);
        }
        let ended = finished(admin, &sync(json!({ "solutionId": solution["id"] })).await).await;
        assert_eq!(ended["result"], json!({ "plans": 1, "synced": 1, "unchanged": 0, "failed": 0 }));
    });
}

#[test]
fn many_parts_are_named_anew_at_once_each_after_its_own_solution_and_all_sums_follow() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (crane, _) = product(admin, "Crane Watch", &[]).await;
        let solution = make(admin, "/catalog/v1/solutions", &json!({ "name": "Whole harbour" })).await;
        let of_solution = format!("/catalog/v1/solutions/{}", id(&solution));
        let products = json!({ "productIds": [crane["id"]] });
        admin.put(&format!("{of_solution}/products"), &products).await.expect(200);
        let northwind = customer(admin, "Northwind").await;
        let assignments = format!("/adoption/v1/customers/{}/assignments", id(&northwind));
        for name in ["Bremen", "Ghent", "Rotterdam"] {
            let whole = json!({ "solutionId": solution["id"], "name": name, "licenseLevel": "SIGNATURE" });
            make(admin, &assignments, &whole).await;
        }
        let of_crane = format!("/catalog/v1/products/{}", id(&crane));
        make(admin, &format!("{of_crane}/tasks"), &json!({ "name": "Drill" })).await;
        for (of, name) in [(&of_crane, "Crane Eye"), (&of_solution, "Port")] {
            admin.patch(of, None, &json!({ "name": name })).await.expect(200);
        }
        let command = json!({ "planIds": column(&items(&admin.get("/adoption/v1/plans").await), "id") });
        let ended = finished(admin, &admin.post("/adoption/v1/plan-syncs", &command).await).await;
        assert_eq!(ended["result"], json!({ "plans": 6, "synced": 6, "unchanged": 0, "failed": 0 }));
        let parts = items(&admin.get(&format!("{assignments}?productId={}", id(&crane))).await);
        let named = ["Bremen - Port - Crane Eye", "Ghent - Port - Crane Eye", "Rotterdam - Port - Crane Eye"];
        assert_eq!(column(&parts, "name"), named);
        let wholes = items(&admin.get("/adoption/v1/solution-plans").await);
        assert_eq!(column(&wholes, "totalTasks"), [1, 1, 1]);
    });
}

#[test]
fn an_operation_goes_on_after_its_platform_was_killed() {
    actix_web::rt::System::new().block_on(async {
        let world = testkit::world(&cairn::migrations());
        let clock = Clock::adjustable();
        let start = async || {
            let platform = Platform::start(world.config.clone(), &clock).unwrap();
            let anonymous = Client::anonymous(&platform.gateway);
            anonymous.get_until("/readyz", |answer| answer.status == 200).await.expect(200);
            (platform, anonymous)
        };
        let (platform, anonymous) = start().await;
        let admin = owner(&platform.config, &anonymous).await;
        let here = Harbour::new(&admin).await;
        let northwind = json!({ "id": here.assignment["customerId"] });
        for _ in 0..39 {
            assign(&admin, &northwind, &here.product, json!({})).await;
        }
        here.add(&admin, json!({ "name": "Drill", "weight": 0 })).await;
        let accepted = admin.post("/adoption/v1/plan-syncs", &json!({ "productId": here.product["id"] })).await;
        let path = accepted.expect(202).header("location").to_owned();
        let begun = admin.get_until(&path, |operation| operation.body["result"]["synced"] != 0).await;
        let through = begun.expect(200).body["progress"].as_f64().unwrap();
        platform.stop().await;
        // What a killed runner leaves: jobs under lease that nobody does.
        let mut behind = world.administrator().await;
        let until: Timestamp = clock.now() + Duration::seconds(60);
        let dead =
            format!("update adoption.jobs set leased_until = '{until}', fence = fence + 1, attempts = attempts + 1");
        behind.batch_execute(&dead).await.unwrap();
        clock.advance(Duration::seconds(61));

        let (platform, anonymous) = start().await;
        let admin = anonymous.with_token(admin.token.as_deref().unwrap());
        let ended = admin.get_until(&path, |operation| operation.body["status"] == "DONE").await;
        let result = json!({ "plans": 40, "synced": 40, "unchanged": 0, "failed": 0 });
        assert_eq!(ended.expect(200).body["result"], result, "{through} were through before: {}", ended.text);
        let plans = items(&admin.get("/adoption/v1/plans?limit=200").await);
        assert_eq!(plans.len(), 40);
        for plan in plans {
            let path = format!("/adoption/v1/plans/{}", id(&plan));
            assert_eq!((&plan["totalTasks"], &plan["needsSync"]), (&json!(4), &json!(false)));
            assert_eq!(items(&admin.get(&format!("{path}/syncs")).await).len(), 1, "each was synced once");
        }
        platform.stop().await;
        world.end().await;
    });
}
