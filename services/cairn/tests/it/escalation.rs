//! Nobody gets more rights than they have, whatever they write.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, send};

use crate::company;
use crate::database;
use crate::support::on_stage;
use crate::walls::operations;

/// The roles that a tenant starts with, but the owner's.
const BUILT_IN: [&str; 13] = [
    "ADMIN",
    "SME",
    "CSS",
    "DEVELOPER",
    "MANAGER",
    "DIRECTOR",
    "PROJECT_MANAGER",
    "STAKEHOLDER",
    "AGENT",
    "SUPERVISOR",
    "MEMBER",
    "REQUESTER",
    "VIEWER",
];

#[test]
fn no_built_in_role_writes_what_it_may_not() {
    on_stage(async |stage| {
        let ids = company::one_of_everything(&stage.admin, "Aster").await;
        let tenant = stage.admin.get("/identity/v1/tenant").await.id();
        let roles = stage.admin.get("/identity/v1/roles").await;
        let mut people = Vec::new();
        for role in BUILT_IN {
            people.push((role, company::colleague(&stage.admin, &format!("one-{}", role.to_lowercase()), role).await));
        }
        let mut behind = stage.world.administrator().await;
        let before = database::rows_of(&mut behind, &tenant).await;
        let mut tried = 0;
        for (role, person) in &people {
            let held = roles.body["items"].as_array().unwrap().iter().find(|one| one["name"] == *role).unwrap();
            let held = held["permissions"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned());
            let held = auth::Patterns::new(held);
            for operation in operations() {
                let Some(permission) = operation.permission.as_deref() else { continue };
                if operation.method == Method::GET || permission.starts_with("identity:self:") || held.allow(permission)
                {
                    continue;
                }
                let answer = operation.call(person, &ids, &ids).await;
                assert_eq!(answer.status, 403, "{role}: {} {}: {}", operation.method, operation.path, answer.text);
                assert!(answer.text.contains(permission), "{role}: {}: {}", operation.path, answer.text);
                tried += 1;
            }
        }
        assert!(tried > 500, "{tried}");
        assert_eq!(before, database::rows_of(&mut behind, &tenant).await, "nothing has changed");
    });
}

#[test]
fn an_administrator_reaches_no_owners_rights_by_any_door() {
    on_stage(async |stage| {
        let ids = company::one_of_everything(&stage.admin, "Aster").await;
        let ada = company::colleague(&stage.admin, "ada", "ADMIN").await;
        let members = ada.get("/identity/v1/members?limit=200").await;
        let member = |holds: &dyn Fn(&Value) -> bool| {
            let found = members.body["items"].as_array().unwrap().iter().find(|row| holds(row)).unwrap();
            format!("/identity/v1/members/{}", found["id"].as_str().unwrap())
        };
        let (owner, own) = (member(&|row| row["roles"][0] == "OWNER"), member(&|row| row["username"] == "ada"));
        let every = json!(["*"]);
        let refused = async |client: &Client, method: Method, path: &str, body: Value| {
            let answer = send(client.request(method, path).json(&body)).await;
            assert_eq!(answer.status, 403, "{path} {body}: {}", answer.text);
        };
        for (method, path, body) in [
            (Method::PATCH, own.as_str(), json!({ "roles": ["OWNER"] })),
            (Method::PATCH, owner.as_str(), json!({ "roles": ["VIEWER"] })),
            (Method::PATCH, owner.as_str(), json!({ "status": "SUSPENDED" })),
            (Method::DELETE, owner.as_str(), json!({})),
            (Method::DELETE, &format!("{owner}/sessions"), json!({})),
            (Method::POST, "/identity/v1/members", company::member("eve", "OWNER")),
            (Method::POST, "/identity/v1/invitations", json!({ "email": "eve@example.com", "roles": ["OWNER"] })),
            (Method::POST, "/identity/v1/roles", json!({ "name": "ALL", "permissions": every })),
            (Method::PATCH, &format!("/identity/v1/roles/{}", ids["roleId"]), json!({ "permissions": every })),
            (Method::POST, "/identity/v1/job-roles", json!({ "name": "All", "permissions": every })),
            (Method::PATCH, &format!("/identity/v1/job-roles/{}", ids["jobRoleId"]), json!({ "permissions": every })),
            (Method::POST, "/identity/v1/service-accounts", json!({ "name": "All", "permissions": every })),
            (
                Method::PATCH,
                &format!("/identity/v1/service-accounts/{}", ids["serviceAccountId"]),
                json!({ "permissions": every }),
            ),
            (Method::DELETE, "/identity/v1/tenant", json!({ "name": "Northwind" })),
        ] {
            refused(&ada, method, path, body).await;
        }
        let table = ada.request(Method::POST, "/identity/v1/invitations/import").header("content-type", "text/csv");
        let table = send(table.body("email,roles\neve@example.com,OWNER\n")).await;
        table.expect_problem(422, "CONTENT_INVALID");
        // A built-in role is nobody's to change, and one that an owner made is not hers to take over.
        let above = json!({ "name": "ABOVE", "permissions": every });
        let above = stage.admin.post("/identity/v1/roles", &above).await;
        let above = format!("/identity/v1/roles/{}", above.id());
        refused(&ada, Method::PATCH, &above, json!({ "permissions": ["catalog:*:read"] })).await;
        refused(&ada, Method::DELETE, &above, json!({})).await;
        let program = json!({ "name": "Every", "permissions": every });
        let program = stage.admin.post("/identity/v1/service-accounts", &program).await;
        let program = format!("/identity/v1/service-accounts/{}", program.id());
        refused(&ada, Method::POST, &format!("{program}/keys"), json!({ "name": "mine" })).await;
        refused(&ada, Method::DELETE, &program, json!({})).await;
    });
}
