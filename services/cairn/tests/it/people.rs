//! How people come in, what they are called, and how they get back in.

use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, Response, send};

use crate::identity::{add_member, with_new_password};
use crate::mailbox::{confirm, letter, letters};
use crate::second_factors::enrol;
use crate::support::{PASSWORD, Stage, on_stage};

const INVITATIONS: &str = "/identity/v1/invitations";
const ACCEPT: &str = "/identity/v1/invitations/accept";
const CHOSEN: &str = "wrong donkey charger clip";

async fn invite(admin: &Client, email: &str, roles: &[&str]) -> Response {
    admin
        .post(INVITATIONS, &json!({ "email": email, "name": "Lee Chan", "jobTitle": "Engineer", "roles": roles }))
        .await
}

async fn accept(stage: &Stage, token: &str, username: &str) -> Response {
    let command = json!({ "token": token, "username": username, "name": "Lee Chan", "password": CHOSEN });
    stage.anonymous.post(ACCEPT, &command).await
}

#[test]
fn a_link_is_in_one_piece_whatever_the_tenant_is_called() {
    on_stage(async |stage| {
        stage.admin.patch("/identity/v1/tenant", None, &json!({ "name": "Hafen Gröde" })).await.expect(200);
        invite(&stage.admin, "lee@example.com", &["SME"]).await.expect(201);
        let sent = letter(&stage, "lee@example.com", "").await;
        assert!(sent.text.contains("Hafen Gröde"), "{}", sent.text);
        let seen = stage.anonymous.post("/identity/v1/invitations/look", &json!({ "token": sent.token() })).await;
        assert_eq!(seen.expect(200).body["tenantName"], "Hafen Gröde");
    });
}

#[test]
fn an_invited_person_follows_the_link_once() {
    on_stage(async |stage| {
        let invited = invite(&stage.admin, "lee@example.com", &["SME"]).await;
        invited.expect(201);
        invite(&stage.admin, "LEE@example.com", &["SME"]).await.expect_problem(409, "INVITATION_EXISTS");
        let sent = letter(&stage, "lee@example.com", "").await;
        assert_eq!(sent.subject, "Join Northwind");
        let seen = stage.anonymous.post("/identity/v1/invitations/look", &json!({ "token": sent.token() })).await;
        assert_eq!(
            (&seen.expect(200).body["tenantName"], &seen.body["hasAccount"]),
            (&json!("Northwind"), &json!(false))
        );
        let lazy = stage.anonymous.post(ACCEPT, &json!({ "token": sent.token() })).await;
        lazy.expect_problem(422, "CONTENT_INVALID");
        accept(&stage, &sent.token(), "lee").await.expect(201);
        accept(&stage, &sent.token(), "lee2").await.expect_problem(422, "LINK_REFUSED");
        let lee = stage.anonymous.sign_in("lee", CHOSEN).await;
        let me = lee.get("/identity/v1/me").await;
        assert_eq!((&me.body["roles"], &me.body["jobTitle"]), (&json!(["SME"]), &json!("Engineer")));
        assert!(me.body["emailVerifiedAt"].is_string());
        let shown = stage.admin.get(&format!("{INVITATIONS}/{}", invited.id())).await;
        assert_eq!(shown.body["status"], "ACCEPTED");
        assert!(!shown.text.contains(&sent.token()));
        invite(&stage.admin, "lee@example.com", &["SME"]).await.expect_problem(409, "INVITATION_OF_MEMBER");
    });
}

