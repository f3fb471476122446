//! Grants: who may do what with one product, solution or customer.

use serde_json::{Value, json};
use testkit::{Client, Response};

use crate::adoption::{plan_path, planned, read_after, task_path};
use crate::company::{colleague, member};
use crate::partners::program;
use crate::support::on_stage;

const GRANTS: &str = "/identity/v1/grants";
const EXPLAIN: &str = "/identity/v1/permissions/explain";

#[test]
fn a_grant_is_made_listed_changed_and_taken_back() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (kim, product) = (nobody(admin, "kim").await, made(admin, "/catalog/v1/products", "Harbour Gate").await);
        let first = grant(admin, ("USER", &kim), ("PRODUCT", Some(&product)), "READ").await;
        assert_eq!((first.expect(201).version(), &first.body["level"]), (Some(1), &json!("READ")));
        let all = grant(admin, ("USER", &kim), ("CUSTOMER", None), "WRITE").await;
        assert_eq!(all.expect(201).body["resourceId"], Value::Null);
        for (on, which) in [("PRODUCT", Some(product.as_str())), ("CUSTOMER", None)] {
            grant(admin, ("USER", &kim), (on, which), "ADMIN").await.expect_problem(409, "GRANT_EXISTS");
        }
        let unknown = grant(admin, ("ROLE", &kim), ("PRODUCT", None), "READ").await;
        assert_eq!(unknown.expect_problem(422, "CONTENT_INVALID").body["errors"][0]["code"], "UNKNOWN_SUBJECT");

        let of_kim = format!("{GRANTS}?subjectId={kim}&limit=1&count=true");
        let page = admin.get(&of_kim).await;
        assert_eq!((ids(&page), &page.body["total"]), (vec![first.id()], &json!(2)));
        let next = format!("{of_kim}&cursor={}", page.body["nextCursor"].as_str().unwrap());
        assert_eq!(ids(&admin.get(&next).await), [all.id()]);
        let on_product = format!("{GRANTS}?resourceType=PRODUCT&resourceId={product}");
        assert_eq!(ids(&admin.get(&on_product).await), [first.id()]);

        let path = format!("{GRANTS}/{}", first.id());
        admin.patch(&path, Some(7), &json!({ "level": "WRITE" })).await.expect_problem(412, "VERSION_MISMATCH");
        admin.patch(&path, Some(1), &json!({ "level": "OWN" })).await.expect_problem(422, "CONTENT_INVALID");
        assert_eq!(admin.patch(&path, Some(1), &json!({ "level": "WRITE" })).await.expect(200).body["level"], "WRITE");
        assert_eq!(admin.get(&path).await.expect(200).version(), Some(2));
        admin.delete(&path).await.expect(204);
        admin.get(&path).await.expect_problem(404, "NOT_FOUND");
    });
}

