//! Programs of partners and their keys.

use chrono::Duration;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use testkit::{Client, Response, send};

use crate::support::{Stage, on_stage};

const ACCOUNTS: &str = "/identity/v1/service-accounts";

pub(crate) async fn account(admin: &Client, name: &str, permissions: &[&str]) -> Response {
    admin.post(ACCOUNTS, &json!({ "name": name, "permissions": permissions })).await
}

pub(crate) async fn key(admin: &Client, account: &Response, more: Value) -> Response {
    let mut command = json!({ "name": "Production" });
    command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    admin.post(&format!("{ACCOUNTS}/{}/keys", account.id()), &command).await
}

async fn token(stage: &Stage, key: &Response, scope: Option<&str>) -> Response {
    let text = |name: &str| key.body[name].as_str().unwrap_or_default().to_owned();
    let mut form = vec![
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", text("prefix")),
        ("client_secret", text("secret")),
    ];
    form.extend(scope.map(|scope| ("scope", scope.to_owned())));
    send(form_of(stage, &form)).await
}

/// A form as OAuth wants it.
fn form_of<T: AsRef<str>>(stage: &Stage, fields: &[(&str, T)]) -> RequestBuilder {
    let line = |(name, value): &(&str, T)| format!("{name}={}", value.as_ref().replace(' ', "+"));
    let body = fields.iter().map(line).collect::<Vec<_>>().join("&");
    let request = stage.anonymous.request(Method::POST, "/identity/v1/oauth/token");
    request.header("content-type", "application/x-www-form-urlencoded").body(body)
}

pub(crate) async fn program(stage: &Stage, key: &Response) -> Client {
    let answer = token(stage, key, None).await;
    stage.anonymous.with_token(answer.expect(200).body["access_token"].as_str().unwrap())
}

#[test]
fn a_key_is_exchanged_for_a_token_that_does_what_the_account_may() {
    on_stage(async |stage| {
        let account = account(&stage.admin, "Export", &["catalog:*:*", "identity:audit:read"]).await;
        account.expect(201);
        let key = key(&stage.admin, &account, json!({ "scopes": ["catalog:*:read", "adoption:*:read"] })).await;
        assert!(key.expect(201).body["key"].as_str().unwrap().starts_with("cairn_"));
        let answer = token(&stage, &key, None).await;
        assert_eq!(answer.expect(200).body["scope"], "catalog:*:read");
        let program = program(&stage, &key).await;
        program.get("/catalog/v1/products").await.expect(200);
        program.post("/catalog/v1/products", &json!({ "name": "No" })).await.expect_problem(403, "PERMISSION_DENIED");
        program.get("/identity/v1/audit-events").await.expect_problem(403, "PERMISSION_DENIED");
        program.get("/identity/v1/me").await.expect_problem(403, "PERSON_REQUIRED");
        let less = token(&stage, &key, Some("catalog:product:read identity:*:*")).await;
        assert_eq!(less.expect(200).body["scope"], "catalog:product:read");
        let shown = stage.admin.get(&format!("{ACCOUNTS}/{}/keys", account.id())).await;
        assert!(shown.expect(200).body["items"][0]["lastUsedAt"].is_string());
        assert!(!shown.text.contains(key.body["secret"].as_str().unwrap()));
    });
}

#[test]
fn the_gateway_takes_the_key_itself() {
    on_stage(async |stage| {
        let account = account(&stage.admin, "Export", &["catalog:*:read"]).await;
        let key = key(&stage.admin, &account, json!({})).await;
        let whole = key.body["key"].as_str().unwrap();
        let program = stage.anonymous.with_token(whole);
        program.get("/catalog/v1/products").await.expect(200);
        let by_header = stage.anonymous.request(Method::GET, "/catalog/v1/products").header("x-api-key", whole);
        send(by_header).await.expect(200);
        for wrong in ["cairn_", "cairn_0123456789ab_wrong", "nonsense"] {
            let request = stage.anonymous.request(Method::GET, "/catalog/v1/products").header("x-api-key", wrong);
            send(request).await.expect_problem(401, "TOKEN_INVALID");
        }
        // Another right is there with the next request, an ended key is not.
        let path = format!("{ACCOUNTS}/{}", account.id());
        stage.admin.patch(&path, None, &json!({ "permissions": ["adoption:*:read"] })).await.expect(200);
        program.get_until("/adoption/v1/customers", |answer| answer.status == 200).await.expect(200);
        program.get("/catalog/v1/products").await.expect_problem(403, "PERMISSION_DENIED");
        stage.admin.delete(&format!("{path}/keys/{}", key.id())).await.expect(204);
        program.get_until("/adoption/v1/customers", |answer| answer.status == 401).await.expect(401);
    });
}