#[test]
fn links_end_when_they_are_withdrawn_replaced_or_old() {
    on_stage(async |stage| {
        let withdrawn = invite(&stage.admin, "a@example.com", &["SME"]).await;
        let sent = letter(&stage, "a@example.com", "").await;
        stage.admin.delete(&format!("{INVITATIONS}/{}", withdrawn.id())).await.expect(204);
        accept(&stage, &sent.token(), "aa").await.expect_problem(422, "LINK_REFUSED");
        let path = format!("{INVITATIONS}/{}", withdrawn.id());
        stage.admin.delete(&path).await.expect_problem(409, "INVITATION_NOT_PENDING");

        let again = invite(&stage.admin, "b@example.com", &["SME"]).await;
        letters(&stage, "b@example.com", "", 1).await;
        stage.admin.post(&format!("{INVITATIONS}/{}/resend", again.id()), &json!({})).await.expect(200);
        let letters = letters(&stage, "b@example.com", "", 2).await;
        accept(&stage, &letters[0].token(), "bb").await.expect_problem(422, "LINK_REFUSED");
        accept(&stage, &letters[1].token(), "bb").await.expect(201);

        invite(&stage.admin, "c@example.com", &["SME"]).await.expect(201);
        let sent = letter(&stage, "c@example.com", "").await;
        stage.clock.advance(Duration::days(8));
        accept(&stage, &sent.token(), "cc").await.expect_problem(422, "LINK_REFUSED");
        let admin = stage.another_session().await;
        let list = admin.get(&format!("{INVITATIONS}?status=PENDING")).await;
        assert_eq!(list.expect(200).body["items"][0]["status"], "EXPIRED");
    });
}

#[test]
fn nobody_invites_above_themselves() {
    on_stage(async |stage| {
        add_member(&stage.admin, "ada", &["ADMIN"]).await.expect(201);
        let ada = with_new_password(&stage.anonymous, "ada").await;
        invite(&ada, "x@example.com", &["OWNER"]).await.expect_problem(403, "PERMISSION_DENIED");
        invite(&ada, "x@example.com", &["NOBODY"]).await.expect_problem(422, "CONTENT_INVALID");
        invite(&ada, "no address", &["SME"]).await.expect_problem(422, "CONTENT_INVALID");
        invite(&ada, "x@example.com", &["SME"]).await.expect(201);
    });
}

#[test]
fn one_person_belongs_to_two_tenants_and_goes_from_one_to_the_other() {
    on_stage(async |stage| {
        invite(&stage.admin, "lee@example.com", &["SME"]).await.expect(201);
        accept(&stage, &letter(&stage, "lee@example.com", "").await.token(), "lee").await.expect(201);
        let other = stage.another_tenant().await;
        // The other tenant learns nothing of the account; the person keeps the password.
        invite(&other, "lee@example.com", &["VIEWER"]).await.expect(201);
        let sent = letters(&stage, "lee@example.com", "Join", 2).await.pop().unwrap();
        let joined = stage.anonymous.post(ACCEPT, &json!({ "token": sent.token() })).await;
        joined.expect(201);
        let lee = stage.anonymous.sign_in("lee", CHOSEN).await;
        let tenants = lee.get("/identity/v1/me/tenants").await;
        let items = tenants.expect(200).body["items"].as_array().unwrap();
        assert_eq!((items.len(), &items[0]["current"], &items[1]["current"]), (2, &json!(true), &json!(false)));
        let switch = async |client: &Client, tenant: &Value| {
            client.post("/identity/v1/sessions/switch", &json!({ "tenantId": tenant })).await
        };
        let ends = lee.get("/identity/v1/me/sessions").await.body["items"][0]["endsAt"].clone();
        stage.clock.advance(Duration::seconds(30));
        // Of two at once one goes on; neither lives longer than before.
        let (one, two) = tokio::join!(switch(&lee, &joined.body["tenantId"]), switch(&lee, &joined.body["tenantId"]));
        let (there, other_try) = if one.status == 201 { (one, two) } else { (two, one) };
        assert!([401, 403].contains(&other_try.status), "{}", other_try.text);
        let there = stage.anonymous.with_token(there.expect(201).body["accessToken"].as_str().unwrap());
        assert_eq!(there.get("/identity/v1/me").await.body["roles"], json!(["VIEWER"]));
        let sessions = there.get("/identity/v1/me/sessions").await;
        assert_eq!(
            (sessions.body["items"].as_array().unwrap().len(), &sessions.body["items"][0]["endsAt"]),
            (1, &ends)
        );
        there.post("/catalog/v1/products", &json!({ "name": "No" })).await.expect_problem(403, "PERMISSION_DENIED");
        lee.get_until("/identity/v1/me", |answer| answer.status == 401).await.expect(401);
        let strangers = stage.another_tenant().await.get("/identity/v1/tenant").await;
        switch(&there, &strangers.body["id"]).await.expect_problem(403, "PERMISSION_DENIED");
        // Suspended there, they go on here.
        let members = other.get("/identity/v1/members").await;
        let member =
            members.body["items"].as_array().unwrap().iter().find(|row| row["username"] == "lee").unwrap().clone();
        let path = format!("/identity/v1/members/{}", member["id"].as_str().unwrap());
        other.patch(&path, None, &json!({ "status": "SUSPENDED" })).await.expect(200);
        there.get_until("/identity/v1/me", |answer| answer.status == 401).await.expect(401);
        stage.anonymous.sign_in("lee", CHOSEN).await.get("/catalog/v1/products").await.expect(200);
    });
}