#[test]
fn nobody_grants_changes_or_takes_back_what_they_do_not_hold() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let kim = nobody(admin, "kim").await;
        let product = made(admin, "/catalog/v1/products", "Harbour Gate").await;
        let other = made(admin, "/catalog/v1/products", "Sea Gate").await;
        let role = json!({ "name": "GRANTER", "permissions": ["identity:grant:*", "identity:member:*", "identity:role:*", "identity:service-account:*", "catalog:*:read", "adoption:customer:read"] });
        admin.post("/identity/v1/roles", &role).await.expect(201);
        let ann = colleague(admin, "ann", "GRANTER").await;
        let ann_id = ann.get("/identity/v1/me").await.expect(200).body["userId"].as_str().unwrap().to_owned();

        // What she holds everywhere, and no more.
        let of_kim = ("USER", kim.as_str());
        let read = grant(&ann, of_kim, ("PRODUCT", None), "READ").await;
        let write = grant(&ann, of_kim, ("PRODUCT", Some(&product)), "WRITE").await;
        write.expect_problem(403, "PERMISSION_DENIED");
        // Reading customers is not reading their plans.
        grant(&ann, of_kim, ("CUSTOMER", None), "READ").await.expect_problem(403, "PERMISSION_DENIED");
        let path = format!("{GRANTS}/{}", read.expect(201).id());
        ann.patch(&path, None, &json!({ "level": "ADMIN" })).await.expect_problem(403, "PERMISSION_DENIED");
        admin.patch(&path, None, &json!({ "level": "ADMIN" })).await.expect(200);
        ann.patch(&path, None, &json!({ "level": "READ" })).await.expect_problem(403, "PERMISSION_DENIED");
        ann.delete(&path).await.expect_problem(403, "PERMISSION_DENIED");

        // Neither with a role, nor with a key of a program.
        let crew =
            admin.post("/identity/v1/roles", &json!({ "name": "CREW", "permissions": [] })).await.expect(201).id();
        let program = json!({ "name": "Export", "permissions": [] });
        let program = admin.post("/identity/v1/service-accounts", &program).await.expect(201).id();
        for subject in [("ROLE", crew.as_str()), ("SERVICE_ACCOUNT", program.as_str())] {
            grant(admin, subject, ("PRODUCT", Some(&other)), "WRITE").await.expect(201);
        }
        // Nor does she act on what stands above her: on Kim, to whom all products were given, and on that role.
        let members = admin.get("/identity/v1/members").await;
        let mut members = members.body["items"].as_array().unwrap().iter();
        let kim_at = members.find(|one| one["userId"] == kim.as_str()).unwrap()["id"].as_str().unwrap();
        let kim_at = format!("/identity/v1/members/{kim_at}");
        let key = json!({ "name": "Mine" });
        let invitation = json!({ "email": "guest@example.com", "name": "Guest", "roles": ["CREW"] });
        for refused in [
            ann.post("/identity/v1/members", &member("eve", "CREW")).await,
            ann.post("/identity/v1/invitations", &invitation).await,
            ann.post(&format!("/identity/v1/service-accounts/{program}/keys"), &key).await,
            ann.patch(&kim_at, None, &json!({ "status": "SUSPENDED" })).await,
            ann.delete(&kim_at).await,
            ann.delete(&format!("/identity/v1/roles/{crew}")).await,
        ] {
            refused.expect_problem(403, "PERMISSION_DENIED");
        }

        // Who administers one thing grants that thing.
        grant(admin, ("USER", &ann_id), ("PRODUCT", Some(&product)), "ADMIN").await.expect(201);
        let ann = stage.anonymous.sign_in("ann", "a password of my own").await;
        grant(&ann, of_kim, ("PRODUCT", Some(&product)), "ADMIN").await.expect(201);
        grant(&ann, of_kim, ("PRODUCT", Some(&other)), "WRITE").await.expect_problem(403, "PERMISSION_DENIED");
        grant(&ann, of_kim, ("SOLUTION", Some(&product)), "WRITE").await.expect_problem(403, "PERMISSION_DENIED");
    });
}

#[test]
fn grants_go_with_whom_they_are_for() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let kim = admin.post("/identity/v1/members", &member("kim", "MEMBER")).await;
        let role = admin.post("/identity/v1/roles", &json!({ "name": "CREW", "permissions": [] })).await;
        let program = json!({ "name": "Export", "permissions": [] });
        let program = admin.post("/identity/v1/service-accounts", &program).await;
        let user = kim.expect(201).body["userId"].as_str().unwrap().to_owned();
        let subjects = [
            ("USER", user, format!("/identity/v1/members/{}", kim.id())),
            ("ROLE", role.expect(201).id(), format!("/identity/v1/roles/{}", role.id())),
            ("SERVICE_ACCOUNT", program.expect(201).id(), format!("/identity/v1/service-accounts/{}", program.id())),
        ];
        for (kind, id, path) in subjects {
            let granted = grant(admin, (kind, &id), ("SOLUTION", None), "WRITE").await;
            let list = format!("{GRANTS}?subjectId={id}");
            assert_eq!(ids(&admin.get(&list).await), [granted.expect(201).id()]);
            admin.delete(&path).await.expect(204);
            assert_eq!(ids(&admin.get(&list).await), [""; 0], "{kind}");
            let trail = format!("/identity/v1/audit-events?entity=grant&entityId={}", granted.id());
            admin.get_until(&trail, |answer| answer.body["items"][1].is_object()).await.expect(200);
        }
    });
}

