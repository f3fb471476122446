//! What may be changed, what goes and what stays, and who may.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::send;

use super::{Port, done, needs_sync, part, path, preview, shown, sync};
use crate::adoption::{assign, column, customer, id, make, plan, plan_path, product, set, tasks};
use crate::company::{FIRST_PASSWORD, member};
use crate::support::{PASSWORD, on_stage};

fn assignment_path(assignment: &Value) -> String {
    format!("/adoption/v1/assignments/{}", id(assignment))
}

#[test]
fn what_a_customer_is_entitled_to_changes_and_the_plan_follows_without_losing_a_status() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let of = [
            json!({ "name": "Connect", "weight": 40 }),
            json!({ "name": "Train", "weight": 60, "licenseLevel": "SIGNATURE" }),
        ];
        let (gate, _) = product(admin, "Harbour Gate", &of).await;
        let northwind = customer(admin, "Northwind").await;
        let assignment = assign(admin, &northwind, &gate, json!({ "purchasedAt": "2025-01-01T00:00:00Z" })).await;
        assert_eq!(assignment["purchasedAt"], "2025-01-01T00:00:00Z");
        for task in tasks(admin, &assignment).await {
            set(admin, &task, "DONE").await.expect(200);
        }
        let change = async |patch: Value| admin.patch(&assignment_path(&assignment), None, &patch).await;
        let lower = change(json!({ "licenseLevel": "ESSENTIAL", "name": " Port ", "purchasedAt": null })).await;
        assert_eq!((lower.expect(200).version(), &lower.body["name"]), (Some(2), &json!("Port")));
        assert_eq!(lower.body["purchasedAt"], Value::Null);
        let planned = plan(admin, &assignment).await;
        assert_eq!((&planned["licenseLevel"], &planned["totalTasks"]), (&json!("ESSENTIAL"), &json!(1)));
        assert_eq!(column(&tasks(admin, &assignment).await, "status"), ["DONE", "NOT_APPLICABLE"]);
        change(json!({ "licenseLevel": "SIGNATURE" })).await.expect(200);
        assert_eq!(column(&tasks(admin, &assignment).await, "status"), ["DONE", "DONE"]);

        change(json!({ "outcomeIds": [gate["id"]] })).await.expect_problem(422, "CONTENT_INVALID");
        for field in ["name", "licenseLevel", "outcomeIds", "releaseIds"] {
            change(json!({ field: null })).await.expect_problem(422, "CONTENT_INVALID");
        }
        for typo in ["2999-01-01T00:00:00Z", "0001-01-01T00:00:00Z"] {
            let refused = change(json!({ "purchasedAt": typo })).await;
            assert_eq!(refused.expect_problem(422, "CONTENT_INVALID").body["errors"][0]["pointer"], "/purchasedAt");
        }
        change(json!({ "productId": gate["id"] })).await.expect_problem(422, "CONTENT_INVALID");
        let stale = admin.request(Method::PATCH, &assignment_path(&assignment)).header("if-match", "\"1\"");
        send(stale.json(&json!({ "name": "Late" }))).await.expect_problem(412, "VERSION_MISMATCH");
        admin.delete(&format!("/catalog/v1/products/{}", id(&gate))).await.expect(204);
        change(json!({ "licenseLevel": "ESSENTIAL" })).await.expect_problem(409, "ASSIGNMENT_PRODUCT_GONE");
        change(json!({ "name": "Still ours" })).await.expect(200);
    });
}

#[test]
fn a_solutions_licence_and_choice_hold_for_its_products_and_are_changed_there_alone() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        let of_gate = format!("/catalog/v1/products/{}", id(&port.gate));
        let uptime = make(admin, &format!("{of_gate}/outcomes"), &json!({ "name": "Uptime" })).await;
        let task = json!({ "name": "Insure", "licenseLevel": "ADVANTAGE" });
        make(admin, &format!("{of_gate}/tasks"), &task).await;
        let whole = port.assign(admin).await;
        let crane = part(&shown(admin, &whole).await, 2);
        assert_eq!(plan(admin, &port.had).await["totalTasks"], json!(4), "the one that was joined was synced");

        let patch = json!({ "licenseLevel": "ESSENTIAL", "outcomeIds": [uptime["id"]] });
        admin.patch(&assignment_path(&whole), None, &patch).await.expect(200);
        let (gate, crane_plan) = (plan(admin, &port.had).await, plan(admin, &crane).await);
        assert_eq!((&gate["licenseLevel"], &gate["outcomeIds"]), (&json!("ESSENTIAL"), &json!([uptime["id"]])));
        assert_eq!((&crane_plan["licenseLevel"], &crane_plan["outcomeIds"]), (&json!("ESSENTIAL"), &json!([])));
        assert_eq!((&gate["totalTasks"], &plan(admin, &whole).await["outcomeIds"]), (&json!(3), &json!([])));
        assert_eq!(shown(admin, &whole).await["totalTasks"], json!(6));

        let part = admin.patch(&assignment_path(&crane), None, &json!({ "licenseLevel": "SIGNATURE" })).await;
        part.expect_problem(409, "ASSIGNMENT_PART_OF_SOLUTION");
        admin.patch(&assignment_path(&crane), None, &json!({ "name": "The cranes" })).await.expect(200);
        admin.delete(&assignment_path(&crane)).await.expect_problem(409, "ASSIGNMENT_PART_OF_SOLUTION");
    });
}