#[test]
fn what_people_are_called_is_one_line() {
    on_stage(async |stage| {
        let breaks = ["Two\nLines", "Two\rLines", "Two\tTabs", "Two\u{2028}Lines"];
        let unseen = ["\u{200b}", "Gina \u{202e}gnp.exe"];
        let names =
            breaks.map(|name| (name, "LINE_BREAK")).into_iter().chain(unseen.map(|name| (name, "UNSEEN_CHARACTER")));
        for (name, code) in names {
            let command = json!({ "email": "lee@example.com", "name": name, "roles": ["SME"] });
            let refused = stage.admin.post(INVITATIONS, &command).await;
            assert_eq!(refused.expect(422).body["errors"][0]["code"], code, "{name:?}");
        }
        let me = json!({ "name": "Gi\nna" });
        stage.admin.patch("/identity/v1/me", None, &me).await.expect_problem(422, "CONTENT_INVALID");
    });
}

#[test]
fn a_table_is_told_of_by_the_lines_that_an_editor_shows() {
    on_stage(async |stage| {
        let faults = async |table: &'static str| {
            let request = stage.admin.request(Method::POST, &format!("{INVITATIONS}/import?dryRun=true"));
            let answer = send(request.header("content-type", "text/csv").body(table)).await;
            let errors = answer.expect(422).body["errors"].as_array().unwrap().clone();
            errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            faults("email,roles\n\n\na@example.com,SME\nb@example.com,SME;SME\n\nbad,SME\n").await,
            ["/5/roles", "/7/email"]
        );
        assert_eq!(faults("email,name\na@example.com,\"Two\nLines\"\nbad,B\n").await, ["/2/name", "/4/email"]);
        assert_eq!(faults("Email,roles\na@example.com,SME\n").await, ["/1", "/1"]);
        assert_eq!(faults("email;roles\na@example.com;SME\n").await, ["/1", "/1"]);
    });
}

#[test]
fn an_invitation_that_nobody_followed_gives_way_to_another() {
    on_stage(async |stage| {
        let old = invite(&stage.admin, "lee@example.com", &["SME"]).await;
        stage.clock.advance(Duration::days(8));
        let admin = stage.another_session().await;
        let table = || {
            let request = admin.request(Method::POST, "/identity/v1/invitations/import?dryRun=true");
            request.header("content-type", "text/csv").body("email,roles\nlee@example.com,SME\n")
        };
        assert_eq!(send(table()).await.expect(200).body["rows"][0]["action"], "INVITE");
        let new = invite(&admin, "lee@example.com", &["CSS"]).await;
        new.expect(201);
        assert_eq!(send(table()).await.expect(200).body["rows"][0]["action"], "SKIP");
        let old = admin.get(&format!("{INVITATIONS}/{}", old.id())).await;
        assert_eq!(old.expect(200).body["status"], "WITHDRAWN");
    });
}

#[test]
fn an_account_that_was_never_verified_belongs_to_whoever_reads_its_letters() {
    on_stage(async |stage| {
        // Somebody else's administrator made an account with lee's address, and knows its password.
        let squatter = stage.another_tenant().await;
        add_member(&squatter, "lee", &["SME"]).await.expect(201);
        let known = with_new_password(&stage.anonymous, "lee").await;
        invite(&stage.admin, "lee@example.com", &["SME"]).await.expect(201);
        let sent = letter(&stage, "lee@example.com", "Join").await;
        stage.anonymous.post(ACCEPT, &json!({ "token": sent.token() })).await.expect(422);
        accept(&stage, &sent.token(), "lee").await.expect(201);
        known.get_until("/identity/v1/me", |answer| answer.status == 401).await.expect(401);
        let old = json!({ "login": "lee", "password": "another password, hers" });
        stage.anonymous.post("/identity/v1/sessions", &old).await.expect_problem(401, "SESSION_CREDENTIALS_REFUSED");
        stage.anonymous.sign_in("lee", CHOSEN).await;
    });
}