#[test]
fn who_is_granted_one_product_sees_exactly_that_and_changes_it_when_it_says_so() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (ours, other) = (product(admin, "Harbour Gate").await, product(admin, "Sea Gate").await);
        let (kim, kim_id) = onlooker(admin, "kim").await;
        kim.get("/catalog/v1/products").await.expect_problem(403, "PERMISSION_DENIED");
        let read = grant(admin, ("USER", &kim_id), ("PRODUCT", Some(&ours.id)), "READ").await;
        // The token from before does not know of it and ends.
        kim.get_until("/catalog/v1/products", |answer| answer.status == 401).await.expect(401);
        let kim = again(admin, "kim").await;
        let seen = read_after(&kim, &read, "/catalog/v1/products?count=true").await;
        assert_eq!((ids(&seen), &seen.body["total"]), (vec![ours.id.clone()], &json!(1)));
        for path in ours.paths() {
            kim.get(&path).await.expect(200);
        }
        for path in other.paths() {
            kim.get(&path).await.expect_problem(404, "NOT_FOUND");
        }
        assert_eq!(ids(&kim.get("/catalog/v1/solutions").await), [""; 0]);

        // To see is not to change, and what one does not see one cannot change either.
        let name = json!({ "name": "Mine" });
        for (path, status) in [(ours.path(), 403), (other.path(), 404)] {
            let refused = [
                kim.patch(&path, None, &name).await,
                kim.delete(&path).await,
                kim.post(&format!("{path}/tasks"), &name).await,
                kim.post(&format!("{path}/tags"), &name).await,
            ];
            assert_eq!(refused.each_ref().map(|answer| answer.status), [status; 4], "{}", refused[0].text);
        }
        let refused = kim.patch(&ours.path(), None, &name).await;
        assert!(refused.text.contains("catalog:product:write"), "{}", refused.text);
        kim.post("/catalog/v1/products", &name).await.expect_problem(403, "PERMISSION_DENIED");

        let path = format!("{GRANTS}/{}", read.id());
        let write = admin.patch(&path, None, &json!({ "level": "WRITE" })).await;
        read_after(&kim, &write, &ours.path()).await.expect(200);
        kim.patch(&ours.path(), None, &name).await.expect(200);
        kim.post(&format!("{}/tasks", ours.path()), &name).await.expect(201);
        kim.patch(&format!("/catalog/v1/tasks/{}", ours.task), Some(2), &name).await.expect(200);
        kim.delete(&ours.path()).await.expect_problem(403, "PERMISSION_DENIED");
        kim.post("/catalog/v1/products", &name).await.expect_problem(403, "PERMISSION_DENIED");
        let lock = |id: &str| json!({ "resourceType": "PRODUCT", "resourceId": id });
        kim.post("/identity/v1/edit-locks", &lock(&ours.id)).await.expect(201);
        kim.post("/identity/v1/edit-locks", &lock(&other.id)).await.expect_problem(403, "PERMISSION_DENIED");

        // Taken back, it is gone with the token that is there.
        admin.delete(&path).await.expect(204);
        kim.get_until(&ours.path(), |answer| answer.status == 404).await.expect_problem(404, "NOT_FOUND");
        assert_eq!(ids(&kim.get("/catalog/v1/products").await), [""; 0]);
        let kim = again(admin, "kim").await;
        kim.get("/catalog/v1/products").await.expect_problem(403, "PERMISSION_DENIED");
    });
}

#[test]
fn who_writes_every_product_gives_none_to_those_who_hold_a_solution() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let ours = product(admin, "Harbour Gate").await;
        let office = made(admin, "/catalog/v1/solutions", "Office").await;
        let role = json!({ "name": "WRITER", "permissions": ["catalog:*:read", "catalog:product:write"] });
        admin.post("/identity/v1/roles", &role).await.expect(201);
        let kim = colleague(admin, "kim", "WRITER").await;
        let kim_id = kim.get("/identity/v1/me").await.body["userId"].as_str().unwrap().to_owned();
        let granted = grant(admin, ("USER", &kim_id), ("SOLUTION", Some(&office)), "ADMIN").await;
        let kim = again(admin, "kim").await;
        read_after(&kim, &granted, &ours.path()).await.expect(200);
        let bundle = format!("/catalog/v1/solutions/{office}/products");
        kim.put(&bundle, &json!({ "productIds": [ours.id] })).await.expect_problem(422, "CONTENT_INVALID");
        kim.delete(&ours.path()).await.expect_problem(403, "PERMISSION_DENIED");
        // What is in the bundle already may stay, and go.
        admin.put(&bundle, &json!({ "productIds": [ours.id] })).await.expect(200);
        kim.put(&bundle, &json!({ "productIds": [ours.id] })).await.expect(200);
        kim.put(&bundle, &json!({ "productIds": [] })).await.expect(200);
    });
}

