//! Departments and job roles, and who has which.

use serde_json::{Value, json};
use testkit::{Client, Response};

use crate::identity::{add_member, with_new_password};
use crate::support::on_stage;

const DEPARTMENTS: &str = "/identity/v1/departments";
const JOB_ROLES: &str = "/identity/v1/job-roles";

#[test]
fn departments_are_a_tree_with_names_unique_among_siblings() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let sales = department(admin, "Sales", None).await;
        let north = department(admin, "North", Some(&sales)).await;
        let taken = json!({ "name": "NORTH", "parentId": sales });
        admin.post(DEPARTMENTS, &taken).await.expect_problem(409, "DEPARTMENT_NAME_TAKEN");
        admin.post(DEPARTMENTS, &json!({ "name": "sales" })).await.expect_problem(409, "DEPARTMENT_NAME_TAKEN");
        let elsewhere = department(admin, "North", None).await;
        let keyed = json!({ "name": "Finance", "externalKey": "fin" });
        admin.post(DEPARTMENTS, &keyed).await.expect(201);
        let keyed = json!({ "name": "Money", "externalKey": "fin" });
        admin.post(DEPARTMENTS, &keyed).await.expect_problem(409, "DEPARTMENT_EXTERNAL_KEY_TAKEN");
        for wrong in [json!({ "name": " " }), json!({ "name": "x", "parentId": kernel::DepartmentId::fresh() })] {
            admin.post(DEPARTMENTS, &wrong).await.expect_problem(422, "CONTENT_INVALID");
        }

        assert_eq!(ids(&admin.get(&format!("{DEPARTMENTS}?parentId={sales}")).await), [north.as_str()]);
        let top = admin.get(&format!("{DEPARTMENTS}?top=true&count=true&limit=1")).await;
        assert_eq!((ids(&top), &top.body["total"]), (vec![sales.clone()], &json!(3)));
        assert_eq!(ids(&admin.get(&format!("{DEPARTMENTS}?externalKey=fin")).await).len(), 1);

        // Moving takes what is under it along, and cannot put two of a name side by side.
        let path = format!("{DEPARTMENTS}/{elsewhere}");
        let under_sales = json!({ "parentId": sales });
        admin.patch(&path, None, &under_sales).await.expect_problem(409, "DEPARTMENT_NAME_TAKEN");
        let under_north = json!({ "parentId": north });
        admin.patch(&path, Some(7), &under_north).await.expect_problem(412, "VERSION_MISMATCH");
        let moved = admin.patch(&path, Some(1), &under_north).await;
        assert_eq!((&moved.expect(200).body["parentId"], moved.version()), (&json!(north), Some(2)));
        let cycle = admin.patch(&format!("{DEPARTMENTS}/{sales}"), None, &json!({ "parentId": elsewhere })).await;
        assert_eq!(cycle.expect_problem(422, "CONTENT_INVALID").body["errors"][0]["code"], "CYCLE");
        admin.delete(&format!("{DEPARTMENTS}/{north}")).await.expect_problem(409, "DEPARTMENT_HAS_CHILDREN");
        admin.patch(&path, None, &json!({ "parentId": null, "name": "Far north" })).await.expect(200);
        admin.delete(&format!("{DEPARTMENTS}/{north}")).await.expect(204);
        admin.get(&format!("{DEPARTMENTS}/{north}")).await.expect_problem(404, "NOT_FOUND");
    });
}

#[test]
fn a_tree_has_twenty_levels_and_two_moves_at_once_make_no_cycle() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let mut last = department(admin, "Level 1", None).await;
        for level in 2..=20 {
            last = department(admin, &format!("Level {level}"), Some(&last)).await;
        }
        let deeper = admin.post(DEPARTMENTS, &json!({ "name": "Level 21", "parentId": last })).await;
        assert_eq!(deeper.expect_problem(422, "CONTENT_INVALID").body["errors"][0]["code"], "TOO_DEEP");
        for round in 0..5 {
            let (a, b) = (format!("A{round}"), format!("B{round}"));
            let (a, b) = (department(admin, &a, None).await, department(admin, &b, None).await);
            let (a_path, b_path) = (format!("{DEPARTMENTS}/{a}"), format!("{DEPARTMENTS}/{b}"));
            let (under_a, under_b) = (json!({ "parentId": a }), json!({ "parentId": b }));
            let (a, b) = tokio::join!(admin.patch(&a_path, None, &under_b), admin.patch(&b_path, None, &under_a));
            let mut statuses = [a.status, b.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 422], "{} {}", a.text, b.text);
        }
    });
}