#[test]
fn no_mailbox_passes_a_second_factor() {
    on_stage(async |stage| {
        let other = stage.another_tenant().await;
        add_member(&other, "lee", &["SME"]).await.expect(201);
        let lee = with_new_password(&stage.anonymous, "lee").await;
        enrol(&stage, &lee).await;
        invite(&stage.admin, "lee@example.com", &["SME"]).await.expect(201);
        let sent = letter(&stage, "lee@example.com", "Join").await.token();
        accept(&stage, &sent, "lee2").await.expect_problem(409, "USER_EMAIL_UNCONFIRMED");
        assert_eq!(lee.get("/identity/v1/me").await.expect(200).body["username"], "lee");
        // Whoever signs in with it confirms the address, and follows the same link.
        confirm(&stage, &lee).await;
        stage.anonymous.post(ACCEPT, &json!({ "token": sent })).await.expect(201);
        let asked = json!({ "login": "lee", "password": "another password, hers" });
        let asked = stage.anonymous.post("/identity/v1/sessions", &asked).await;
        assert_eq!(asked.expect(200).body["accessToken"], Value::Null);
    });
}

#[test]
fn people_join_by_themselves_where_they_may_and_only_as_members() {
    on_stage(async |stage| {
        let register = async |username: &str, email: &str| {
            let command = json!({
                "domain": "northwind.example", "email": email, "username": username, "name": "Lee", "password": CHOSEN,
            });
            stage.anonymous.post("/identity/v1/registrations", &command).await
        };
        register("lee", "lee@example.com").await.expect_problem(403, "REGISTRATION_CLOSED");
        stage.admin.patch("/identity/v1/tenant", None, &json!({ "domain": "northwind.example" })).await.expect(200);
        register("lee", "lee@example.com").await.expect_problem(403, "REGISTRATION_CLOSED");
        stage.admin.patch("/identity/v1/settings", None, &json!({ "selfRegistration": true })).await.expect(200);
        register("lee", "lee@example.com").await.expect(202);
        let waiting = json!({ "login": "lee", "password": CHOSEN });
        stage
            .anonymous
            .post("/identity/v1/sessions", &waiting)
            .await
            .expect_problem(401, "SESSION_CREDENTIALS_REFUSED");
        let sent = letter(&stage, "lee@example.com", "Confirm").await;
        let verify = json!({ "token": sent.token() });
        stage.anonymous.post("/identity/v1/email-verifications", &verify).await.expect(204);
        stage.anonymous.post("/identity/v1/email-verifications", &verify).await.expect_problem(422, "LINK_REFUSED");
        let lee = stage.anonymous.sign_in("lee", CHOSEN).await;
        assert_eq!(lee.get("/identity/v1/me").await.body["roles"], json!(["MEMBER"]));
        // Whoever tries with an address that has an account learns nothing; its owner does.
        register("other", "LEE@example.com").await.expect(202);
        let told = letter(&stage, "lee@example.com", "already").await;
        assert_eq!(told.subject, "You have an account already");
    });
}

#[test]
fn who_registered_and_never_came_back_gives_the_name_back() {
    on_stage(async |stage| {
        let domain = json!({ "domain": "northwind.example" });
        stage.admin.patch("/identity/v1/tenant", None, &domain).await.expect(200);
        stage.admin.patch("/identity/v1/settings", None, &json!({ "selfRegistration": true })).await.expect(200);
        let lee = json!({
            "domain": "northwind.example", "email": "lee@example.com", "username": "lee", "name": "Lee", "password": CHOSEN,
        });
        stage.anonymous.post("/identity/v1/registrations", &lee).await.expect(202);
        stage.clock.advance(Duration::days(3));
        // A platform that starts sweeps at once.
        let platform = cairn::Platform::start(stage.world.config.clone(), &stage.clock).unwrap();
        let admin = stage.another_session().await;
        let left = |answer: &Response| answer.body["items"].as_array().is_some_and(|items| items.len() == 1);
        let members = admin.get_until("/identity/v1/members", left).await;
        assert!(left(&members), "{}", members.text);
        add_member(&admin, "lee", &["SME"]).await.expect(201);
        platform.stop().await;
    });
}