#[test]
fn what_is_named_after_a_solution_is_renamed_with_it() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        let whole = port.assign(admin).await;
        let crane = part(&shown(admin, &whole).await, 2);
        let name = async |of: &Value| admin.get(&assignment_path(of)).await.expect(200).body["name"].clone();
        let rename = async |of: &Value, name: &str| {
            admin.patch(&assignment_path(of), None, &json!({ "name": name })).await.expect(200);
        };
        rename(&whole, "Europoort").await;
        assert_eq!(name(&crane).await, "Europoort - Whole harbour - Crane Watch");
        assert_eq!(name(&port.had).await, "Head office", "it was there before");
        let longest = "x".repeat(255);
        rename(&whole, &longest).await;
        assert_eq!(name(&crane).await, longest, "no name is longer, and it is followed all the same");
        rename(&whole, "Ghent").await;
        assert_eq!(name(&crane).await, "Ghent - Whole harbour - Crane Watch");
        rename(&crane, "The cranes").await;
        rename(&whole, "Rotterdam").await;
        assert_eq!(name(&crane).await, "The cranes");
    });
}

#[test]
fn what_is_named_after_a_solution_and_its_product_is_named_anew_when_the_catalog_calls_them_otherwise() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        let whole = port.assign(admin).await;
        let crane = part(&shown(admin, &whole).await, 2);
        let names = async || {
            let crane = admin.get(&assignment_path(&crane)).await.expect(200).body.clone();
            (crane["name"].clone(), crane["productName"].clone())
        };
        let call = async |of: &str, name: &str| {
            admin.patch(of, None, &json!({ "name": name })).await.expect(200);
        };
        let of_crane = format!("/catalog/v1/products/{}", id(&port.crane));
        call(&port.of_solution(""), "Harbour suite").await;
        sync(admin, &whole).await.expect(200);
        assert_eq!(names().await, (json!("Rotterdam - Harbour suite - Crane Watch"), json!("Crane Watch")));
        assert_eq!(admin.get(&assignment_path(&whole)).await.expect(200).body["productName"], "Harbour suite");

        // A plan that is synced by itself has its names follow, too: a product's, and a solution's for all of its parts.
        call(&of_crane, "Crane Eye").await;
        admin.post(&format!("{}/sync", plan_path(&crane)), &json!({})).await.expect(200);
        assert_eq!(names().await, (json!("Rotterdam - Harbour suite - Crane Eye"), json!("Crane Eye")));
        call(&port.of_solution(""), "Port").await;
        admin.post(&format!("{}/sync", plan_path(&whole)), &json!({})).await.expect(200);
        assert_eq!(names().await.0, "Rotterdam - Port - Crane Eye");

        let longest = "x".repeat(255);
        call(&of_crane, &longest).await;
        sync(admin, &whole).await.expect(200);
        let cut: String = format!("Rotterdam - Port - {longest}").chars().take(255).collect();
        assert_eq!(names().await, (json!(cut), json!(longest)));
        call(&of_crane, "Crane").await;
        sync(admin, &whole).await.expect(200);
        assert_eq!(names().await.0, "Rotterdam - Port - Crane");
        admin.patch(&assignment_path(&crane), None, &json!({ "name": "The cranes" })).await.expect(200);
        call(&of_crane, "Cranes").await;
        sync(admin, &whole).await.expect(200);
        assert_eq!(names().await, (json!("The cranes"), json!("Cranes")), "somebody has named it");
        assert_eq!(admin.get(&assignment_path(&port.had)).await.expect(200).body["name"], "Head office");
    });
}