#[test]
fn rights_flow_between_solutions_and_their_products() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (a, b) = (product(admin, "Harbour Gate").await, product(admin, "Sea Gate").await);
        let c = product(admin, "Sky Gate").await;
        let solution = made(admin, "/catalog/v1/solutions", "Office").await;
        let bundle = format!("/catalog/v1/solutions/{solution}/products");
        admin.put(&bundle, &json!({ "productIds": [a.id, b.id] })).await.expect(200);
        let path = format!("/catalog/v1/solutions/{solution}");

        // From a solution to what it bundles.
        let (_, kim_id) = onlooker(admin, "kim").await;
        let write = grant(admin, ("USER", &kim_id), ("SOLUTION", Some(&solution)), "WRITE").await;
        let kim = again(admin, "kim").await;
        let seen = read_after(&kim, &write, "/catalog/v1/products").await;
        assert_eq!(ids(&seen), [a.id.clone(), b.id.clone()]);
        kim.get(&a.paths()[2]).await.expect(200);
        kim.patch(&b.path(), None, &json!({ "description": "By Kim" })).await.expect(200);
        kim.get(&c.path()).await.expect_problem(404, "NOT_FOUND");
        // Nobody gives a product to all who hold the solution but one who administers it.
        let more = json!({ "productIds": [a.id, b.id, c.id] });
        kim.put(&bundle, &more).await.expect_problem(422, "CONTENT_INVALID");
        let gets = grant(admin, ("USER", &kim_id), ("PRODUCT", Some(&c.id)), "ADMIN").await;
        read_after(&kim, &gets, &c.path()).await.expect(200);
        kim.put(&bundle, &more).await.expect(200);
        // Left with C alone, the solution would be Kim's as C is. Whoever administers it may do so.
        for left in [vec![&c.id], vec![]] {
            kim.put(&bundle, &json!({ "productIds": left })).await.expect_problem(403, "PERMISSION_DENIED");
        }
        let raised = admin.patch(&format!("{GRANTS}/{}", write.id()), None, &json!({ "level": "ADMIN" })).await;
        read_after(&kim, &raised, &path).await.expect(200);
        kim.put(&bundle, &json!({ "productIds": [a.id] })).await.expect(200);
        kim.get(&b.path()).await.expect_problem(404, "NOT_FOUND");
        admin.put(&bundle, &json!({ "productIds": [a.id, b.id] })).await.expect(200);
        // Nothing flows through a solution that is deleted.
        kim.get(&b.path()).await.expect(200);
        admin.delete(&path).await.expect(204);
        kim.get(&b.path()).await.expect_problem(404, "NOT_FOUND");
        admin.post(&format!("{path}/restore"), &json!({})).await.expect(200);
        kim.get(&b.path()).await.expect(200);

        // From every product to the solution, at the lowest level.
        let (_, ann_id) = onlooker(admin, "ann").await;
        grant(admin, ("USER", &ann_id), ("PRODUCT", Some(&a.id)), "ADMIN").await.expect(201);
        let ann = again(admin, "ann").await;
        ann.get(&path).await.expect_problem(404, "NOT_FOUND");
        let last = grant(admin, ("USER", &ann_id), ("PRODUCT", Some(&b.id)), "READ").await;
        assert_eq!(ids(&read_after(&ann, &last, "/catalog/v1/solutions").await), [solution.as_str()]);
        assert_eq!(ids(&ann.get(&bundle).await), [a.id.clone(), b.id.clone()]);
        ann.patch(&path, None, &json!({ "name": "Mine" })).await.expect_problem(403, "PERMISSION_DENIED");

        // All of one kind is all of the other; a new one takes a grant on its own kind.
        let (_, eve_id) = onlooker(admin, "eve").await;
        let all = grant(admin, ("USER", &eve_id), ("SOLUTION", None), "WRITE").await;
        let eve = again(admin, "eve").await;
        assert_eq!(ids(&read_after(&eve, &all, "/catalog/v1/products").await).len(), 3);
        eve.patch(&c.path(), None, &json!({ "name": "Hers" })).await.expect(200);
        eve.post("/catalog/v1/products", &json!({ "name": "New" })).await.expect_problem(403, "PERMISSION_DENIED");
        eve.post("/catalog/v1/solutions", &json!({ "name": "New" })).await.expect(201);
    });
}

