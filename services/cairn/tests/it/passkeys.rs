//! Passkeys: a second factor, and a sign-in without a password.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use serde_json::{Value, json};
use testkit::{Client, Response, send};

use crate::authenticator::Authenticator;
use crate::company::colleague;
use crate::mailbox::confirm;
use crate::support::{Stage, on_prepared_stage};

const ORIGIN: &str = "https://cairn.example.com";
const PASSWORD: &str = "a password of my own";
const KEYS: &str = "/identity/v1/me/passkeys";
const SESSIONS: &str = "/identity/v1/sessions/passkey";
const STEP_UP: &str = "/identity/v1/sessions/current/step-up";

/// A platform that people reach at [`ORIGIN`].
fn at_home<F: Future<Output = ()>>(test: impl FnOnce(std::rc::Rc<Stage>) -> F) {
    on_prepared_stage(|world| world.set("CAIRN_PUBLIC_URL", ORIGIN), |stage, ()| test(stage));
}

/// A colleague whose address is confirmed.
async fn confirmed(stage: &Stage, login: &str) -> Client {
    let person = colleague(&stage.admin, login, "SME").await;
    confirm(stage, &person).await;
    person
}

/// Begins to add a passkey.
async fn begin(person: &Client) -> Response {
    let begun = person.post(&format!("{KEYS}/options"), &json!({})).await;
    begun.expect(200);
    begun
}

/// Sends what a device answered.
async fn add(person: &Client, begun: &Response, credential: &Option<Value>) -> Response {
    let command = json!({ "ceremonyId": begun.body["ceremonyId"], "name": "Laptop", "credential": credential });
    person.post(KEYS, &command).await
}

/// Adds a passkey.
async fn enrol(person: &Client, device: &mut Authenticator) -> Response {
    let begun = begin(person).await;
    let added = add(person, &begun, &device.create(&begun.body["options"])).await;
    added.expect(201);
    added
}

/// What a device answers to a new challenge.
async fn answer(stage: &Stage, device: &mut Authenticator) -> Value {
    let begun = stage.anonymous.post(&format!("{SESSIONS}/options"), &json!({})).await;
    let credential = device.get(&begun.expect(200).body["options"]).expect("a passkey that fits");
    json!({ "ceremonyId": begun.body["ceremonyId"], "credential": credential })
}

async fn sign_in(stage: &Stage, device: &mut Authenticator) -> Response {
    stage.anonymous.post(SESSIONS, &answer(stage, device).await).await
}

fn token_of(stage: &Stage, opened: &Response) -> Client {
    stage.anonymous.with_token(opened.body["accessToken"].as_str().unwrap())
}