#[test]
fn a_solution_plan_is_called_as_the_plan_of_its_own_tasks_and_names_go_back_with_a_sync_that_is_undone() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        let whole = port.assign(admin).await;
        let crane = part(&shown(admin, &whole).await, 2);
        let name = async |of: &Value| {
            let assignment = admin.get(&assignment_path(of)).await.expect(200).body.clone();
            (assignment["name"].clone(), assignment["productName"].clone())
        };
        let call = async |of: &str, name: &str| {
            admin.patch(of, None, &json!({ "name": name })).await.expect(200);
        };
        let undo = async |of: &Value| {
            admin.post(&format!("{}/sync/undo", plan_path(of)), &json!({})).await.expect(200);
        };
        let solution = async || shown(admin, &whole).await["solutionName"].clone();
        let sync_many = async || {
            let of_solution = json!({ "solutionId": port.solution["id"] });
            let operation = admin.post("/adoption/v1/plan-syncs", &of_solution).await;
            let path = operation.expect(202).header("location").to_owned();
            let done = admin.get_until(&path, |operation| operation.body["status"] == "DONE").await;
            assert_eq!(done.expect(200).body["result"]["synced"], 1);
        };
        call(&port.of_solution(""), "Harbour suite").await;
        sync_many().await;
        assert_eq!(solution().await, "Harbour suite");
        let report = admin.get(&format!("/adoption/v1/reports/solutions/{}", id(&port.solution))).await;
        assert!(report.expect(200).text.contains("Harbour suite") && !report.text.contains("Whole harbour"));
        assert_eq!(name(&crane).await.0, "Rotterdam - Harbour suite - Crane Watch");
        undo(&whole).await;
        assert_eq!(solution().await, "Whole harbour");
        assert_eq!(name(&whole).await.1, "Whole harbour");
        assert_eq!(name(&crane).await.0, "Rotterdam - Whole harbour - Crane Watch");
        admin.post(&format!("{}/sync", plan_path(&whole)), &json!({})).await.expect(200);
        assert_eq!(solution().await, "Harbour suite");

        let of_crane = format!("/catalog/v1/products/{}", id(&port.crane));
        call(&of_crane, "Crane Eye").await;
        let sync_crane = async || admin.post(&format!("{}/sync", plan_path(&crane)), &json!({})).await;
        sync_crane().await.expect(200);
        assert_eq!(name(&crane).await, (json!("Rotterdam - Harbour suite - Crane Eye"), json!("Crane Eye")));
        undo(&crane).await;
        assert_eq!(name(&crane).await, (json!("Rotterdam - Harbour suite - Crane Watch"), json!("Crane Watch")));
        sync_crane().await.expect(200);
        call(&assignment_path(&crane), "The cranes").await;
        undo(&crane).await;
        assert_eq!(name(&crane).await, (json!("The cranes"), json!("Crane Watch")), "somebody has named it since");
    });
}

#[test]
fn a_choice_loses_what_the_catalog_has_no_more_and_never_comes_to_mean_everything() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        let outcome = async |of: &Value, name: &str| {
            let path = format!("/catalog/v1/products/{}/outcomes", id(of));
            make(admin, &path, &json!({ "name": name })).await["id"].clone()
        };
        let (uptime, speed) = (outcome(&port.gate, "Uptime").await, outcome(&port.gate, "Speed").await);
        let safety = outcome(&port.crane, "Safety").await;
        let forget = async |outcome: &Value| {
            admin.delete(&format!("/catalog/v1/outcomes/{}", outcome.as_str().unwrap())).await.expect(204);
        };
        let chosen = async |of: &Value| admin.get(&assignment_path(of)).await.expect(200).body["outcomeIds"].clone();
        let choice = json!({ "outcomeIds": [uptime, speed] });
        admin.patch(&assignment_path(&port.had), None, &choice).await.expect(200);
        forget(&uptime).await;
        admin.post(&format!("{}/sync", plan_path(&port.had)), &json!({})).await.expect(200);
        assert_eq!(chosen(&port.had).await, json!([speed]));

        let choice = json!({ "outcomeIds": [speed, safety] });
        let whole = port.try_assign(admin, choice).await.expect(201).body.clone();
        let crane = part(&shown(admin, &whole).await, 2);
        assert_eq!(chosen(&crane).await, json!([safety]));
        forget(&safety).await;
        for _ in 0..2 {
            sync(admin, &whole).await.expect(200);
            assert_eq!((chosen(&whole).await, chosen(&crane).await), (json!([speed]), json!([safety])));
        }
        forget(&speed).await;
        sync(admin, &whole).await.expect(200);
        assert_eq!((chosen(&whole).await, chosen(&port.had).await), (json!([speed]), json!([speed])));
    });
}

