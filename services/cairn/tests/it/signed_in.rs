//! Where people are signed in, and signing them out.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::Response;

use crate::identity::{add_member, with_new_password};
use crate::support::{PASSWORD, Stage, on_prepared_stage, on_stage};

const OWN: &str = "/identity/v1/me/sessions";

#[test]
fn one_sees_where_one_is_signed_in_and_signs_out_there() {
    on_stage(async |stage| {
        let elsewhere = sign_in_with(&stage, "Lost phone/1.0").await;
        let phone = stage.anonymous.with_token(elsewhere.body["accessToken"].as_str().unwrap());
        let page = stage.admin.get(OWN).await;
        let sessions = page.expect(200).body["items"].as_array().unwrap();
        let newest = &sessions[0];
        assert_eq!((sessions.len(), &newest["id"]), (2, &elsewhere.body["sessionId"]));
        assert_eq!((&newest["userAgent"], &newest["clientAddress"]), (&json!("Lost phone/1.0"), &json!("127.0.0.1")));
        stage.admin.delete(&format!("{OWN}/{}", newest["id"].as_str().unwrap())).await.expect(204);
        phone.get_until("/identity/v1/me", |answer| answer.status == 401).await.expect(401);
        assert_eq!(ids(&stage.admin.get(OWN).await), [sessions[1]["id"].clone()]);
        // Once more is as good, and what is nobody's session is none.
        stage.admin.delete(&format!("{OWN}/{}", newest["id"].as_str().unwrap())).await.expect(204);
        stage.admin.delete(&format!("{OWN}/{}", kernel::SessionId::fresh())).await.expect_problem(404, "NOT_FOUND");
    });
}

#[test]
fn one_signs_out_everywhere_at_once() {
    on_stage(async |stage| {
        add_member(&stage.admin, "kim", &["SME"]).await.expect(201);
        let kim = with_new_password(&stage.anonymous, "kim").await;
        let twin = stage.anonymous.sign_in("kim", "another password, hers").await;
        twin.delete(OWN).await.expect(204);
        for gone in [kim, twin] {
            gone.get_until("/catalog/v1/products", |answer| answer.status == 401).await.expect(401);
        }
        stage.admin.get("/identity/v1/me").await.expect(200);
    });
}

#[test]
fn sessions_page_the_newest_first() {
    on_stage(async |stage| {
        for _ in 0..2 {
            sign_in_with(&stage, "again").await;
        }
        let all = ids(&stage.admin.get(OWN).await);
        let first = stage.admin.get(&format!("{OWN}?limit=2")).await;
        let cursor = first.body["nextCursor"].as_str().unwrap();
        let second = stage.admin.get(&format!("{OWN}?limit=2&cursor={cursor}")).await;
        assert_eq!([ids(&first), ids(&second)].concat(), all);
        assert_eq!(all.len(), 3);
    });
}

#[test]
fn an_administrator_signs_a_member_out_but_nobody_who_stands_above() {
    on_stage(async |stage| {
        let member = add_member(&stage.admin, "kim", &["SME"]).await;
        let path = format!("/identity/v1/members/{}/sessions", member.id());
        let kim = with_new_password(&stage.anonymous, "kim").await;
        let shown = stage.admin.get(&path).await;
        add_member(&stage.admin, "ada", &["ADMIN"]).await.expect(201);
        let ada = with_new_password(&stage.anonymous, "ada").await;
        assert_eq!(ids(&ada.get(&path).await), ids(&shown));
        let [session] = &ids(&shown)[..] else { panic!("{}", shown.text) };
        stage.admin.delete(&format!("{path}/{}", session.as_str().unwrap())).await.expect(204);
        kim.get_until("/catalog/v1/products", |answer| answer.status == 401).await.expect(401);
        let kim = stage.anonymous.sign_in("kim", "another password, hers").await;
        stage.admin.delete(&path).await.expect(204);
        kim.get_until("/catalog/v1/products", |answer| answer.status == 401).await.expect(401);

        // Who may only sign members out cannot do so to the owner, and cannot see what is not in this tenant.
        let role = json!({ "name": "USHER", "permissions": ["identity:session:*", "identity:member:read"] });
        stage.admin.post("/identity/v1/roles", &role).await.expect(201);
        add_member(&stage.admin, "usher", &["USHER"]).await.expect(201);
        let usher = with_new_password(&stage.anonymous, "usher").await;
        let members = usher.get("/identity/v1/members").await;
        let owner = members.body["items"][0]["id"].as_str().unwrap().to_owned();
        let owners = format!("/identity/v1/members/{owner}/sessions");
        usher.get(&owners).await.expect(200);
        usher.delete(&owners).await.expect_problem(403, "PERMISSION_DENIED");
        let session = ids(&stage.admin.get(OWN).await)[0].as_str().unwrap().to_owned();
        usher.delete(&format!("{owners}/{session}")).await.expect_problem(403, "PERMISSION_DENIED");
        stage.admin.delete(&format!("{path}/{session}")).await.expect_problem(404, "NOT_FOUND");
        let stranger = stage.another_tenant().await;
        stranger.get(&path).await.expect_problem(404, "NOT_FOUND");
        stranger.delete(&path).await.expect_problem(404, "NOT_FOUND");
        stage.admin.get("/identity/v1/me").await.expect(200);
    });
}