#[test]
fn a_grant_of_a_role_counts_for_who_has_it() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let ours = product(admin, "Harbour Gate").await;
        let crew =
            admin.post("/identity/v1/roles", &json!({ "name": "CREW", "permissions": [] })).await.expect(201).id();
        onlooker(admin, "kim").await;
        let kim = again(admin, "kim").await;
        let granted = grant(admin, ("ROLE", &crew), ("PRODUCT", Some(&ours.id)), "READ").await;
        kim.get(&ours.path()).await.expect_problem(403, "PERMISSION_DENIED");
        let members = admin.get("/identity/v1/members").await;
        let kim_at =
            members.body["items"].as_array().unwrap().iter().find(|one| one["username"] == "kim").unwrap()["id"]
                .clone();
        let kim_at = format!("/identity/v1/members/{}", kim_at.as_str().unwrap());
        admin.patch(&kim_at, None, &json!({ "roles": ["CREW"] })).await.expect(200);
        kim.get_until(&ours.path(), |answer| answer.status == 401).await.expect(401);
        let kim = again(admin, "kim").await;
        read_after(&kim, &granted, &ours.path()).await.expect(200);
        admin.patch(&kim_at, None, &json!({ "roles": ["ONLOOKER"] })).await.expect(200);
        kim.get_until(&ours.path(), |answer| answer.status == 401).await.expect(401);
        again(admin, "kim").await.get(&ours.path()).await.expect_problem(403, "PERMISSION_DENIED");
    });
}

#[test]
fn a_granted_customer_comes_with_assignments_plans_and_tasks() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let task = json!({ "name": "Roll out", "weight": 5 });
        let (ours, tasks) = planned(admin, std::slice::from_ref(&task)).await;
        let other = made(admin, "/adoption/v1/customers", "Port of Ghent").await;
        let customer = ours["customerId"].as_str().unwrap().to_owned();
        let (_, kim_id) = onlooker(admin, "kim").await;
        let read = grant(admin, ("USER", &kim_id), ("CUSTOMER", Some(&customer)), "READ").await;
        let kim = again(admin, "kim").await;
        assert_eq!(ids(&read_after(&kim, &read, "/adoption/v1/customers").await), [customer.as_str()]);
        assert_eq!(ids(&kim.get("/adoption/v1/plans?count=true").await), [ours["planId"].as_str().unwrap()]);
        let path = format!("/adoption/v1/customers/{customer}");
        let assignment = format!("/adoption/v1/assignments/{}", ours["id"].as_str().unwrap());
        let (plan, task) = (plan_path(&ours), task_path(&tasks[0]));
        let history = format!("{task}/history");
        for seen in
            [&path, &format!("{path}/assignments"), &assignment, &plan, &format!("{plan}/tasks"), &task, &history]
        {
            kim.get(seen).await.expect(200);
        }
        kim.get(&format!("/adoption/v1/customers/{other}")).await.expect_problem(404, "NOT_FOUND");
        kim.get(&format!("/adoption/v1/customers/{other}/assignments")).await.expect_problem(404, "NOT_FOUND");
        let done = json!({ "status": "DONE" });
        let bulk = json!({ "customerTaskIds": [tasks[0]["id"]], "status": "DONE" });
        let bulk_path = format!("{plan}/tasks/bulk-status");
        for refused in [
            kim.patch(&task, None, &done).await,
            kim.post(&bulk_path, &bulk).await,
            kim.patch(&path, None, &json!({ "name": "Mine" })).await,
            kim.delete(&assignment).await,
        ] {
            refused.expect_problem(403, "PERMISSION_DENIED");
        }
        let write = admin.patch(&format!("{GRANTS}/{}", read.id()), None, &json!({ "level": "WRITE" })).await;
        read_after(&kim, &write, &path).await.expect(200);
        kim.patch(&task, None, &done).await.expect(200);
        kim.patch(&path, None, &json!({ "name": "Northwind" })).await.expect(200);
        kim.delete(&path).await.expect_problem(403, "PERMISSION_DENIED");
        kim.post("/adoption/v1/customers", &json!({ "name": "New" })).await.expect_problem(403, "PERMISSION_DENIED");
        // A plan shows what is in a product: one assigns what one may see.
        let hidden = product(admin, "Sea Gate").await;
        let assign = json!({ "productId": hidden.id, "name": "Sneak", "licenseLevel": "ESSENTIAL" });
        let assignments = format!("{path}/assignments");
        kim.post(&assignments, &assign).await.expect_problem(422, "CONTENT_INVALID");
        let seen = grant(admin, ("USER", &kim_id), ("PRODUCT", Some(&hidden.id)), "READ").await;
        read_after(&kim, &seen, &path).await.expect(200);
        kim.post(&assignments, &assign).await.expect(201);
        kim.delete(&assignment).await.expect(204);
    });
}