#[test]
fn the_licence_that_a_solution_gives_can_be_undone_in_a_part_and_the_whole_says_that_it_is_behind() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        let whole = port.assign(admin).await;
        admin.patch(&assignment_path(&whole), None, &json!({ "licenseLevel": "ESSENTIAL" })).await.expect(200);
        assert_eq!(shown(admin, &whole).await["needsSync"], false);
        let undo = format!("{}/sync/undo", plan_path(&port.had));
        admin.post(&undo, &json!({})).await.expect(200);
        let behind = shown(admin, &whole).await;
        assert_eq!((&behind["needsSync"], &behind["parts"][1]["needsSync"]), (&json!(true), &json!(true)));
        sync(admin, &whole).await.expect(200);
        let after = shown(admin, &whole).await;
        assert_eq!((&after["needsSync"], &after["parts"][1]["licenseLevel"]), (&json!(false), &json!("ESSENTIAL")));
    });
}

#[test]
fn with_a_solution_goes_what_came_with_it_and_what_was_there_before_stays() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        let whole = port.assign(admin).await;
        done(admin, &port.had, 50).await.expect(200);
        let crane = part(&shown(admin, &whole).await, 2);
        admin.delete(&assignment_path(&whole)).await.expect(204);
        for gone in
            [assignment_path(&whole), path(&whole), plan_path(&whole), assignment_path(&crane), plan_path(&crane)]
        {
            admin.get(&gone).await.expect_problem(404, "NOT_FOUND");
        }
        let gate = plan(admin, &port.had).await;
        assert_eq!((&gate["solutionPlanId"], &gate["completedWeight"]), (&Value::Null, &json!(50)));
        let assignment = admin.get(&assignment_path(&port.had)).await;
        assert_eq!(assignment.expect(200).body["solutionPlanId"], Value::Null);
        // And can be a part again.
        let again = port.assign(admin).await;
        assert_eq!(shown(admin, &again).await["parts"][1]["assignmentId"], port.had["id"]);
        assert_eq!(shown(admin, &again).await["completedWeight"], json!(50));
    });
}

#[test]
fn what_left_a_solution_and_came_back_goes_with_it_unless_somebody_made_it_the_customers_own() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        for (patch, status) in [(None, 404), (Some(json!({ "name": "Our cranes" })), 200)] {
            let whole = port.assign(admin).await;
            let crane = part(&shown(admin, &whole).await, 2);
            port.bundle(admin, &[&port.gate]).await;
            sync(admin, &whole).await.expect(200);
            if let Some(patch) = patch {
                admin.patch(&assignment_path(&crane), None, &patch).await.expect(200);
            }
            port.bundle(admin, &[&port.gate, &port.crane]).await;
            sync(admin, &whole).await.expect(200);
            assert_eq!(shown(admin, &whole).await["parts"][2]["assignmentId"], crane["id"]);
            admin.delete(&assignment_path(&whole)).await.expect(204);
            admin.get(&assignment_path(&crane)).await.expect(status);
        }
    });
}

#[test]
fn what_cannot_be_assigned_or_synced_is_refused_and_leaves_nothing() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        for (more, fault) in [
            (json!({ "solutionId": port.gate["id"] }), "/solutionId"),
            (json!({ "productId": port.gate["id"] }), "/solutionId"),
            (json!({ "createPlan": false }), "/createPlan"),
            (json!({ "outcomeIds": [port.gate["id"]] }), "/outcomeIds/0"),
        ] {
            let refused = port.try_assign(admin, more).await;
            assert_eq!(refused.expect_problem(422, "CONTENT_INVALID").body["errors"][0]["pointer"], fault);
        }
        let whole = port.assign(admin).await;
        port.try_assign(admin, json!({})).await.expect_problem(409, "ASSIGNMENT_NAME_TAKEN");
        let all = "/adoption/v1/plans?count=true";
        assert_eq!(admin.get(all).await.expect(200).body["total"], json!(3));

        let stranger = stage.another_tenant().await;
        stranger.get(&path(&whole)).await.expect_problem(404, "NOT_FOUND");
        sync(&stranger, &whole).await.expect_problem(404, "NOT_FOUND");
        let of_customer = format!("/adoption/v1/customers/{}", id(&port.customer));
        admin.delete(&of_customer).await.expect(204);
        sync(admin, &whole).await.expect_problem(409, "CUSTOMER_DELETED");
        admin.post(&format!("{of_customer}/restore"), &json!({})).await.expect(200);
        admin.delete(&port.of_solution("")).await.expect(204);
        sync(admin, &whole).await.expect_problem(409, "ASSIGNMENT_SOLUTION_GONE");
        admin.get(&format!("{}/sync", path(&whole))).await.expect_problem(409, "ASSIGNMENT_SOLUTION_GONE");
    });
}