#[test]
fn what_a_program_does_is_told_of_the_program() {
    on_stage(async |stage| {
        let account = account(&stage.admin, "Import", &["catalog:*:*"]).await;
        let key = key(&stage.admin, &account, json!({})).await;
        let program = program(&stage, &key).await;
        program.post("/catalog/v1/products", &json!({ "name": "By a program" })).await.expect(201);
        let path = format!("/identity/v1/audit-events?actor=client:{}", account.id());
        let heard = stage.admin.get_until(&path, |answer| answer.body["items"][0].is_object()).await;
        assert_eq!(heard.body["items"][0]["entity"], "product");
    });
}

#[test]
fn a_key_that_ended_takes_its_tokens_with_it() {
    on_stage(async |stage| {
        let account = account(&stage.admin, "Export", &["catalog:*:read"]).await;
        let first = key(&stage.admin, &account, json!({})).await;
        let path = format!("{ACCOUNTS}/{}/keys/{}", account.id(), first.id());
        let replaced = stage.admin.post(&format!("{path}/rotate"), &json!({ "overlapHours": 1 })).await;
        replaced.expect(201);
        let (old, new) = (program(&stage, &first).await, program(&stage, &replaced).await);
        for program in [&old, &new] {
            program.get("/catalog/v1/products").await.expect(200);
        }
        let rotate = format!("{path}/rotate");
        stage.admin.post(&rotate, &json!({})).await.expect_problem(409, "API_KEY_REPLACED");
        let for_ever = json!({ "expiresAt": null });
        stage.admin.patch(&path, None, &for_ever).await.expect_problem(409, "API_KEY_REPLACED");
        assert!(stage.admin.get(&path).await.expect(200).body["replacedAt"].is_string());
        stage.admin.delete(&path).await.expect(204);
        old.get_until("/catalog/v1/products", |answer| answer.status == 401).await.expect(401);
        assert_eq!(token(&stage, &first, None).await.expect(401).body["error"], "invalid_client");
        new.get("/catalog/v1/products").await.expect(200);
        // Suspending the account stops what is left.
        let account = format!("{ACCOUNTS}/{}", account.id());
        stage.admin.patch(&account, None, &json!({ "status": "SUSPENDED" })).await.expect(200);
        new.get_until("/catalog/v1/products", |answer| answer.status == 401).await.expect(401);
        token(&stage, &replaced, None).await.expect(401);
        stage.admin.patch(&account, None, &json!({ "status": "ACTIVE" })).await.expect(200);
        program(&stage, &replaced).await.get("/catalog/v1/products").await.expect(200);
        stage.admin.delete(&account).await.expect(204);
        token(&stage, &replaced, None).await.expect(401);
        stage.admin.get(&account).await.expect_problem(404, "NOT_FOUND");
    });
}

#[test]
fn a_key_counts_where_and_as_long_as_it_says() {
    on_stage(async |stage| {
        let account = account(&stage.admin, "Export", &["catalog:*:read"]).await;
        let elsewhere = key(&stage.admin, &account, json!({ "allowedAddresses": ["198.51.100.0/24"] })).await;
        token(&stage, &elsewhere, None).await.expect(401);
        let here = key(&stage.admin, &account, json!({ "allowedAddresses": ["127.0.0.0/8", "::1"] })).await;
        token(&stage, &here, None).await.expect(200);
        let soon = stage.clock.now() + Duration::minutes(5);
        let short = key(&stage.admin, &account, json!({ "expiresAt": soon })).await;
        assert!(token(&stage, &short, None).await.expect(200).body["expires_in"].as_i64().unwrap() <= 300);
        stage.clock.advance(Duration::minutes(6));
        token(&stage, &short, None).await.expect(401);
        for bad in [
            json!({ "allowedAddresses": ["here"] }),
            json!({ "expiresAt": "2001-01-01T00:00:00Z" }),
            json!({ "scopes": ["all"] }),
            json!({ "customerIds": [] }),
            json!({ "customerIds": vec![account.id(); 21] }),
            json!({ "source": "" }),
        ] {
            key(&stage.admin, &account, bad).await.expect_problem(422, "CONTENT_INVALID");
        }
    });
}

#[test]
fn what_a_key_may_no_longer_do_it_does_not_do_with_an_old_token() {
    on_stage(async |stage| {
        let account = account(&stage.admin, "Export", &["catalog:*:read", "adoption:*:read"]).await;
        let made = key(&stage.admin, &account, json!({})).await;
        let program = program(&stage, &made).await;
        let by_key = stage.anonymous.with_token(made.body["key"].as_str().unwrap());
        for caller in [&program, &by_key] {
            caller.get("/catalog/v1/products").await.expect(200);
        }
        let path = format!("{ACCOUNTS}/{}/keys/{}", account.id(), made.id());
        stage.admin.patch(&path, None, &json!({ "scopes": ["adoption:*:read"] })).await.expect(200);
        program.get_until("/catalog/v1/products", |answer| answer.status == 401).await.expect(401);
        // The catalog may have heard of it before the gateway, which asks for a new token then.
        let now = by_key.get_until("/catalog/v1/products", |answer| answer.status == 403).await;
        now.expect_problem(403, "PERMISSION_DENIED");
        by_key.get("/adoption/v1/customers").await.expect(200);
        stage.admin.patch(&path, None, &json!({ "allowedAddresses": ["198.51.100.0/24"] })).await.expect(200);
        by_key.get_until("/adoption/v1/customers", |answer| answer.status == 401).await.expect(401);
    });
}

