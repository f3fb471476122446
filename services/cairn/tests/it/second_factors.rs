//! Authenticator apps and recovery codes.

use chrono::Duration;
use serde_json::{Value, json};
use testkit::{Client, Response};
use totp_rs::Totp;

use crate::identity::{add_member, with_new_password};
use crate::mailbox::letters;
use crate::support::{Stage, on_stage};

/// What an app shows for an `otpauth://` address now.
fn code(stage: &Stage, begun: &Response) -> String {
    let app = Totp::from_url(begun.body["url"].as_str().unwrap()).unwrap();
    app.generate(u64::try_from(stage.clock.now().timestamp()).unwrap()).to_string()
}

/// Sets up an authenticator app; returns the address it holds and the recovery codes.
pub(crate) async fn enrol(stage: &Stage, person: &Client) -> (Response, Vec<String>) {
    let begun = person.post("/identity/v1/me/authenticator", &json!({})).await;
    begun.expect(201);
    let confirmed = person.post("/identity/v1/me/authenticator/confirm", &json!({ "code": code(stage, &begun) })).await;
    let codes = confirmed.expect(200).body["recoveryCodes"].as_array().unwrap();
    (begun, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

async fn sign_in(stage: &Stage, login: &str, password: &str) -> Response {
    stage.anonymous.post("/identity/v1/sessions", &json!({ "login": login, "password": password })).await
}

async fn second(stage: &Stage, challenge: &Value, code: &str) -> Response {
    let command = json!({ "challenge": challenge, "code": code });
    stage.anonymous.post("/identity/v1/sessions/second-factor", &command).await
}

#[test]
fn with_an_authenticator_a_password_alone_opens_nothing() {
    on_stage(async |stage| {
        add_member(&stage.admin, "kim", &["SME"]).await.expect(201);
        let kim = with_new_password(&stage.anonymous, "kim").await;
        let begun = kim.post("/identity/v1/me/authenticator", &json!({})).await;
        kim.post("/identity/v1/me/authenticator/confirm", &json!({ "code": "000000" }))
            .await
            .expect_problem(422, "CONTENT_INVALID");
        // Until it is confirmed it does not count.
        sign_in(&stage, "kim", "another password, hers").await.expect(201);
        let (begun, codes) = {
            begun.expect(201);
            enrol(&stage, &kim).await
        };
        kim.post("/identity/v1/me/authenticator", &json!({})).await.expect_problem(409, "AUTHENTICATOR_EXISTS");
        assert_eq!(codes.len(), 10);

        let first = sign_in(&stage, "kim", "another password, hers").await;
        assert_eq!(first.expect(200).body["methods"], json!(["TOTP", "RECOVERY_CODE"]));
        assert_eq!(first.body["accessToken"], Value::Null);
        let challenge = &first.body["challenge"];
        // The code that confirmed it is used up.
        second(&stage, challenge, &code(&stage, &begun)).await.expect_problem(401, "SESSION_SECOND_FACTOR_REFUSED");
        stage.clock.advance(Duration::seconds(30));
        let opened = second(&stage, challenge, &code(&stage, &begun)).await;
        let kim = stage.anonymous.with_token(opened.expect(201).body["accessToken"].as_str().unwrap());
        let sessions = kim.get("/identity/v1/me/sessions").await;
        assert_eq!(sessions.body["items"][0]["methods"], json!(["PASSWORD", "TOTP"]));
        second(&stage, challenge, &code(&stage, &begun)).await.expect_problem(401, "SESSION_SECOND_FACTOR_REFUSED");
        // A recovery code counts once, however it is written.
        second(&stage, challenge, &codes[0].to_uppercase().replace('-', " ")).await.expect(201);
        second(&stage, challenge, &codes[0]).await.expect_problem(401, "SESSION_SECOND_FACTOR_REFUSED");
        assert_eq!(kim.get("/identity/v1/me/second-factors").await.body["recoveryCodesLeft"], 9);
        second(&stage, &json!("forged"), &codes[1]).await.expect_problem(401, "SESSION_SECOND_FACTOR_REFUSED");
        stage.clock.advance(Duration::minutes(6));
        second(&stage, challenge, &codes[1]).await.expect_problem(401, "SESSION_SECOND_FACTOR_REFUSED");
    });
}

#[test]
fn a_session_that_has_not_seen_the_second_factor_cannot_take_it_away() {
    on_stage(async |stage| {
        add_member(&stage.admin, "kim", &["SME"]).await.expect(201);
        let kim = with_new_password(&stage.anonymous, "kim").await;
        let thief = stage.anonymous.sign_in("kim", "another password, hers").await;
        enrol(&stage, &kim).await;
        // What was open elsewhere has ended.
        thief.get_until("/identity/v1/me", |answer| answer.status == 401).await.expect(401);
        kim.delete("/identity/v1/me/authenticator").await.expect(204);
    });
}

#[test]
fn who_holds_a_token_does_not_guess_the_password_either() {
    on_stage(async |stage| {
        add_member(&stage.admin, "kim", &["SME"]).await.expect(201);
        let kim = with_new_password(&stage.anonymous, "kim").await;
        let guess = json!({ "currentPassword": "not it, not it", "newPassword": "wrong donkey charger" });
        for _ in 0..5 {
            kim.post("/identity/v1/me/password", &guess).await.expect_problem(422, "PASSWORD_REFUSED");
        }
        kim.post("/identity/v1/me/password", &guess).await.expect_problem(429, "SESSION_TOO_MANY_FAILURES");
        let step_up = json!({ "password": "not it, not it" });
        kim.post("/identity/v1/sessions/current/step-up", &step_up)
            .await
            .expect_problem(429, "SESSION_TOO_MANY_FAILURES");
    });
}

#[test]
fn who_guesses_codes_is_stopped() {
    on_stage(async |stage| {
        add_member(&stage.admin, "kim", &["SME"]).await.expect(201);
        let kim = with_new_password(&stage.anonymous, "kim").await;
        let (_, codes) = enrol(&stage, &kim).await;
        let challenge = sign_in(&stage, "kim", "another password, hers").await.body["challenge"].clone();
        for _ in 0..5 {
            second(&stage, &challenge, "123456").await.expect(401);
        }
        second(&stage, &challenge, &codes[0]).await.expect_problem(429, "SESSION_TOO_MANY_FAILURES");
        stage.clock.advance(Duration::minutes(16));
        let challenge = sign_in(&stage, "kim", "another password, hers").await.body["challenge"].clone();
        second(&stage, &challenge, &codes[0]).await.expect(201);
    });
}

#[test]
fn a_tenant_may_ask_for_a_second_factor() {
    on_stage(async |stage| {
        add_member(&stage.admin, "kim", &["SME"]).await.expect(201);
        let before = with_new_password(&stage.anonymous, "kim").await;
        stage.admin.patch("/identity/v1/settings", None, &json!({ "requireTwoFactor": true })).await.expect(200);
        before.get("/catalog/v1/products").await.expect(200);
        let session = sign_in(&stage, "kim", "another password, hers").await;
        assert_eq!(session.expect(201).body["mustSetUpSecondFactor"], true);
        let kim = stage.anonymous.with_token(session.body["accessToken"].as_str().unwrap());
        kim.get("/catalog/v1/products").await.expect_problem(403, "SECOND_FACTOR_REQUIRED");
        enrol(&stage, &kim).await;
        let refreshed = json!({ "refreshToken": session.body["refreshToken"] });
        let refreshed = stage.anonymous.post("/identity/v1/sessions/refresh", &refreshed).await;
        let kim = stage.anonymous.with_token(refreshed.expect(200).body["accessToken"].as_str().unwrap());
        kim.get("/catalog/v1/products").await.expect(200);
        kim.delete("/identity/v1/me/authenticator").await.expect_problem(409, "SECOND_FACTOR_LAST");
        kim.get("/identity/v1/me/second-factors").await.expect(200);
    });
}

#[test]
fn second_factors_are_renewed_and_removed_by_who_has_just_proved_to_be_it() {
    on_stage(async |stage| {
        add_member(&stage.admin, "kim", &["SME"]).await.expect(201);
        let kim = with_new_password(&stage.anonymous, "kim").await;
        kim.post("/identity/v1/me/recovery-codes", &json!({})).await.expect_problem(409, "AUTHENTICATOR_NOT_BEGUN");
        let (begun, old) = enrol(&stage, &kim).await;
        let new = kim.post("/identity/v1/me/recovery-codes", &json!({})).await;
        let new = new.expect(200).body["recoveryCodes"][0].as_str().unwrap().to_owned();
        let challenge = sign_in(&stage, "kim", "another password, hers").await.body["challenge"].clone();
        second(&stage, &challenge, &old[0]).await.expect(401);
        let opened = second(&stage, &challenge, &new).await;
        stage.clock.advance(Duration::minutes(16));
        let refreshed = json!({ "refreshToken": opened.expect(201).body["refreshToken"] });
        let refreshed = stage.anonymous.post("/identity/v1/sessions/refresh", &refreshed).await;
        let kim = stage.anonymous.with_token(refreshed.expect(200).body["accessToken"].as_str().unwrap());
        kim.delete("/identity/v1/me/authenticator").await.expect_problem(403, "STEP_UP_REQUIRED");
        let step_up = "/identity/v1/sessions/current/step-up";
        let password = "another password, hers";
        kim.post(step_up, &json!({ "password": password })).await.expect_problem(401, "SESSION_SECOND_FACTOR_REFUSED");
        let fresh = kim.post(step_up, &json!({ "password": password, "code": code(&stage, &begun) })).await;
        let kim = stage.anonymous.with_token(fresh.expect(200).body["accessToken"].as_str().unwrap());
        kim.delete("/identity/v1/me/authenticator").await.expect(204);
        sign_in(&stage, "kim", password).await.expect(201);
        let left = kim.get("/identity/v1/me/second-factors").await;
        assert_eq!((&left.body["authenticator"], &left.body["recoveryCodesLeft"]), (&json!(false), &json!(0)));
    });
}

#[test]
fn secrets_are_shown_once_and_never_kept() {
    on_stage(async |stage| {
        let key = kernel::EventId::fresh().to_string();
        let ask = || {
            stage.admin.request(reqwest::Method::POST, "/identity/v1/me/authenticator").header("idempotency-key", &key)
        };
        let first = testkit::send(ask()).await;
        let second = testkit::send(ask()).await;
        assert!(first.expect(201).body["secret"].is_string());
        assert_eq!((second.expect(201).header("idempotent-replayed"), &second.body["secret"]), ("true", &Value::Null));
        assert_eq!(first.header("cache-control"), "no-store");
        let secret = first.body["secret"].as_str().unwrap();
        let mut behind = stage.world.administrator().await;
        let tenant = stage.admin.get("/identity/v1/tenant").await.id();
        let rows = crate::database::rows_of(&mut behind, &tenant).await;
        assert!(rows.values().all(|rows| !rows.contains(secret)));
    });
}

#[test]
fn the_last_second_factor_stays_while_any_tenant_of_the_person_asks_for_one() {
    on_stage(async |stage| {
        let strict = stage.another_tenant().await;
        strict.patch("/identity/v1/settings", None, &json!({ "requireTwoFactor": true })).await.expect(200);
        let invite = async |admin: &Client, letters_so_far: usize| {
            let invitation = json!({ "email": "kim@example.com", "roles": ["VIEWER"] });
            admin.post("/identity/v1/invitations", &invitation).await.expect(201);
            letters(&stage, "kim@example.com", "Join", letters_so_far + 1).await.pop().unwrap().token()
        };
        let password = "wrong donkey charger clip";
        let here =
            json!({ "token": invite(&stage.admin, 0).await, "username": "kim", "name": "Kim", "password": password });
        stage.anonymous.post("/identity/v1/invitations/accept", &here).await.expect(201);
        let kim = stage.anonymous.sign_in("kim", password).await;
        enrol(&stage, &kim).await;
        let there = json!({ "token": invite(&strict, 1).await });
        stage.anonymous.post("/identity/v1/invitations/accept", &there).await.expect(201);
        // She is signed in where nobody asks for one.
        kim.delete("/identity/v1/me/authenticator").await.expect_problem(409, "SECOND_FACTOR_LAST");
    });
}