#[test]
fn a_grant_on_a_customer_reaches_its_solution_plans_and_no_solution_that_one_may_not_see() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        let whole = port.assign(admin).await;
        let other = customer(admin, "Fabrikam").await;
        let theirs = json!({ "solutionId": port.solution["id"], "name": "Delft", "licenseLevel": "ESSENTIAL" });
        let theirs = make(admin, &format!("/adoption/v1/customers/{}/assignments", id(&other)), &theirs).await;

        let kim = admin.post("/identity/v1/members", &member("kim", "MEMBER")).await;
        let kim_id = kim.expect(201).body["userId"].clone();
        let grant = async |on: &str, thing: &Value, level: &str| {
            let grant = json!({
                "subjectType": "USER", "subjectId": kim_id, "resourceType": on, "resourceId": thing, "level": level,
            });
            admin.post("/identity/v1/grants", &grant).await
        };
        grant("CUSTOMER", &port.customer["id"], "WRITE").await.expect(201);
        let first = admin.sign_in("kim", FIRST_PASSWORD).await;
        let own = json!({ "currentPassword": FIRST_PASSWORD, "newPassword": PASSWORD });
        first.post("/identity/v1/me/password", &own).await.expect(204);
        let kim = admin.sign_in("kim", PASSWORD).await;
        kim.get_until(&path(&whole), |answer| answer.status == 200).await.expect(200);
        sync(&kim, &whole).await.expect(200);
        kim.get(&path(&theirs)).await.expect_problem(404, "NOT_FOUND");
        sync(&kim, &theirs).await.expect_problem(404, "NOT_FOUND");
        let listed = kim.get("/adoption/v1/solution-plans?count=true").await;
        assert_eq!(listed.expect(200).body["total"], json!(1));

        let more = json!({ "name": "Ghent" });
        port.try_assign(&kim, more.clone()).await.expect_problem(422, "CONTENT_INVALID");
        grant("SOLUTION", &port.solution["id"], "READ").await.expect(201);
        for _ in 0..50 {
            let answer = port.try_assign(&kim, more.clone()).await;
            if answer.status == 201 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("the grant on the solution did not arrive");
    });
}

#[test]
fn no_solution_takes_a_product_below_the_level_that_the_customer_had() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        let had = assignment_path(&port.had);
        admin.patch(&had, None, &json!({ "licenseLevel": "ADVANTAGE" })).await.expect(200);
        let whole = port.try_assign(admin, json!({ "licenseLevel": "ESSENTIAL" })).await.expect(201).body.clone();
        let levels = async || column(shown(admin, &whole).await["parts"].as_array().unwrap(), "licenseLevel");
        let kept = ["ESSENTIAL", "ADVANTAGE", "ESSENTIAL"];
        assert_eq!(levels().await, kept);
        assert_eq!(admin.get(&had).await.expect(200).body["ownLicenseLevel"], "ADVANTAGE");
        assert_eq!(column(&preview(admin, &whole).await, "licenseLevel"), kept);
        for (level, expected) in [("SIGNATURE", ["SIGNATURE"; 3]), ("ESSENTIAL", kept)] {
            admin.patch(&assignment_path(&whole), None, &json!({ "licenseLevel": level })).await.expect(200);
            assert_eq!(levels().await, expected);
        }
        sync(admin, &whole).await.expect(200);
        assert_eq!(levels().await, kept, "a sync says the same");
    });
}