#[test]
fn who_guesses_passwords_is_stopped_and_the_victim_is_not() {
    on_stage(async |stage| {
        add_member(&stage.admin, "kim", &["SME"]).await.expect(201);
        let guess = async |login: &str| {
            let body = json!({ "login": login, "password": "a wrong password" });
            stage.anonymous.post("/identity/v1/sessions", &body).await
        };
        for login in ["KIM", "nobody"] {
            for _ in 0..5 {
                guess(login).await.expect_problem(401, "SESSION_CREDENTIALS_REFUSED");
            }
            let stopped = guess(login).await;
            stopped.expect_problem(429, "SESSION_TOO_MANY_FAILURES");
            let seconds: u32 = stopped.header("retry-after").parse().unwrap();
            assert!((800..=900).contains(&seconds), "{seconds}");
        }
        // The right password does not count either while it lasts: that would tell a guesser that it is right.
        let right = json!({ "login": "kim", "password": PASSWORD });
        stage.anonymous.post("/identity/v1/sessions", &right).await.expect_problem(429, "SESSION_TOO_MANY_FAILURES");
        // Others are not kept out, and neither is the name when the time is over.
        add_member(&stage.admin, "ann", &["SME"]).await.expect(201);
        with_new_password(&stage.anonymous, "ann").await;
        stage.clock.advance(chrono::Duration::minutes(16));
        stage.anonymous.post("/identity/v1/sessions", &right).await.expect(201);
    });
}

#[test]
fn a_name_that_is_guessed_at_from_everywhere_is_closed_but_where_its_person_was() {
    let believed = |world: &mut testkit::TestWorld| world.set("CAIRN_TRUSTED_PROXIES", "127.0.0.1");
    on_prepared_stage(believed, async |stage, ()| {
        add_member(&stage.admin, "kim", &["SME"]).await.expect(201);
        with_new_password(&stage.anonymous, "kim").await;
        let from = async |login: &str, password: &str, address: &str| {
            let request = stage.anonymous.request(Method::POST, "/identity/v1/sessions");
            let body = json!({ "login": login, "password": password });
            testkit::send(request.header("x-forwarded-for", address).json(&body)).await
        };
        from("kim", "another password, hers", "198.51.100.7").await.expect(201);
        for login in ["kim", "nobody"] {
            for guess in 0..100 {
                let answer = from(login, "a wrong password", &format!("192.0.2.{guess}")).await;
                answer.expect_problem(401, "SESSION_CREDENTIALS_REFUSED");
            }
            let stopped = from(login, "a wrong password", "192.0.2.200").await;
            stopped.expect_problem(429, "SESSION_TOO_MANY_FAILURES");
        }
        let right = "another password, hers";
        from("kim", right, "192.0.2.201").await.expect_problem(429, "SESSION_TOO_MANY_FAILURES");
        from("kim", right, "198.51.100.7").await.expect(201);
        stage.clock.advance(chrono::Duration::minutes(16));
        from("kim", right, "192.0.2.201").await.expect(201);
    });
}

/// The owner signs in again, with a client of this name.
async fn sign_in_with(stage: &Stage, user_agent: &str) -> Response {
    let me = stage.admin.get("/identity/v1/me").await;
    let body = json!({ "login": me.body["username"], "password": PASSWORD });
    let request = stage.anonymous.request(Method::POST, "/identity/v1/sessions").header("user-agent", user_agent);
    let answer = testkit::send(request.json(&body)).await;
    answer.expect(201);
    answer
}

fn ids(page: &Response) -> Vec<Value> {
    let items = page.expect(200).body["items"].as_array().unwrap();
    items.iter().map(|session| session["id"].clone()).collect()
}