#[test]
fn members_and_job_roles_belong_to_departments_which_stay_while_they_do() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let (sales, support) = (department(admin, "Sales", None).await, department(admin, "Support", None).await);
        let (kim, ann) =
            (add_member(admin, "kim", &["VIEWER"]).await.id(), add_member(admin, "ann", &["VIEWER"]).await.id());
        for (member, departments) in [(&kim, json!([sales, support])), (&ann, json!([sales]))] {
            let path = format!("/identity/v1/members/{member}/departments");
            let set = admin.put(&path, &json!({ "departmentIds": departments })).await;
            assert_eq!((&set.expect(200).body["departmentIds"], set.version()), (&departments, Some(2)));
            assert_eq!(admin.get(&path).await.expect(200).body, set.body);
        }
        let of_sales = format!("{DEPARTMENTS}/{sales}/members");
        let first = admin.get(&format!("{of_sales}?limit=1")).await;
        let next = format!("{of_sales}?limit=1&cursor={}", first.body["nextCursor"].as_str().unwrap());
        assert_eq!([ids(&first), ids(&admin.get(&next).await)].concat(), [kim.clone(), ann]);
        let path = format!("/identity/v1/members/{kim}/departments");
        for wrong in [json!([kernel::DepartmentId::fresh()]), json!([sales, sales])] {
            admin.put(&path, &json!({ "departmentIds": wrong })).await.expect_problem(422, "CONTENT_INVALID");
        }
        admin.delete(&format!("{DEPARTMENTS}/{support}")).await.expect_problem(409, "DEPARTMENT_HAS_MEMBERS");
        admin.put(&path, &json!({ "departmentIds": [] })).await.expect(200);
        let job = json!({ "name": "Agent", "permissions": ["helpdesk:ticket:*"], "departmentIds": [support] });
        let job = admin.post(JOB_ROLES, &job).await;
        assert_eq!(ids(&admin.get(&format!("{JOB_ROLES}?departmentId={support}")).await), [job.expect(201).id()]);
        assert_eq!(ids(&admin.get(&format!("{JOB_ROLES}?departmentId={sales}")).await), [""; 0]);
        admin.delete(&format!("{DEPARTMENTS}/{support}")).await.expect_problem(409, "DEPARTMENT_HAS_JOB_ROLES");
        let path = format!("{JOB_ROLES}/{}", job.id());
        let moved = admin.patch(&path, Some(1), &json!({ "departmentIds": [sales] })).await;
        assert_eq!(moved.expect(200).body["departmentIds"], json!([sales]));
        admin.delete(&format!("{DEPARTMENTS}/{support}")).await.expect(204);

        // The trail says who was where.
        let trail = format!("/identity/v1/audit-events?entity=member-departments&entityId={kim}");
        let heard = admin.get_until(&trail, |answer| answer.body["items"][1].is_object()).await;
        let changes = &heard.body["items"][0]["changes"]["departmentIds"];
        assert_eq!(changes, &json!({ "before": [sales, support], "after": [] }));
    });
}