#[test]
fn a_forgotten_password_is_replaced_by_a_link_and_nobody_learns_who_has_an_account() {
    on_stage(async |stage| {
        add_member(&stage.admin, "kim", &["SME"]).await.expect(201);
        let kim = with_new_password(&stage.anonymous, "kim").await;
        let ask =
            async |login: &str| stage.anonymous.post("/identity/v1/password-resets", &json!({ "login": login })).await;
        let (known, unknown) = (ask("kim").await, ask("nobody@example.com").await);
        assert_eq!((known.expect(202).text.as_str(), unknown.expect(202).text.as_str()), ("", ""));
        let sent = letter(&stage, "kim@example.com", "new password").await;
        let confirm = async |password: &str| {
            let command = json!({ "token": sent.token(), "newPassword": password });
            stage.anonymous.post("/identity/v1/password-resets/confirm", &command).await
        };
        confirm("password1234").await.expect_problem(422, "CONTENT_INVALID");
        confirm("another password, hers").await.expect_problem(422, "PASSWORD_USED_BEFORE");
        confirm(PASSWORD).await.expect_problem(422, "PASSWORD_USED_BEFORE");
        confirm(CHOSEN).await.expect(204);
        confirm("still another one, mine").await.expect_problem(422, "LINK_REFUSED");
        kim.get_until("/identity/v1/me", |answer| answer.status == 401).await.expect(401);
        stage.anonymous.sign_in("kim", CHOSEN).await;
        ask("kim").await.expect(202);
        let sent = letters(&stage, "kim@example.com", "new password", 2).await.pop().unwrap();
        stage.clock.advance(Duration::minutes(61));
        let late = json!({ "token": sent.token(), "newPassword": "much too late, this one" });
        stage.anonymous.post("/identity/v1/password-resets/confirm", &late).await.expect_problem(422, "LINK_REFUSED");
    });
}

#[test]
fn a_new_address_counts_when_its_letter_was_read() {
    on_stage(async |stage| {
        add_member(&stage.admin, "kim", &["SME"]).await.expect(201);
        let kim = with_new_password(&stage.anonymous, "kim").await;
        kim.post("/identity/v1/me/email", &json!({ "email": "kim.berg@example.com" })).await.expect(202);
        assert_eq!(kim.get("/identity/v1/me").await.body["email"], "kim@example.com");
        let sent = letter(&stage, "kim.berg@example.com", "Confirm").await;
        stage.anonymous.post("/identity/v1/email-verifications", &json!({ "token": sent.token() })).await.expect(204);
        assert_eq!(kim.get("/identity/v1/me").await.body["email"], "kim.berg@example.com");
        // Her tenant and her old address have heard of it; her token goes on.
        let members = stage.admin.get("/identity/v1/members").await;
        assert!(members.text.contains("kim.berg@example.com") && !members.text.contains("\"kim@example.com"));
        letters(&stage, "kim@example.com", "changed", 2).await;
        // An address of somebody else is not told to be one.
        let admin = stage.admin.get("/identity/v1/me").await.body["email"].as_str().unwrap().to_owned();
        kim.post("/identity/v1/me/email", &json!({ "email": admin })).await.expect(202);
        assert_eq!(letter(&stage, &admin, "already").await.subject, "You have an account already");
    });
}