#[test]
fn a_passkey_is_a_second_factor_and_takes_the_place_of_a_password() {
    at_home(async |stage| {
        let kim = confirmed(&stage, "kim").await;
        let mut laptop = Authenticator::at(ORIGIN);
        let first = enrol(&kim, &mut laptop).await;
        assert_eq!(
            (&first.body["name"], first.body["recoveryCodes"].as_array().unwrap().len()),
            (&json!("Laptop"), 10)
        );
        // The device that has one is not asked for another; another device is, and the codes stay as they are.
        assert_eq!(laptop.create(&begin(&kim).await.body["options"]), None);
        let second = enrol(&kim, &mut Authenticator::at(ORIGIN)).await;
        assert_eq!(second.body["recoveryCodes"], json!([]));
        let phone = format!("{KEYS}/{}", second.id());
        kim.patch(&phone, None, &json!({ "name": "Phone" })).await.expect(204);
        kim.patch(&phone, None, &json!({ "name": "" })).await.expect_problem(422, "CONTENT_INVALID");
        let known = kim.get("/identity/v1/me/second-factors").await;
        let keys = known.expect(200).body["passkeys"].as_array().unwrap();
        let names: Vec<_> = keys.iter().map(|key| &key["name"]).collect();
        assert_eq!((names, &keys[0]["lastUsedAt"]), (vec![&json!("Laptop"), &json!("Phone")], &Value::Null));

        let password = json!({ "login": "kim", "password": PASSWORD });
        let needed = stage.anonymous.post("/identity/v1/sessions", &password).await;
        assert_eq!(needed.expect(200).body["methods"], json!(["RECOVERY_CODE", "PASSKEY"]));
        let opened = sign_in(&stage, &mut laptop).await;
        let kim = token_of(&stage, opened.expect(201));
        assert_eq!(opened.header("cache-control"), "no-store");
        assert_eq!(kim.get("/identity/v1/me").await.body["username"], "kim");
        assert_eq!(kim.get("/identity/v1/me/sessions").await.body["items"][0]["methods"], json!(["PASSKEY"]));
        assert!(kim.get("/identity/v1/me/second-factors").await.body["passkeys"][0]["lastUsedAt"].is_string());

        // What guards itself asks for it again, and the password is not enough.
        stage.clock.advance(Duration::minutes(16));
        let refreshed = json!({ "refreshToken": opened.body["refreshToken"] });
        let refreshed = stage.anonymous.post("/identity/v1/sessions/refresh", &refreshed).await;
        let kim = token_of(&stage, refreshed.expect(200));
        kim.delete(&phone).await.expect_problem(403, "STEP_UP_REQUIRED");
        let password = json!({ "password": PASSWORD });
        kim.post(STEP_UP, &password).await.expect_problem(401, "SESSION_SECOND_FACTOR_REFUSED");
        let fresh = kim.post(&format!("{STEP_UP}/passkey"), &answer(&stage, &mut laptop).await).await;
        let kim = token_of(&stage, fresh.expect(200));
        kim.delete(&phone).await.expect(204);
        kim.delete(&phone).await.expect_problem(404, "NOT_FOUND");
        kim.delete(&format!("{KEYS}/{}", first.id())).await.expect(204);
        assert_eq!(kim.get("/identity/v1/me/second-factors").await.body["recoveryCodesLeft"], 0);
        stage.anonymous.sign_in("kim", PASSWORD).await;
        sign_in(&stage, &mut laptop).await.expect_problem(401, "SESSION_SECOND_FACTOR_REFUSED");
    });
}

#[test]
fn an_answer_counts_once_for_what_was_asked_and_in_time() {
    at_home(async |stage| {
        let (kim, ann) = (confirmed(&stage, "kim").await, confirmed(&stage, "ann").await);
        let mut laptop = Authenticator::at(ORIGIN);
        let begun = begin(&kim).await;
        let created = laptop.create(&begun.body["options"]);
        add(&ann, &begun, &created).await.expect_problem(422, "CONTENT_INVALID");
        let other = begin(&kim).await;
        add(&kim, &other, &created).await.expect_problem(422, "PASSKEY_REFUSED");
        stage.clock.advance(Duration::minutes(5));
        add(&kim, &begun, &created).await.expect_problem(422, "CONTENT_INVALID");
        let mut laptop = Authenticator::at(ORIGIN);
        let begun = begin(&kim).await;
        let created = laptop.create(&begun.body["options"]);
        add(&kim, &begun, &created).await.expect(201);
        add(&kim, &begun, &created).await.expect_problem(422, "CONTENT_INVALID");

        // Also after a password, and when it comes twice at the same moment.
        let password = json!({ "login": "kim", "password": PASSWORD });
        stage.anonymous.post("/identity/v1/sessions", &password).await.expect(200);
        let once = answer(&stage, &mut laptop).await;
        let (a, b) = tokio::join!(stage.anonymous.post(SESSIONS, &once), stage.anonymous.post(SESSIONS, &once));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 401], "{} {}", a.text, b.text);
        let refused = async |command: &Value| {
            let answer = stage.anonymous.post(SESSIONS, command).await;
            answer.expect_problem(401, "SESSION_SECOND_FACTOR_REFUSED");
        };
        refused(&once).await;
        let (one, mut two) = (answer(&stage, &mut laptop).await, answer(&stage, &mut laptop).await);
        two["credential"] = one["credential"].clone();
        refused(&two).await;
        // A sign-in does not answer what was asked of somebody who adds a passkey.
        let adding = begin(&kim).await;
        refused(&json!({ "ceremonyId": adding.body["ceremonyId"], "credential": one["credential"] })).await;
        stage.clock.advance(Duration::minutes(5));
        refused(&one).await;
        sign_in(&stage, &mut laptop).await.expect(201);
    });
}

