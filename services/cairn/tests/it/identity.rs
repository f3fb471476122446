//! Signing in, staying in, getting out; members and roles.

use std::time::{Duration, Instant};

use cairn::Platform;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, Response};

use crate::support::{PASSWORD, Stage, on_stage};

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
fn a_name_signs_in_in_any_script() {
    on_stage(async |stage| {
        add_member(&stage.admin, "Émile", &["SME"]).await.expect(201);
        sign_in(&stage.anonymous, "éMILE", PASSWORD).await.expect(201);
        add_member(&stage.admin, "ÉMILE", &["SME"]).await.expect_problem(409, "USER_EMAIL_TAKEN");
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
        let thief = refresh_with(&stage.anonymous, &first.body["refreshToken"], "Thief/1").await;
        thief.expect_problem(401, "SESSION_REFRESH_REFUSED");
        refresh(&stage.anonymous, &second.body["refreshToken"]).await.expect_problem(401, "SESSION_REFRESH_REFUSED");
        let holder = stage.anonymous.with_token(second.body["accessToken"].as_str().unwrap());
        holder.get_until("/identity/v1/me", |answer| answer.status == 401).await.expect_problem(401, "TOKEN_INVALID");
        stage.admin.get("/identity/v1/me").await.expect(200);
    });
}

#[test]
fn two_clients_refreshing_at_once_cannot_both_win() {
    on_stage(async |stage| {
        let me = stage.admin.get("/identity/v1/me").await;
        let session = sign_in(&stage.anonymous, me.body["username"].as_str().unwrap(), PASSWORD).await;
        let token = &session.body["refreshToken"];
        let (a, b) = tokio::join!(refresh(&stage.anonymous, token), refresh_with(&stage.anonymous, token, "Thief/1"));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
    });
}