#[test]
fn the_level_that_the_customer_has_of_a_part_by_itself_is_raised_and_lowered_there() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        let task = json!({ "name": "Insure", "licenseLevel": "ADVANTAGE" });
        make(admin, &format!("/catalog/v1/products/{}/tasks", id(&port.gate)), &task).await;
        let had = assignment_path(&port.had);
        let own = json!({ "ownLicenseLevel": "ADVANTAGE" });
        let alone = admin.patch(&had, None, &own).await;
        assert_eq!(alone.expect_problem(422, "CONTENT_INVALID").body["errors"][0]["pointer"], "/ownLicenseLevel");
        admin.patch(&had, None, &json!({ "licenseLevel": "ADVANTAGE" })).await.expect(200);
        let whole = port.try_assign(admin, json!({ "licenseLevel": "ESSENTIAL" })).await.expect(201).body.clone();
        let levels = async || column(shown(admin, &whole).await["parts"].as_array().unwrap(), "licenseLevel");
        let total = async || shown(admin, &whole).await["totalTasks"].clone();
        assert_eq!(
            (levels().await, total().await),
            (vec![json!("ESSENTIAL"), json!("ADVANTAGE"), json!("ESSENTIAL")], json!(7))
        );

        let lowered = admin.patch(&had, None, &json!({ "ownLicenseLevel": null })).await.expect(200).body.clone();
        assert_eq!((&lowered["licenseLevel"], &lowered["ownLicenseLevel"]), (&json!("ESSENTIAL"), &Value::Null));
        assert_eq!(plan(admin, &port.had).await["totalTasks"], 3, "its plan was synced in the same moment");
        assert_eq!((levels().await, total().await), (vec![json!("ESSENTIAL"); 3], json!(6)));
        sync(admin, &whole).await.expect(200);
        assert_eq!(levels().await, ["ESSENTIAL"; 3], "a sync says the same");

        // Also of what came with the solution; the solution may give more.
        let crane = assignment_path(&part(&shown(admin, &whole).await, 2));
        let raised = admin.patch(&crane, None, &own).await.expect(200).body.clone();
        assert_eq!((&raised["licenseLevel"], &raised["ownLicenseLevel"]), (&json!("ADVANTAGE"), &json!("ADVANTAGE")));
        let kept = ["ESSENTIAL", "ESSENTIAL", "ADVANTAGE"];
        for (level, expected) in [("SIGNATURE", ["SIGNATURE"; 3]), ("ESSENTIAL", kept)] {
            admin.patch(&assignment_path(&whole), None, &json!({ "licenseLevel": level })).await.expect(200);
            assert_eq!(levels().await, expected);
        }
        for refused in [json!({ "licenseLevel": "ESSENTIAL" }), json!({ "ownLicenseLevel": null, "outcomeIds": [] })] {
            let told = admin.patch(&crane, None, &refused).await;
            let detail = &told.expect_problem(409, "ASSIGNMENT_PART_OF_SOLUTION").body["detail"];
            assert!(detail.as_str().unwrap().contains("ownLicenseLevel"), "{detail}");
        }
        let none = admin.patch(&assignment_path(&whole), None, &own).await;
        none.expect_problem(422, "CONTENT_INVALID");
    });
}

#[test]
fn a_solutions_licence_says_at_what_level_its_products_come() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let port = Port::new(admin).await;
        let licence = async |owner: &str, name: &str, level: i32| {
            make(admin, &format!("/catalog/v1/{owner}/licenses"), &json!({ "name": name, "level": level })).await
        };
        let of_crane = format!("products/{}", id(&port.crane));
        let (basic, full) = (licence(&of_crane, "Basic", 1).await, licence(&of_crane, "Full", 3).await);
        let pack = licence(&format!("solutions/{}", id(&port.solution)), "Port pack", 2).await;
        let includes = async |licences: &[&Value]| {
            let ids: Vec<&str> = licences.iter().map(|licence| id(licence)).collect();
            let path = format!("/catalog/v1/licenses/{}/product-licenses", id(&pack));
            admin.put(&path, &json!({ "licenseIds": ids })).await.expect(200);
        };
        includes(&[&basic, &full]).await;
        let whole = port.try_assign(admin, json!({ "licenseLevel": "ADVANTAGE" })).await.expect(201).body.clone();
        let levels = async || column(shown(admin, &whole).await["parts"].as_array().unwrap(), "licenseLevel");
        assert_eq!(levels().await, ["ADVANTAGE", "ADVANTAGE", "SIGNATURE"], "of the gate it names no licence");

        includes(&[&basic]).await;
        needs_sync(admin, &whole, true).await;
        sync(admin, &whole).await.expect(200);
        assert_eq!(levels().await, ["ADVANTAGE", "ADVANTAGE", "ESSENTIAL"]);
        admin.patch(&assignment_path(&whole), None, &json!({ "licenseLevel": "SIGNATURE" })).await.expect(200);
        assert_eq!(levels().await, ["SIGNATURE"; 3], "no licence of the solution speaks of this level");
    });
}