#[test]
fn ceremonies_begun_side_by_side_give_no_more_passkeys_than_there_may_be() {
    at_home(async |stage| {
        let kim = confirmed(&stage, "kim").await;
        let mut begun = Vec::new();
        for _ in 0..21 {
            begun.push(begin(&kim).await);
        }
        let last = begun.pop().unwrap();
        for begun in &begun {
            add(&kim, begun, &Authenticator::at(ORIGIN).create(&begun.body["options"])).await.expect(201);
        }
        let one_more = Authenticator::at(ORIGIN).create(&last.body["options"]);
        add(&kim, &last, &one_more).await.expect_problem(409, "PASSKEY_TOO_MANY");
        kim.post(&format!("{KEYS}/options"), &json!({})).await.expect_problem(409, "PASSKEY_TOO_MANY");
    });
}

#[test]
fn what_was_signed_elsewhere_or_by_somebody_else_is_refused() {
    at_home(async |stage| {
        let (kim, ann) = (confirmed(&stage, "kim").await, confirmed(&stage, "ann").await);
        let (mut laptop, mut hers) = (Authenticator::at(ORIGIN), Authenticator::at(ORIGIN));
        let added = enrol(&kim, &mut laptop).await;
        enrol(&ann, &mut hers).await;
        let elsewhere = [
            "https://cairn.example.org",
            "http://cairn.example.com",
            "https://cairn.example.com:8443",
            "https://page.cairn.example.com",
            "null",
        ];
        let elsewhere = elsewhere.map(|origin| laptop.but(|device| origin.clone_into(&mut device.origin)));
        let another_site = laptop.but(|device| device.rp_id = Some("example.com".to_owned()));
        let unasked = laptop.but(|device| device.verifies = false);
        for mut device in elsewhere.into_iter().chain([another_site, unasked]) {
            let refused = sign_in(&stage, &mut device).await;
            assert!([401, 422].contains(&refused.status), "{}: {}", device.origin, refused.text);
            let begun = begin(&ann).await;
            let added = add(&ann, &begun, &device.create(&begun.body["options"])).await;
            assert_eq!(added.status, 422, "{}: {}", device.origin, added.text);
        }
        // Her signature under his key's name; her key in his name; his in hers.
        let his = answer(&stage, &mut laptop).await["credential"].clone();
        for part in ["/id", "/rawId", "/response/userHandle"] {
            let mut forged = answer(&stage, &mut hers).await;
            *forged["credential"].pointer_mut(part).unwrap() = his.pointer(part).unwrap().clone();
            if part == "/id" {
                forged["credential"]["rawId"] = his["rawId"].clone();
                forged["credential"]["response"]["userHandle"] = his["response"]["userHandle"].clone();
            }
            let refused = stage.anonymous.post(SESSIONS, &forged).await;
            refused.expect_problem(401, "SESSION_SECOND_FACTOR_REFUSED");
        }
        // Nor does she prove with hers that she is him, or take his key's name for one of hers.
        let step_up = format!("{STEP_UP}/passkey");
        kim.post(&step_up, &answer(&stage, &mut hers).await).await.expect_problem(401, "SESSION_SECOND_FACTOR_REFUSED");
        let begun = begin(&ann).await;
        let id = URL_SAFE_NO_PAD.decode(his["id"].as_str().unwrap()).unwrap();
        let taken = Authenticator::at(ORIGIN).create_as(&begun.body["options"], id);
        add(&ann, &begun, &taken).await.expect_problem(422, "PASSKEY_REFUSED");
        ann.delete(&format!("{KEYS}/{}", added.id())).await.expect_problem(404, "NOT_FOUND");
        sign_in(&stage, &mut laptop).await.expect(201);
    });
}