#[test]
fn a_client_that_lost_the_answer_asks_again_and_not_for_long() {
    on_stage(async |stage| {
        let me = stage.admin.get("/identity/v1/me").await;
        let session = sign_in(&stage.anonymous, me.body["username"].as_str().unwrap(), PASSWORD).await;
        // Two windows at once, or a lost answer: both get tokens that count, of the same generation.
        let token = &session.body["refreshToken"];
        let (a, b) = tokio::join!(refresh(&stage.anonymous, token), refresh(&stage.anonymous, token));
        for answer in [&a, &b] {
            let person = stage.anonymous.with_token(answer.expect(200).body["accessToken"].as_str().unwrap());
            person.get("/identity/v1/me").await.expect(200);
        }
        let next = refresh(&stage.anonymous, &a.body["refreshToken"]).await;
        next.expect(200);
        // Two generations back is a copy, whoever sends it.
        refresh(&stage.anonymous, token).await.expect_problem(401, "SESSION_REFRESH_REFUSED");
        refresh(&stage.anonymous, &next.body["refreshToken"]).await.expect_problem(401, "SESSION_REFRESH_REFUSED");

        let late = sign_in(&stage.anonymous, me.body["username"].as_str().unwrap(), PASSWORD).await;
        let last = refresh(&stage.anonymous, &late.body["refreshToken"]).await;
        stage.clock.advance(chrono::Duration::seconds(11));
        refresh(&stage.anonymous, &late.body["refreshToken"]).await.expect_problem(401, "SESSION_REFRESH_REFUSED");
        refresh(&stage.anonymous, &last.expect(200).body["refreshToken"]).await.expect(401);
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
fn whoever_starts_later_knows_what_was_revoked_before() {
    on_stage(async |stage| {
        let member = add_member(&stage.admin, "sue", &["SME"]).await;
        let sue = with_new_password(&stage.anonymous, "sue").await;
        let ada = {
            add_member(&stage.admin, "ada", &["SME"]).await.expect(201);
            with_new_password(&stage.anonymous, "ada").await
        };
        ada.delete("/identity/v1/sessions/current").await.expect(204);
        let path = format!("/identity/v1/members/{}", member.id());
        stage.admin.patch(&path, None, &json!({ "roles": ["VIEWER"] })).await.expect(200);
        let (later, door) = beside(&stage).await;
        for gone in [&ada, &sue] {
            let gone = door.with_token(gone.token.as_deref().unwrap());
            gone.get("/catalog/v1/products").await.expect_problem(401, "TOKEN_INVALID");
        }
        door.with_token(stage.admin.token.as_deref().unwrap()).get("/catalog/v1/products").await.expect(200);
        later.stop().await;
    });
}

#[test]
fn a_new_password_ends_every_session() {
    on_stage(async |stage| {
        add_member(&stage.admin, "kim", &["SME"]).await.expect(201);
        let kim = with_new_password(&stage.anonymous, "kim").await;
        let elsewhere = sign_in(&stage.anonymous, "kim", "another password, hers").await;
        let change = json!({ "currentPassword": "another password, hers", "newPassword": "a third password now" });
        kim.post("/identity/v1/me/password", &change).await.expect(204);
        let other = stage.anonymous.with_token(elsewhere.body["accessToken"].as_str().unwrap());
        other.get_until("/identity/v1/me", |answer| answer.status == 401).await.expect(401);
        refresh(&stage.anonymous, &elsewhere.body["refreshToken"]).await.expect_problem(401, "SESSION_REFRESH_REFUSED");
    });
}

#[test]
fn a_rotated_key_takes_over_and_the_one_before_fades() {
    on_stage(async |stage| {
        let context = web::Context::new("identity", std::sync::Arc::clone(&stage.platform.config), stage.clock.clone());
        let context = context.unwrap();
        let now = stage.clock.now();
        let new = identity::rotate_signing_key(&context.pool(), &context.config.keys, now).await.unwrap();
        let me = stage.admin.get("/identity/v1/me").await;
        let login = me.body["username"].as_str().unwrap();

        // At once: published, so that verifiers learn it, but not used yet.
        let (platform, door) = beside(&stage).await;
        let published = key_ids(&door).await;
        assert!(published.len() == 2 && published.contains(&new));
        assert_ne!(key_of(door.sign_in(login, PASSWORD).await.token.as_deref().unwrap()), new);
        platform.stop().await;

        // Minutes later it signs; what the old one signed still counts.
        stage.clock.advance(chrono::Duration::minutes(3));
        let (platform, door) = beside(&stage).await;
        let signed_in = door.sign_in(login, PASSWORD).await;
        assert_eq!(key_of(signed_in.token.as_deref().unwrap()), new);
        signed_in.get("/catalog/v1/products").await.expect(200);
        door.with_token(stage.admin.token.as_deref().unwrap()).get("/catalog/v1/products").await.expect(200);
        platform.stop().await;

        // When nothing that the old one signed can be alive, it is gone.
        stage.clock.advance(chrono::Duration::minutes(20));
        let (platform, door) = beside(&stage).await;
        assert_eq!(key_ids(&door).await, [new]);
        platform.stop().await;
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
        // What the role allows is taken away at once, and nothing else.
        stage.admin.patch(&path, None, &json!({ "permissions": ["adoption:*:read"] })).await.expect(200);
        reader.get_until("/catalog/v1/products", |answer| answer.status == 401).await.expect(401);
        let reader = stage.anonymous.sign_in("rea", "another password, hers").await;
        reader.get("/catalog/v1/products").await.expect_problem(403, "PERMISSION_DENIED");
        reader.get("/adoption/v1/customers").await.expect(200);
        stage.admin.get("/catalog/v1/products").await.expect(200);
    });
}

#[test]
fn roles_are_bounded_and_their_keepers_too() {
    on_stage(async |stage| {
        let made = async |name: &str, permissions: &[String]| {
            stage.admin.post("/identity/v1/roles", &json!({ "name": name, "permissions": permissions })).await
        };
        let many = |count: usize, word: char| -> Vec<String> {
            (0..count).map(|n| format!("catalog:{}-{n}:read", word.to_string().repeat(20))).collect()
        };
        made("BAD", &["catalog:product".to_owned()]).await.expect_problem(422, "CONTENT_INVALID");
        let long = format!("catalog:{}:read", "x".repeat(2_000));
        made("LONG", &[long]).await.expect_problem(422, "CONTENT_INVALID");
        made("ONE", &many(40, 'a')).await.expect(201);
        made("TWO", &many(40, 'b')).await.expect(201);
        // Each fits a token, both do not.
        add_member(&stage.admin, "max", &["ONE", "TWO"]).await.expect_problem(422, "CONTENT_INVALID");
        add_member(&stage.admin, "max", &["ONE"]).await.expect(201);
        // Who may write roles cannot remove one that stands above them.
        made("KEEPER", &["identity:role:*".to_owned()]).await.expect(201);
        let above = made("ABOVE", &["*".to_owned()]).await;
        add_member(&stage.admin, "kay", &["KEEPER"]).await.expect(201);
        let keeper = with_new_password(&stage.anonymous, "kay").await;
        let path = format!("/identity/v1/roles/{}", above.id());
        keeper.delete(&path).await.expect_problem(403, "PERMISSION_DENIED");
        keeper
            .patch(&path, None, &json!({ "permissions": ["identity:role:read"] }))
            .await
            .expect_problem(403, "PERMISSION_DENIED");
        let built_in = keeper.get("/identity/v1/roles").await;
        let viewer = built_in.body["items"].as_array().unwrap().iter().find(|role| role["name"] == "VIEWER").unwrap();
        let path = format!("/identity/v1/roles/{}", viewer["id"].as_str().unwrap());
        stage.admin.delete(&path).await.expect_problem(409, "ROLE_BUILT_IN");
    });
}

#[test]
fn members_page_and_belong_to_one_tenant() {
    on_stage(async |stage| {
        for name in ["ann", "bob", "cid"] {
            add_member(&stage.admin, name, &["VIEWER"]).await.expect(201);
        }
        let mut names = Vec::new();
        let mut path = "/identity/v1/members?limit=2".to_owned();
        loop {
            let page = stage.admin.get(&path).await;
            let items = page.expect(200).body["items"].as_array().unwrap();
            names.extend(items.iter().map(|row| row["username"].as_str().unwrap().to_owned()));
            let Some(cursor) = page.body["nextCursor"].as_str() else { break };
            path = format!("/identity/v1/members?limit=2&cursor={cursor}");
        }
        assert_eq!((names.len(), &names[1..]), (4, &["ann", "bob", "cid"].map(str::to_owned)[..]));
        let page = stage.admin.get("/identity/v1/members").await;
        let foreign = format!("/identity/v1/members/{}", page.body["items"][1]["id"].as_str().unwrap());
        let stranger = stage.another_tenant().await;
        stranger.get(&foreign).await.expect_problem(404, "NOT_FOUND");
        stranger.patch(&foreign, None, &json!({ "roles": [] })).await.expect_problem(404, "NOT_FOUND");
        assert_eq!(stranger.get("/identity/v1/members").await.body["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_suspended_member_loses_access_within_a_second() {
    on_stage(async |stage| {
        let member = add_member(&stage.admin, "sue", &["SME"]).await;
        let sue = with_new_password(&stage.anonymous, "sue").await;
        sue.get("/catalog/v1/products").await.expect(200);
        let path = format!("/identity/v1/members/{}", member.id());
        let session = sign_in(&stage.anonymous, "sue", "another password, hers").await;
        stage.admin.patch(&path, None, &json!({ "status": "SUSPENDED" })).await.expect(200);
        sue.get_until("/catalog/v1/products", |answer| answer.status == 401).await.expect(401);
        sign_in(&stage.anonymous, "sue", "another password, hers")
            .await
            .expect_problem(401, "SESSION_CREDENTIALS_REFUSED");
        // Back in, she begins anew: what she had open has ended.
        stage.admin.patch(&path, None, &json!({ "status": "ACTIVE" })).await.expect(200);
        refresh(&stage.anonymous, &session.body["refreshToken"]).await.expect_problem(401, "SESSION_REFRESH_REFUSED");
        let sue = stage.anonymous.sign_in("sue", "another password, hers").await;
        sue.get_until("/catalog/v1/products", |answer| answer.status == 200).await.expect(200);
    });
}

/// Waits until a token is refused by the gateway and by every service itself.
async fn refused_everywhere(stage: &Stage, token: &str) {
    let services = ["catalog", "adoption", "telemetry", "identity"];
    let doors = services.map(|service| Client::anonymous(&stage.platform.config.upstreams(service)[0]));
    let paths = ["/identity/v1/me", "/catalog/v1/products", "/adoption/v1/customers", "/telemetry/v1/refusals"];
    for door in doors.iter().chain([&stage.anonymous]) {
        for path in paths {
            let answer = door.with_token(token).get_until(path, |answer| [401, 404].contains(&answer.status)).await;
            assert!([401, 404].contains(&answer.status), "{path}: {}", answer.text);
        }
    }
}

#[test]
fn what_ends_a_token_is_known_everywhere_within_a_second() {
    on_stage(async |stage| {
        let member = add_member(&stage.admin, "sue", &["SME"]).await;
        let mut sue = with_new_password(&stage.anonymous, "sue").await;
        let path = format!("/identity/v1/members/{}", member.id());
        // The best of three: what is promised is the platform's delay, not that of a machine with other things to do.
        let (mut by_role, mut by_session) = (Duration::MAX, Duration::MAX);
        for role in ["VIEWER", "SME", "VIEWER"] {
            stage.admin.patch(&path, None, &json!({ "roles": [role] })).await.expect(200);
            let began = Instant::now();
            refused_everywhere(&stage, sue.token.as_deref().unwrap()).await;
            by_role = by_role.min(began.elapsed());
            sue = stage.anonymous.sign_in("sue", "another password, hers").await;
            sue.delete("/identity/v1/sessions/current").await.expect(204);
            let began = Instant::now();
            refused_everywhere(&stage, sue.token.as_deref().unwrap()).await;
            by_session = by_session.min(began.elapsed());
            sue = stage.anonymous.sign_in("sue", "another password, hers").await;
        }
        let second = Duration::from_secs(1);
        assert!(by_role < second && by_session < second, "{by_role:?}, {by_session:?}");
    });
}

#[test]
fn a_stopped_tenant_is_known_everywhere() {
    on_stage(async |stage| {
        let tenant = stage.admin.get("/identity/v1/tenant").await.id().parse().unwrap();
        cairn::operator::set_suspended(&stage.platform.config, tenant, true).await.unwrap();
        refused_everywhere(&stage, stage.admin.token.as_deref().unwrap()).await;
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
        let rows = stage.admin.get(&format!("{all}0")).await.body["items"].clone();
        let (newest, oldest) = (&rows[0], &rows[2]);
        assert_eq!(
            (&newest["changes"]["name"]["after"], &oldest["changes"]["name"]["after"]),
            (&json!("C"), &json!("A"))
        );
        let found = async |filter: String| {
            let answer = stage.admin.get(&format!("/identity/v1/audit-events?entity=product&{filter}")).await;
            answer.expect(200).body["items"].as_array().unwrap().len()
        };
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        assert_eq!(found(format!("entityId={}", text(&oldest["entityId"]))).await, 1);
        assert_eq!(found(format!("actor={}", text(&oldest["actor"]))).await, 3);
        assert_eq!(found("actor=service:catalog".to_owned()).await, 0);
        assert_eq!(found("action=deleted".to_owned()).await, 0);
        assert_eq!(found("action=deleted&action=created".to_owned()).await, 3, "a filter is repeated for OR");
        assert_eq!(found(format!("from={}", text(&newest["occurredAt"]))).await, 1, "from is included");
        assert_eq!(found(format!("to={}", text(&newest["occurredAt"]))).await, 2, "to is not");
        let stranger = stage.another_tenant().await.get("/identity/v1/audit-events?entity=product").await;
        assert_eq!(stranger.expect(200).body["items"], json!([]));
        stage.admin.get(&format!("{all}&cursor=forged")).await.expect_problem(400, "REQUEST_MALFORMED");
        stage.admin.get("/identity/v1/audit-events?nonsense=1").await.expect_problem(400, "REQUEST_MALFORMED");
    });
}

#[test]
fn what_the_audit_trail_holds_the_service_itself_cannot_alter() {
    on_stage(async |stage| {
        let trail = "/identity/v1/audit-events?entity=member&action=added";
        let heard = stage.admin.get_until(trail, |answer| answer.body["items"][0].is_object()).await;
        let me = stage.admin.get("/identity/v1/me").await;
        let url = stage.world.config.role_url("identity_app").unwrap();
        let mut service = AsyncPgConnection::establish(url.reveal()).await.unwrap();
        let tenant = me.body["tenantId"].as_str().unwrap();
        service.batch_execute(&format!("set app.tenant = '{tenant}'")).await.unwrap();
        for statement in [
            "update audit_events set action = 'nothing'",
            "delete from audit_events",
            "truncate audit_events",
            "drop table audit_events",
            "alter table audit_events disable row level security",
            "grant delete on audit_events to identity_app",
        ] {
            let error = service.batch_execute(statement).await.map_err(|error| error.to_string());
            let refused =
                error.as_ref().is_err_and(|text| text.contains("permission denied") || text.contains("must be owner"));
            // Granting without the right to grant does nothing, with a warning.
            assert!(refused || (statement.starts_with("grant") && error.is_ok()), "{statement}: {error:?}");
        }
        service.batch_execute("delete from audit_events").await.unwrap_err();
        assert_eq!(stage.admin.get(trail).await.body, heard.body);
    });
}

/// Another platform on the same database, as a replica that starts now; with somebody who is not signed in at its door.
pub(crate) async fn beside(stage: &Stage) -> (Platform, Client) {
    let platform = Platform::start(stage.world.config.clone(), &stage.clock).expect("a platform");
    let door = Client::anonymous(&platform.gateway);
    door.get_until("/readyz", |answer| answer.status == 200).await.expect(200);
    (platform, door)
}

async fn key_ids(client: &Client) -> Vec<String> {
    let jwks = client.get("/identity/v1/jwks").await;
    jwks.body["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// The id of the key that signed a token.
fn key_of(token: &str) -> String {
    use base64::Engine as _;
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

async fn sign_in(client: &Client, login: &str, password: &str) -> Response {
    client.post("/identity/v1/sessions", &json!({ "login": login, "password": password })).await
}

async fn refresh(client: &Client, token: &Value) -> Response {
    client.post("/identity/v1/sessions/refresh", &json!({ "refreshToken": token })).await
}

/// A refresh by a client of this name.
async fn refresh_with(client: &Client, token: &Value, user_agent: &str) -> Response {
    let request = client.request(Method::POST, "/identity/v1/sessions/refresh").header("user-agent", user_agent);
    testkit::send(request.json(&json!({ "refreshToken": token }))).await
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