#[test]
fn a_program_does_what_it_is_granted_as_far_as_its_key_allows() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let ours = product(admin, "Harbour Gate").await;
        let account = json!({ "name": "Export", "permissions": [] });
        let account = admin.post("/identity/v1/service-accounts", &account).await.expect(201).id();
        let granted = grant(admin, ("SERVICE_ACCOUNT", &account), ("PRODUCT", Some(&ours.id)), "WRITE").await;
        let keys = format!("/identity/v1/service-accounts/{account}/keys");
        for (scopes, status) in [(json!([]), 200), (json!(["catalog:*:read"]), 403)] {
            let key = admin.post(&keys, &json!({ "name": "Production", "scopes": scopes })).await;
            let program = program(&stage, key.expect(201)).await;
            read_after(&program, &granted, &ours.path()).await.expect(200);
            program.patch(&ours.path(), None, &json!({ "description": "By a program" })).await.expect(status);
        }
    });
}

#[test]
fn an_explanation_shows_every_rule_that_led_to_yes_or_no() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let ours = product(admin, "Harbour Gate").await;
        let solution = made(admin, "/catalog/v1/solutions", "Office").await;
        let bundle = format!("/catalog/v1/solutions/{solution}/products");
        admin.put(&bundle, &json!({ "productIds": [ours.id] })).await.expect(200);
        let (_, kim_id) = onlooker(admin, "kim").await;
        let flows = grant(admin, ("USER", &kim_id), ("SOLUTION", Some(&solution)), "READ").await.expect(201).id();
        grant(admin, ("USER", &kim_id), ("CUSTOMER", None), "READ").await.expect(201);
        let kim = again(admin, "kim").await;
        let ask =
            |permission: &str| format!("{EXPLAIN}?permission={permission}&resourceType=PRODUCT&resourceId={}", ours.id);

        let yes = kim.get(&ask("catalog:product:read")).await;
        assert_eq!((&yes.expect(200).body["allowed"], &yes.body["level"]), (&json!(true), &json!("READ")));
        let told: Vec<_> = yes.body["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| (rule["rule"].as_str().unwrap(), rule["effect"].as_str().unwrap()))
            .collect();
        let expected = [
            ("TENANT", "NOTHING"),
            ("MEMBERSHIP", "NOTHING"),
            ("ROLE", "NOTHING"),
            ("SETTING", "NOTHING"),
            ("FLOW", "ALLOWS"),
            ("GRANT", "NOTHING"),
        ];
        assert_eq!(told, expected);
        let flow = yes.body["rules"][4]["text"].as_str().unwrap();
        assert!(flow.contains(&flows) && flow.contains(&solution), "{flow}");

        let no = kim.get(&ask("catalog:product:write")).await;
        assert_eq!((&no.expect(200).body["allowed"], &no.body["level"]), (&json!(false), &json!("READ")));
        let nothing = format!(
            "{EXPLAIN}?permission=catalog:product:read&resourceType=PRODUCT&resourceId={}",
            kernel::ProductId::fresh()
        );
        let gone = kim.get(&nothing).await;
        assert_eq!(gone.expect(200).body["allowed"], false);
        assert!(gone.text.contains("RESOURCE"), "{}", gone.text);

        // About others it takes a permission; of an owner it tells the role.
        kim.get(&format!("{}&userId={kim_id}", ask("catalog:product:read"))).await.expect(200);
        let me = admin.get("/identity/v1/me").await.body["userId"].as_str().unwrap().to_owned();
        let of_admin = format!("{}&userId={me}", ask("catalog:product:write"));
        kim.get(&of_admin).await.expect_problem(403, "PERMISSION_DENIED");
        let owner = admin.get(&of_admin).await;
        assert_eq!((&owner.expect(200).body["allowed"], &owner.body["level"]), (&json!(true), &json!("ADMIN")));
        assert!(owner.text.contains("The role OWNER allows it: *."), "{}", owner.text);
        let suspended = admin.get("/identity/v1/members").await;
        let kim_at =
            suspended.body["items"].as_array().unwrap().iter().find(|one| one["username"] == "kim").unwrap()["id"]
                .clone();
        let kim_at = format!("/identity/v1/members/{}", kim_at.as_str().unwrap());
        admin.patch(&kim_at, None, &json!({ "status": "SUSPENDED" })).await.expect(200);
        let refused = admin.get(&format!("{}&userId={kim_id}", ask("catalog:product:read"))).await;
        assert_eq!(
            (&refused.expect(200).body["allowed"], &refused.body["rules"][1]["effect"]),
            (&json!(false), &json!("REFUSES"))
        );
        let stranger = format!("{}&userId={}", ask("catalog:product:read"), kernel::UserId::fresh());
        admin.get(&stranger).await.expect_problem(404, "NOT_FOUND");
        admin.get(&ask("catalog:*:read")).await.expect_problem(400, "REQUEST_MALFORMED");
    });
}

