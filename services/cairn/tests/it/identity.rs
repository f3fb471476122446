//! Signing in, staying in, getting out; members and roles.

use serde_json::{Value, json};
use testkit::{Client, Response};

use crate::support::{PASSWORD, on_stage};

#[test]
fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    on_stage(async |stage| {
        let me = stage.admin.get("/identity/v1/me").await;
        let mut answers = Vec::new();
        for login in [me.body["email"].as_str().unwrap(), "nobody@example.com"] {
            let answer = sign_in(&stage.anonymous, login, "wrong wrong wrong").await;
            answer.expect_problem(401, "SESSION_CREDENTIALS_REFUSED");
            answers.push(answer.body["detail"].clone());
        }
        assert_eq!(answers[0], answers[1]);
    });
}

#[test]
fn e_mail_and_user_name_both_sign_in_in_any_case() {
    on_stage(async |stage| {
        let me = stage.admin.get("/identity/v1/me").await;
        for field in ["email", "username"] {
            sign_in(&stage.anonymous, &me.body[field].as_str().unwrap().to_uppercase(), PASSWORD).await.expect(201);
        }
    });
}

#[test]
fn a_refresh_token_counts_once_and_its_reuse_ends_the_session() {
    on_stage(async |stage| {
        let me = stage.admin.get("/identity/v1/me").await;
        let first = sign_in(&stage.anonymous, me.body["username"].as_str().unwrap(), PASSWORD).await;
        let second = refresh(&stage.anonymous, &first.body["refreshToken"]).await;
        second.expect(200);
        refresh(&stage.anonymous, &first.body["refreshToken"]).await.expect_problem(401, "SESSION_REFRESH_REFUSED");
        refresh(&stage.anonymous, &second.body["refreshToken"]).await.expect_problem(401, "SESSION_REFRESH_REFUSED");
        let thief = stage.anonymous.with_token(second.body["accessToken"].as_str().unwrap());
        thief.get_until("/identity/v1/me", |answer| answer.status == 401).await.expect_problem(401, "TOKEN_INVALID");
        stage.admin.get("/identity/v1/me").await.expect(200);
    });
}

#[test]
fn two_clients_refreshing_at_once_cannot_both_win() {
    on_stage(async |stage| {
        let me = stage.admin.get("/identity/v1/me").await;
        let session = sign_in(&stage.anonymous, me.body["username"].as_str().unwrap(), PASSWORD).await;
        let token = &session.body["refreshToken"];
        let (a, b) = tokio::join!(refresh(&stage.anonymous, token), refresh(&stage.anonymous, token));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
    });
}

#[test]
fn signing_out_ends_the_access_token_everywhere_at_once() {
    on_stage(async |stage| {
        let me = stage.admin.get("/identity/v1/me").await;
        let session = sign_in(&stage.anonymous, me.body["username"].as_str().unwrap(), PASSWORD).await;
        let person = stage.anonymous.with_token(session.body["accessToken"].as_str().unwrap());
        person.get("/catalog/v1/products").await.expect(200);
        person.delete("/identity/v1/sessions/current").await.expect(204);
        person
            .get_until("/catalog/v1/products", |answer| answer.status == 401)
            .await
            .expect_problem(401, "TOKEN_INVALID");
        refresh(&stage.anonymous, &session.body["refreshToken"]).await.expect(401);
    });
}

#[test]
fn a_new_member_must_change_the_first_password_before_anything_else() {
    on_stage(async |stage| {
        let member = add_member(&stage.admin, "kim", &["SME"]).await;
        member.expect(201);
        let session = sign_in(&stage.anonymous, "kim", PASSWORD).await;
        assert_eq!(session.body["mustChangePassword"], true);
        let kim = stage.anonymous.with_token(session.body["accessToken"].as_str().unwrap());
        kim.get("/catalog/v1/products").await.expect_problem(403, "PASSWORD_CHANGE_REQUIRED");
        kim.get("/identity/v1/me").await.expect(200);
        let wrong = json!({ "currentPassword": "not it, not it", "newPassword": "wrong donkey charger" });
        kim.post("/identity/v1/me/password", &wrong).await.expect_problem(422, "PASSWORD_REFUSED");
        let short = json!({ "currentPassword": PASSWORD, "newPassword": "short" });
        kim.post("/identity/v1/me/password", &short).await.expect_problem(422, "CONTENT_INVALID");
        let right = json!({ "currentPassword": PASSWORD, "newPassword": "wrong donkey charger" });
        kim.post("/identity/v1/me/password", &right).await.expect(204);
        let kim = stage.anonymous.sign_in("kim", "wrong donkey charger").await;
        kim.get("/catalog/v1/products").await.expect(200);
    });
}