#[test]
fn a_job_role_allows_its_members_what_it_says_and_nobody_gives_away_more_than_they_hold() {
    on_stage(async |stage| {
        let admin = &stage.admin;
        let kim_id = add_member(admin, "kim", &["VIEWER"]).await.id();
        let kim = with_new_password(&stage.anonymous, "kim").await;
        kim.post("/catalog/v1/products", &json!({ "name": "No" })).await.expect_problem(403, "PERMISSION_DENIED");
        let role = json!({ "name": "Editor", "permissions": ["catalog:product:write"] });
        let editor = admin.post(JOB_ROLES, &role).await;
        admin
            .post(JOB_ROLES, &json!({ "name": "EDITOR", "permissions": [] }))
            .await
            .expect_problem(409, "JOB_ROLE_NAME_TAKEN");
        let bad = json!({ "name": "Bad", "permissions": ["catalog:product"] });
        admin.post(JOB_ROLES, &bad).await.expect_problem(422, "CONTENT_INVALID");

        // Given to Kim, it counts from her next token on, and the one she has stops counting.
        let kims = format!("/identity/v1/members/{kim_id}/job-roles");
        let given = json!({ "jobRoleIds": [editor.expect(201).id()] });
        assert_eq!(admin.put(&kims, &given).await.expect(200).body["jobRoleIds"], given["jobRoleIds"]);
        kim.get_until("/catalog/v1/products", |answer| answer.status == 401).await.expect(401);
        let kim = stage.anonymous.sign_in("kim", "another password, hers").await;
        kim.post("/catalog/v1/products", &json!({ "name": "Yes" })).await.expect(201);
        let path = format!("{JOB_ROLES}/{}", editor.id());
        admin.delete(&path).await.expect_problem(409, "JOB_ROLE_IN_USE");
        admin.patch(&path, Some(1), &json!({ "permissions": ["catalog:product:read"] })).await.expect(200);
        kim.get_until("/catalog/v1/products", |answer| answer.status == 401).await.expect(401);
        let kim = stage.anonymous.sign_in("kim", "another password, hers").await;
        kim.post("/catalog/v1/products", &json!({ "name": "No" })).await.expect_problem(403, "PERMISSION_DENIED");

        // An administrator cannot make, change or give away what allows all, nor touch one who has it.
        add_member(admin, "ada", &["ADMIN"]).await.expect(201);
        let ada = with_new_password(&stage.anonymous, "ada").await;
        let all = json!({ "name": "All", "permissions": ["*"] });
        ada.post(JOB_ROLES, &all).await.expect_problem(403, "PERMISSION_DENIED");
        let all = admin.post(JOB_ROLES, &all).await.expect(201).id();
        let path = format!("{JOB_ROLES}/{all}");
        ada.patch(&path, None, &json!({ "permissions": [] })).await.expect_problem(403, "PERMISSION_DENIED");
        ada.delete(&path).await.expect_problem(403, "PERMISSION_DENIED");
        let given = json!({ "jobRoleIds": [all] });
        ada.put(&kims, &given).await.expect_problem(403, "PERMISSION_DENIED");
        ada.put(&kims, &json!({ "jobRoleIds": [editor.id()] })).await.expect(200);
        admin.put(&kims, &given).await.expect(200);
        ada.put(&kims, &json!({ "jobRoleIds": [] })).await.expect_problem(403, "PERMISSION_DENIED");
        let member = format!("/identity/v1/members/{kim_id}");
        ada.patch(&member, None, &json!({ "status": "SUSPENDED" })).await.expect_problem(403, "PERMISSION_DENIED");
        let unknown = json!({ "jobRoleIds": [kernel::JobRoleId::fresh()] });
        admin.put(&kims, &unknown).await.expect_problem(422, "CONTENT_INVALID");
    });
}

#[test]
fn what_job_roles_allow_together_fits_a_token() {
    on_stage(async |stage| {
        let kim = add_member(&stage.admin, "kim", &["VIEWER"]).await.id();
        let mut ids = Vec::new();
        for word in ["a", "b"] {
            let permissions: Vec<String> = (0..40).map(|n| format!("catalog:{}-{n}:write", word.repeat(20))).collect();
            let role = json!({ "name": word, "permissions": permissions });
            ids.push(stage.admin.post(JOB_ROLES, &role).await.expect(201).id());
        }
        let path = format!("/identity/v1/members/{kim}/job-roles");
        let both = stage.admin.put(&path, &json!({ "jobRoleIds": ids })).await;
        assert_eq!(both.expect_problem(422, "CONTENT_INVALID").body["errors"][0]["code"], "TOO_MANY_PERMISSIONS");
        stage.admin.put(&path, &json!({ "jobRoleIds": ids[..1] })).await.expect(200);
    });
}

/// Makes a department.
async fn department(admin: &Client, name: &str, parent: Option<&str>) -> String {
    admin.post(DEPARTMENTS, &json!({ "name": name, "parentId": parent })).await.expect(201).id()
}

fn ids(page: &Response) -> Vec<String> {
    let items = page.expect(200).body["items"].as_array().unwrap();
    items.iter().map(|item: &Value| item["id"].as_str().unwrap().to_owned()).collect()
}