#[test]
fn programs_do_not_make_programs_and_nobody_makes_one_above_themselves() {
    on_stage(async |stage| {
        let every = account(&stage.admin, "Everything", &["*"]).await;
        let key = key(&stage.admin, &every, json!({})).await;
        let program = program(&stage, &key).await;
        account(&program, "Child", &["catalog:*:read"]).await.expect_problem(403, "PERSON_REQUIRED");
        // Nor a person, who could.
        let bot = crate::company::member("bot", "ADMIN");
        program.post("/identity/v1/members", &bot).await.expect_problem(403, "PERSON_REQUIRED");
        let invitation = json!({ "email": "bot@example.com", "roles": ["ADMIN"] });
        program.post("/identity/v1/invitations", &invitation).await.expect_problem(403, "PERSON_REQUIRED");
        let role = json!({ "name": "KEYS", "permissions": ["identity:service-account:*", "catalog:*:read"] });
        stage.admin.post("/identity/v1/roles", &role).await.expect(201);
        crate::identity::add_member(&stage.admin, "kay", &["KEYS"]).await.expect(201);
        let kay = crate::identity::with_new_password(&stage.anonymous, "kay").await;
        account(&kay, "Mine", &["catalog:*:*"]).await.expect_problem(403, "PERMISSION_DENIED");
        crate::partners::key(&kay, &every, json!({})).await.expect_problem(403, "PERMISSION_DENIED");
        let own = account(&kay, "Mine", &["catalog:*:read"]).await;
        own.expect(201);
        account(&kay, "Mine", &[]).await.expect_problem(409, "SERVICE_ACCOUNT_NAME_TAKEN");
        crate::partners::key(&kay, &own, json!({})).await.expect(201);
    });
}

#[test]
fn a_program_may_not_do_more_than_a_token_can_carry() {
    on_stage(async |stage| {
        let long: Vec<String> = (0..50).map(|n| format!("catalog:{}{n}:read", "x".repeat(40))).collect();
        let long: Vec<&str> = long.iter().map(String::as_str).collect();
        let refused = account(&stage.admin, "Export", &long).await;
        assert_eq!(refused.expect(422).body["errors"][0]["code"], "TOO_LONG");
        let account = account(&stage.admin, "Export", &["catalog:*:*"]).await;
        let refused = key(&stage.admin, &account, json!({ "scopes": long })).await;
        assert_eq!(refused.expect(422).body["errors"][0]["pointer"], "/scopes");
    });
}

#[test]
fn tokens_are_asked_for_as_the_rfc_has_it() {
    on_stage(async |stage| {
        let account = account(&stage.admin, "Export", &["catalog:*:read"]).await;
        let key = key(&stage.admin, &account, json!({})).await;
        let (prefix, secret) = (key.body["prefix"].as_str().unwrap(), key.body["secret"].as_str().unwrap());
        let ask = |form: &[(&str, &str)]| form_of(&stage, form);
        let basic = send(ask(&[("grant_type", "client_credentials")]).basic_auth(prefix, Some(secret))).await;
        assert_eq!(basic.expect(200).body["token_type"], "Bearer");
        let form = [("grant_type", "client_credentials"), ("client_id", prefix), ("client_secret", secret)];
        let twice = send(ask(&form).basic_auth(prefix, Some(secret))).await;
        assert_eq!(twice.expect(400).body["error"], "invalid_request");
        for (form, status, error) in [
            (vec![], 400, "invalid_request"),
            (vec![("grant_type", "password")], 400, "unsupported_grant_type"),
            (vec![("grant_type", "client_credentials")], 401, "invalid_client"),
            (
                vec![("grant_type", "client_credentials"), ("client_id", prefix), ("client_secret", "wrong")],
                401,
                "invalid_client",
            ),
            (
                vec![
                    ("grant_type", "client_credentials"),
                    ("client_id", prefix),
                    ("client_secret", secret),
                    ("scope", "all"),
                ],
                400,
                "invalid_scope",
            ),
        ] {
            assert_eq!(send(ask(&form)).await.expect(status).body["error"], error);
        }
        let metadata = stage.anonymous.get("/identity/v1/.well-known/oauth-authorization-server").await;
        assert!(metadata.expect(200).body["token_endpoint"].as_str().unwrap().ends_with("/identity/v1/oauth/token"));
    });
}