#[test]
fn nobody_grants_what_they_do_not_hold_and_the_last_owner_stays() {
    on_stage(async |stage| {
        add_member(&stage.admin, "ada", &["ADMIN"]).await.expect(201);
        let ada = with_new_password(&stage.anonymous, "ada").await;
        add_member(&ada, "eve", &["OWNER"]).await.expect_problem(403, "PERMISSION_DENIED");
        add_member(&ada, "sam", &["NO_SUCH_ROLE"]).await.expect_problem(422, "CONTENT_INVALID");
        let role = json!({ "name": "SUPER", "permissions": ["*"] });
        ada.post("/identity/v1/roles", &role).await.expect_problem(403, "PERMISSION_DENIED");
        let members = ada.get("/identity/v1/members").await;
        let owner =
            members.body["items"].as_array().unwrap().iter().find(|row| row["roles"][0] == "OWNER").unwrap().clone();
        let path = format!("/identity/v1/members/{}", owner["id"].as_str().unwrap());
        ada.patch(&path, None, &json!({ "roles": ["VIEWER"] })).await.expect_problem(403, "PERMISSION_DENIED");
        stage.admin.patch(&path, None, &json!({ "roles": ["VIEWER"] })).await.expect_problem(409, "MEMBER_LAST_OWNER");
    });
}

#[test]
fn a_role_of_ones_own_allows_exactly_what_it_says() {
    on_stage(async |stage| {
        let role = json!({ "name": "READER", "permissions": ["catalog:*:read"] });
        let role = stage.admin.post("/identity/v1/roles", &role).await;
        role.expect(201);
        add_member(&stage.admin, "rea", &["READER"]).await.expect(201);
        let reader = with_new_password(&stage.anonymous, "rea").await;
        reader.get("/catalog/v1/products").await.expect(200);
        let refused = reader.post("/catalog/v1/products", &json!({ "name": "No" })).await;
        refused.expect_problem(403, "PERMISSION_DENIED");
        assert!(refused.body["detail"].as_str().unwrap().contains("catalog:product:write"));
        let path = format!("/identity/v1/roles/{}", role.id());
        stage.admin.delete(&path).await.expect_problem(409, "ROLE_IN_USE");
    });
}

#[test]
fn a_suspended_member_loses_access_within_a_second() {
    on_stage(async |stage| {
        let member = add_member(&stage.admin, "sue", &["SME"]).await;
        let sue = with_new_password(&stage.anonymous, "sue").await;
        sue.get("/catalog/v1/products").await.expect(200);
        let path = format!("/identity/v1/members/{}", member.id());
        stage.admin.patch(&path, None, &json!({ "status": "SUSPENDED" })).await.expect(200);
        sue.get_until("/catalog/v1/products", |answer| answer.status == 401).await.expect(401);
        sign_in(&stage.anonymous, "sue", "another password, hers")
            .await
            .expect_problem(401, "SESSION_CREDENTIALS_REFUSED");
    });
}

#[test]
fn the_audit_trail_filters_and_pages() {
    on_stage(async |stage| {
        for name in ["A", "B", "C"] {
            stage.admin.post("/catalog/v1/products", &json!({ "name": name })).await.expect(201);
        }
        let all = "/identity/v1/audit-events?entity=product&action=created&limit=2";
        let first = stage
            .admin
            .get_until(&format!("{all}0"), |answer| answer.body["items"].as_array().is_some_and(|rows| rows.len() == 3))
            .await;
        assert_eq!(first.body["items"].as_array().unwrap().len(), 3);
        let first = stage.admin.get(all).await;
        let cursor = first.body["nextCursor"].as_str().unwrap();
        let second = stage.admin.get(&format!("{all}&cursor={cursor}")).await;
        assert_eq!(second.body["items"].as_array().unwrap().len(), 1);
        assert_eq!(second.body["nextCursor"], Value::Null);
        stage.admin.get(&format!("{all}&cursor=forged")).await.expect_problem(400, "REQUEST_MALFORMED");
        stage.admin.get("/identity/v1/audit-events?nonsense=1").await.expect_problem(400, "REQUEST_MALFORMED");
    });
}

async fn sign_in(client: &Client, login: &str, password: &str) -> Response {
    client.post("/identity/v1/sessions", &json!({ "login": login, "password": password })).await
}

async fn refresh(client: &Client, token: &Value) -> Response {
    client.post("/identity/v1/sessions/refresh", &json!({ "refreshToken": token })).await
}

pub(crate) async fn add_member(admin: &Client, username: &str, roles: &[&str]) -> Response {
    let member = json!({
        "email": format!("{username}@example.com"), "username": username, "name": username,
        "password": PASSWORD, "roles": roles,
    });
    admin.post("/identity/v1/members", &member).await
}

/// Signs a new member in, past the forced change of the first password.
pub(crate) async fn with_new_password(anonymous: &Client, username: &str) -> Client {
    let member = anonymous.sign_in(username, PASSWORD).await;
    let change = json!({ "currentPassword": PASSWORD, "newPassword": "another password, hers" });
    member.post("/identity/v1/me/password", &change).await.expect(204);
    anonymous.sign_in(username, "another password, hers").await
}