#[test]
fn one_is_called_what_one_wants_in_every_tenant() {
    on_stage(async |stage| {
        add_member(&stage.admin, "kim", &["SME"]).await.expect(201);
        let kim = with_new_password(&stage.anonymous, "kim").await;
        kim.patch("/identity/v1/me", None, &json!({ "name": "Kim Berg", "onboarded": true })).await.expect(204);
        let picture = kim.request(Method::PUT, "/identity/v1/me/avatar").body(b"\x89PNG\r\n\x1a\nkim".as_slice());
        send(picture).await.expect(204);
        let me = kim.get("/identity/v1/me").await;
        assert_eq!(me.body["name"], "Kim Berg");
        assert!(me.body["onboardedAt"].is_string());
        kim.get(me.body["avatar"].as_str().unwrap()).await.expect(200);
        let members = stage.admin.get("/identity/v1/members").await;
        let row =
            members.body["items"].as_array().unwrap().iter().find(|row| row["name"] == "Kim Berg").unwrap().clone();
        assert_eq!(
            stage.admin.get(row["avatar"].as_str().unwrap()).await.expect(200).header("content-type"),
            "image/png"
        );
        let taken = stage.admin.get("/identity/v1/me").await.body["username"].clone();
        kim.patch("/identity/v1/me", None, &json!({ "username": taken }))
            .await
            .expect_problem(409, "USER_USERNAME_TAKEN");
        kim.patch("/identity/v1/me", None, &json!({ "username": "a b" })).await.expect_problem(422, "CONTENT_INVALID");
    });
}

#[test]
fn a_member_is_removed_but_not_the_last_owner() {
    on_stage(async |stage| {
        let kim = add_member(&stage.admin, "kim", &["SME"]).await;
        let signed_in = with_new_password(&stage.anonymous, "kim").await;
        let path = format!("/identity/v1/members/{}", kim.id());
        stage.admin.delete(&path).await.expect(204);
        signed_in.get_until("/identity/v1/me", |answer| answer.status == 401).await.expect(401);
        stage.admin.get(&path).await.expect_problem(404, "NOT_FOUND");
        let again = json!({ "login": "kim", "password": "another password, hers" });
        stage.anonymous.post("/identity/v1/sessions", &again).await.expect_problem(401, "SESSION_CREDENTIALS_REFUSED");
        add_member(&stage.admin, "kim", &["SME"]).await.expect(201);
        let owner = stage.admin.get("/identity/v1/members").await.body["items"][0]["id"].as_str().unwrap().to_owned();
        let refused = stage.admin.delete(&format!("/identity/v1/members/{owner}")).await;
        refused.expect_problem(409, "MEMBER_LAST_OWNER");
    });
}

#[test]
fn a_table_invites_many_or_nobody() {
    on_stage(async |stage| {
        let import = async |query: &str, table: &str| {
            let path = format!("/identity/v1/invitations/import{query}");
            let request = stage.admin.request(Method::POST, &path).header("content-type", "text/csv");
            send(request.body(table.to_owned())).await
        };
        let table = "\u{feff}email,name,jobTitle,roles\nlee@example.com,\"Chan, Lee\",Engineer,SME;CSS\n=cmd@example.com,=1+1,,\n";
        let dry = import("?dryRun=true", table).await;
        assert_eq!((&dry.expect(200).body["invited"], &dry.body["dryRun"]), (&json!(2), &json!(true)));
        assert_eq!(stage.admin.get(INVITATIONS).await.body["items"], json!([]));
        import("", table).await.expect(200);
        let again = import("", table).await;
        assert_eq!((&again.expect(200).body["invited"], &again.body["skipped"]), (&json!(0), &json!(2)));
        letter(&stage, "lee@example.com", "").await;
        let bad =
            "email,roles\nnonsense,SME\nx@example.com,NOBODY\ny@example.com,OWNER\ny@example.com,SME\nz@example.com\n";
        let refused = import("", bad).await;
        let pointers: Vec<_> = refused.expect_problem(422, "CONTENT_INVALID").body["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["pointer"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(pointers, ["/6"], "what cannot be read comes first");
        let bad = bad.replace("z@example.com\n", "");
        let refused = import("", &bad).await;
        let pointers: Vec<_> =
            refused.body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(pointers, ["/2/email", "/3/roles", "/5/email"]);
        let rows: String = (0..100_000).map(|n| format!("p{n}@example.com,SME\n")).collect();
        import("", &format!("email,roles\n{rows}")).await.expect_problem(413, "BODY_TOO_LARGE");
        import("", "email,roles\n").await.expect_problem(400, "REQUEST_MALFORMED");
        import("", "email,password\na@example.com,x\n").await.expect_problem(422, "CONTENT_INVALID");
    });
}