/// A product with a task that has an attribute, and a tag.
struct Product {
    id: String,
    task: String,
    attribute: String,
    tag: String,
}

impl Product {
    fn path(&self) -> String {
        format!("/catalog/v1/products/{}", self.id)
    }

    /// Where it and what is under it is read.
    fn paths(&self) -> [String; 8] {
        let (own, task) = (self.path(), format!("/catalog/v1/tasks/{}", self.task));
        [
            own.clone(),
            format!("{own}/tasks"),
            task.clone(),
            format!("{task}/telemetry-attributes"),
            format!("/catalog/v1/telemetry-attributes/{}", self.attribute),
            format!("{own}/tags"),
            format!("/catalog/v1/tags/{}", self.tag),
            format!("{own}/licenses"),
        ]
    }
}

async fn product(who: &Client, name: &str) -> Product {
    let id = made(who, "/catalog/v1/products", name).await;
    let task = made(who, &format!("/catalog/v1/products/{id}/tasks"), "Connect").await;
    let attribute =
        json!({ "name": "users", "dataType": "NUMBER", "successCriteria": { "operator": ">=", "value": 10 } });
    let attribute =
        who.post(&format!("/catalog/v1/tasks/{task}/telemetry-attributes"), &attribute).await.expect(201).id();
    let tag = made(who, &format!("/catalog/v1/products/{id}/tags"), "Security").await;
    Product { id, task, attribute, tag }
}

/// A member who may do nothing, signed in, with the person's id.
pub(crate) async fn onlooker(admin: &Client, login: &str) -> (Client, String) {
    let role = json!({ "name": "ONLOOKER", "permissions": ["workflow:nothing:read"] });
    let _made_once = admin.post("/identity/v1/roles", &role).await;
    let person = colleague(admin, login, "ONLOOKER").await;
    let me = person.get("/identity/v1/me").await.expect(200).body["userId"].as_str().unwrap().to_owned();
    (person, me)
}

/// The same person, signed in again.
pub(crate) async fn again(admin: &Client, login: &str) -> Client {
    admin.sign_in(login, "a password of my own").await
}

/// A member who may do nothing; returns the person's id.
async fn nobody(admin: &Client, login: &str) -> String {
    let role = json!({ "name": "ONLOOKER", "permissions": ["workflow:nothing:read"] });
    let _made_once = admin.post("/identity/v1/roles", &role).await;
    let added = admin.post("/identity/v1/members", &member(login, "ONLOOKER")).await;
    added.expect(201).body["userId"].as_str().unwrap().to_owned()
}

/// Makes something with a name and returns its id.
async fn made(who: &Client, path: &str, name: &str) -> String {
    who.post(path, &json!({ "name": name })).await.expect(201).id()
}

pub(crate) async fn grant(
    who: &Client,
    (kind, id): (&str, &str),
    (on, which): (&str, Option<&str>),
    level: &str,
) -> Response {
    let command =
        json!({ "subjectType": kind, "subjectId": id, "resourceType": on, "resourceId": which, "level": level });
    who.post(GRANTS, &command).await
}

fn ids(page: &Response) -> Vec<String> {
    page.expect(200).body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}