#[test]
fn a_copied_key_and_a_person_who_may_not_come_in_are_refused_and_recorded() {
    at_home(async |stage| {
        let kim = confirmed(&stage, "kim").await;
        let mut laptop = Authenticator::at(ORIGIN);
        enrol(&kim, &mut laptop).await;
        let mut copy = laptop.clone();
        laptop.counter = 10;
        sign_in(&stage, &mut laptop).await.expect(201);
        sign_in(&stage, &mut copy).await.expect_problem(401, "SESSION_SECOND_FACTOR_REFUSED");
        sign_in(&stage, &mut laptop).await.expect(201);
        let failures = stage.admin.get("/identity/v1/sign-in-activity?outcome=FAILURE").await;
        assert_eq!(failures.expect(200).body["items"][0]["reason"], "WRONG_SECOND_FACTOR", "{}", failures.text);

        let members = stage.admin.get("/identity/v1/members").await;
        let members = members.body["items"].as_array().unwrap();
        let member = members.iter().find(|row| row["username"] == "kim").unwrap()["id"].as_str().unwrap();
        let path = format!("/identity/v1/members/{member}");
        stage.admin.patch(&path, None, &json!({ "status": "SUSPENDED" })).await.expect(200);
        sign_in(&stage, &mut laptop).await.expect_problem(401, "SESSION_CREDENTIALS_REFUSED");
        stage.admin.patch(&path, None, &json!({ "status": "ACTIVE" })).await.expect(200);
        sign_in(&stage, &mut laptop).await.expect(201);
    });
}

#[test]
fn nobody_learns_from_a_challenge_or_a_refusal_who_has_a_passkey() {
    at_home(async |stage| {
        let shape = async || {
            let begun = stage.anonymous.post(&format!("{SESSIONS}/options"), &json!({})).await;
            let mut options = begun.expect(200).body["options"].clone();
            options["publicKey"]["challenge"] = Value::Null;
            options
        };
        let before = shape().await;
        let kim = confirmed(&stage, "kim").await;
        let mut laptop = Authenticator::at(ORIGIN);
        enrol(&kim, &mut laptop).await;
        assert_eq!(shape().await, before);
        assert_eq!(before["publicKey"]["allowCredentials"], json!([]));
        let mut forged = answer(&stage, &mut laptop).await;
        forged["credential"]["response"]["signature"] = json!("MAYCAQECAQE");
        let mut unknown = answer(&stage, &mut laptop).await;
        unknown["credential"]["rawId"] = json!("AAAA");
        let (forged, unknown) =
            (stage.anonymous.post(SESSIONS, &forged).await, stage.anonymous.post(SESSIONS, &unknown).await);
        forged.expect_problem(401, "SESSION_SECOND_FACTOR_REFUSED");
        unknown.expect_problem(401, "SESSION_SECOND_FACTOR_REFUSED");
        assert_eq!(forged.body["detail"], unknown.body["detail"]);
        // What no browser gives is said to be that.
        let begun = stage.anonymous.post(&format!("{SESSIONS}/options"), &json!({})).await;
        let odd = json!({ "ceremonyId": begun.body["ceremonyId"], "credential": { "id": "x" } });
        stage.anonymous.post(SESSIONS, &odd).await.expect_problem(422, "CONTENT_INVALID");
    });
}

#[test]
fn a_browser_signs_in_with_a_passkey_and_sees_no_token() {
    at_home(async |stage| {
        let kim = confirmed(&stage, "kim").await;
        let mut laptop = Authenticator::at(ORIGIN);
        enrol(&kim, &mut laptop).await;
        let request = stage.anonymous.request(reqwest::Method::POST, SESSIONS).header("cairn-session", "cookie");
        let opened = send(request.json(&answer(&stage, &mut laptop).await)).await;
        assert_eq!(
            (&opened.expect(201).body["accessToken"], opened.body["csrfToken"].is_string()),
            (&Value::Null, true)
        );
        assert_eq!(opened.headers.get_all("set-cookie").iter().count(), 2);
    });
}

#[test]
fn passkeys_need_an_address_that_a_browser_takes_them_for() {
    let addresses =
        [("http://cairn.example.com", 409), ("https://192.0.2.1", 409), ("http://localhost:7400", 200), (ORIGIN, 200)];
    for (address, status) in addresses {
        on_prepared_stage(
            |world| world.set("CAIRN_PUBLIC_URL", address),
            async |stage, ()| {
                let begun = stage.anonymous.post(&format!("{SESSIONS}/options"), &json!({})).await;
                begun.expect(status);
                let begun = async || stage.admin.post(&format!("{KEYS}/options"), &json!({})).await;
                // Before anything else it is asked whether the address is one's own.
                begun().await.expect(409);
                confirm(&stage, &stage.admin).await;
                begun().await.expect(status);
            },
        );
    }
}
