//! Long quotas: what a tenant's settings allow in a minute, a day and a month, and who sees what was spent.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use diesel_async::{AsyncPgConnection, RunQueryDsl};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Client, Response, send};
use tokio::time::sleep;
use web::Context;

use crate::company;
use crate::support::{Stage, on_prepared_stage, on_stage};

const SETTINGS: &str = "/identity/v1/settings";
const USAGE: &str = "/gateway/v1/usage";
const PRODUCTS: &str = "/catalog/v1/products";

/// Goes to the beginning of a minute, so that the next few requests fall into one.
fn begin_a_minute(stage: &Stage) {
    let micros = stage.clock.now().timestamp_micros().rem_euclid(60_000_000);
    stage.clock.advance(chrono::Duration::microseconds(60_000_000 - micros));
}

/// Sets a quota, and waits until the gateway has heard of it.
async fn allow(admin: &Client, setting: &str, value: Value, shown: &str) {
    admin.patch(SETTINGS, None, &json!({ setting: value })).await.expect(200);
    let usage = admin.get_until(USAGE, |answer| answer.body.pointer(shown) == Some(&value)).await;
    assert_eq!(usage.expect(200).body.pointer(shown), Some(&value));
}

/// Usage as soon as the database has so many requests of the day.
async fn usage_of(client: &Client, requests: i64) -> Response {
    let usage = client.get_until(USAGE, |answer| answer.body["caller"]["day"]["requests"] == requests).await;
    assert_eq!(usage.expect(200).body["caller"]["day"]["requests"], requests, "{}", usage.text);
    usage
}

#[test]
fn three_a_minute_are_three_and_nobody_else_notices() {
    on_stage(async |stage| {
        let (kim, lee) = (
            company::colleague(&stage.admin, "kim", "SME").await,
            company::colleague(&stage.admin, "lee", "SME").await,
        );
        let stranger = stage.another_tenant().await;
        allow(&stage.admin, "callerRequestsPerMinute", json!(3), "/caller/minute/limit").await;
        begin_a_minute(&stage);
        for left in [2, 1, 0] {
            let answer = kim.get(PRODUCTS).await;
            let told: Vec<_> = answer.expect(200).headers.get_all("ratelimit").iter().collect();
            assert!(told[1].to_str().unwrap().starts_with(&format!("\"caller-minute\";r={left};t=")), "{told:?}");
        }
        let refused = kim.get(PRODUCTS).await;
        refused.expect_problem(429, "QUOTA_EXCEEDED");
        let wait: u32 = refused.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert!(refused.text.contains("The caller's quota of 3 requests a minute is used up"), "{}", refused.text);
        kim.get("/events").await.expect_problem(429, "QUOTA_EXCEEDED");
        lee.get(PRODUCTS).await.expect(200);
        for _ in 0..5 {
            stranger.get(PRODUCTS).await.expect(200);
        }
        // To look at what is left costs nothing.
        let usage = kim.get(USAGE).await;
        let minute = &usage.expect(200).body["caller"]["minute"];
        assert_eq!((&minute["requests"], &minute["limit"]), (&json!(3), &json!(3)));
        begin_a_minute(&stage);
        kim.get(PRODUCTS).await.expect(200);
    });
}

#[test]
fn a_change_of_settings_takes_effect_and_whoever_may_make_it_always_can() {
    on_stage(async |stage| {
        stage.admin.get(PRODUCTS).await.expect(200);
        stage.admin.patch(SETTINGS, None, &json!({ "tenantRequestsPerDay": 1 })).await.expect(200);
        let refused = stage.admin.get_until(PRODUCTS, |answer| answer.status == 429).await;
        refused.expect_problem(429, "QUOTA_EXCEEDED");
        assert!(refused.text.contains("The tenant's quota of 1 requests a day"), "{}", refused.text);
        stage.admin.get(SETTINGS).await.expect(200);
        stage.admin.patch(SETTINGS, None, &json!({ "tenantRequestsPerDay": null })).await.expect(200);
        stage.admin.get_until(PRODUCTS, |answer| answer.status == 200).await.expect(200);
    });
}

#[test]
fn everybody_sees_their_own_usage_and_whoever_may_that_of_all() {
    on_stage(async |stage| {
        let kim = company::colleague(&stage.admin, "kim", "SME").await;
        let before = kim.get(USAGE).await.expect(200).body["caller"]["day"]["requests"].as_i64().unwrap();
        for _ in 0..4 {
            kim.get(PRODUCTS).await.expect(200);
        }
        let usage = usage_of(&kim, before + 4).await;
        assert_eq!(
            (&usage.body["caller"]["kind"], &usage.body["tenant"]["kind"]),
            (&json!("MEMBER"), &json!("TENANT"))
        );
        let (caller, tenant) = (&usage.body["caller"], &usage.body["tenant"]);
        assert_eq!((&caller["month"]["requests"], &caller["month"]["limit"]), (&json!(before + 4), &Value::Null));
        assert!(tenant["day"]["requests"].as_i64() > caller["day"]["requests"].as_i64(), "{}", usage.text);
        assert!(caller["day"]["resetsAt"].as_str().unwrap().ends_with("T00:00:00Z"));
        kim.get(&format!("{USAGE}?all=true")).await.expect_problem(403, "PERMISSION_DENIED");
        kim.get(&format!("{USAGE}?al=true")).await.expect_problem(400, "REQUEST_MALFORMED");
        stage.anonymous.get(USAGE).await.expect_problem(401, "TOKEN_MISSING");

        // What was counted is written within a second.
        let written = |answer: &Response| {
            let all = answer.body["callers"]["items"].as_array();
            all.is_some_and(|all| all.len() == 2 && all.iter().any(|row| row["requests"] == before + 4))
        };
        let all = stage.admin.get_until(&format!("{USAGE}?all=true"), written).await;
        let items = all.expect(200).body["callers"]["items"].as_array().unwrap();
        let row = items.iter().find(|row| row["id"] == caller["id"]).unwrap();
        assert_eq!((&row["kind"], &row["requests"]), (&json!("MEMBER"), &json!(before + 4)));
        let first = stage.admin.get(&format!("{USAGE}?all=true&limit=1")).await;
        let cursor = first.expect(200).body["callers"]["nextCursor"].as_str().unwrap();
        let second = stage.admin.get(&format!("{USAGE}?all=true&limit=1&cursor={cursor}")).await;
        assert_eq!(second.expect(200).body["callers"]["items"][0]["id"], items[1]["id"]);
        assert!(second.body["callers"].get("nextCursor").is_none());
        // Another tenant's are not among them.
        let stranger = stage.another_tenant().await;
        let theirs = stranger.get(&format!("{USAGE}?all=true")).await;
        assert!(!theirs.expect(200).text.contains(caller["id"].as_str().unwrap()));
    });
}

#[test]
fn a_program_is_counted_by_its_key() {
    on_stage(async |stage| {
        let command = json!({ "name": "Export", "permissions": ["catalog:*:*"] });
        let account = stage.admin.post("/identity/v1/service-accounts", &command).await.expect(201).id();
        let keys = format!("/identity/v1/service-accounts/{account}/keys");
        let key = stage.admin.post(&keys, &json!({ "name": "One" })).await;
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            key.expect(201).body["prefix"].as_str().unwrap(),
            key.body["secret"].as_str().unwrap()
        );
        let request = stage.anonymous.request(Method::POST, "/identity/v1/oauth/token");
        let token = send(request.header("content-type", "application/x-www-form-urlencoded").body(form)).await;
        let program = stage.anonymous.with_token(token.expect(200).body["access_token"].as_str().unwrap());
        program.get(PRODUCTS).await.expect(200);
        let usage = usage_of(&program, 1).await;
        assert_eq!(usage.body["caller"]["kind"], "API_KEY");
        assert_eq!(usage.body["caller"]["id"], key.id());
    });
}

/// A second gateway before the same services, with what the first one knows of nothing.
fn second_gateway(stage: &Stage) -> (Client, web::Running) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let context = Context::new("gateway", Arc::clone(&stage.platform.config), stage.clock.clone()).unwrap();
    let running = gateway::serve(context, listener, cairn::openapi().to_json().unwrap()).unwrap();
    (Client::anonymous(&address), running)
}

#[test]
fn two_gateways_share_the_count_of_a_day() {
    on_stage(async |stage| {
        let kim = company::colleague(&stage.admin, "kim", "SME").await;
        let (door, second) = second_gateway(&stage);
        door.get_until("/readyz", |answer| answer.status == 200).await.expect(200);
        let kim_there = door.with_token(kim.token.as_deref().unwrap());
        let spent = kim.get(USAGE).await.expect(200).body["caller"]["day"]["requests"].as_i64().unwrap();
        let limit = spent + 5;
        allow(&stage.admin, "callerRequestsPerDay", json!(limit), "/caller/day/limit").await;
        for _ in 0..4 {
            kim.get(PRODUCTS).await.expect(200);
        }
        // The other one, which has not counted anything, knows of them from the database.
        let usage = usage_of(&kim_there, spent + 4).await;
        assert_eq!(usage.body["caller"]["day"]["limit"], limit);
        kim_there.get(PRODUCTS).await.expect(200);
        usage_of(&kim, limit).await;
        // Each has heard of the whole once it has written a request of its own.
        for client in [&kim_there, &kim] {
            let refused = client.get_until(PRODUCTS, |answer| answer.status == 429).await;
            refused.expect_problem(429, "QUOTA_EXCEEDED");
        }
        let usage = kim.get(USAGE).await;
        let there = usage.expect(200).body["caller"]["day"]["requests"].as_i64().unwrap();
        assert!((limit..limit + 60).contains(&there), "they overrun it by what they let through in a second: {there}");
        second.stop().await;
    });
}

#[test]
fn without_its_database_the_gateway_goes_on_and_the_counts_wait() {
    on_prepared_stage(
        |world| world.put_proxy_for("gateway_app"),
        async |stage, postgres| {
            let kim = company::colleague(&stage.admin, "kim", "SME").await;
            postgres.cut();
            sleep(Duration::from_millis(1_500)).await;
            let spent = kim.get(USAGE).await.expect(200).body["caller"]["day"]["requests"].as_i64().unwrap();
            for _ in 0..3 {
                kim.get(PRODUCTS).await.expect(200);
            }
            assert_eq!(kim.get(USAGE).await.expect(200).body["caller"]["day"]["requests"], spent + 3);
            stage.admin.get(&format!("{USAGE}?all=true")).await.expect_problem(503, "UNAVAILABLE");
            postgres.mend();
            let id = kim.get(USAGE).await.expect(200).body["caller"]["id"].clone();
            let written = |answer: &Response| {
                let items = answer.body["callers"]["items"].as_array();
                items.is_some_and(|all| all.iter().any(|row| row["id"] == id && row["requests"] == spent + 3))
            };
            let all = stage.admin.get_until(&format!("{USAGE}?all=true"), written).await;
            assert!(written(&all), "{}", all.text);
        },
    );
}

#[test]
fn a_deleted_tenants_usage_is_forgotten_and_so_is_what_is_a_year_old() {
    on_stage(async |stage| {
        let mut behind = stage.world.administrator().await;
        let tenant = stage.admin.get("/identity/v1/tenant").await.expect(200).id();
        stage.another_tenant().await.get(PRODUCTS).await.expect(200);
        let close = stage.admin.request(Method::DELETE, "/identity/v1/tenant").json(&json!({ "name": "Northwind" }));
        send(close).await.expect(200);
        sleep(Duration::from_millis(1_500)).await;
        let theirs = format!("where tenant_id = '{tenant}'");
        assert!(rows(&mut behind, &theirs).await >= 4);
        let all = rows(&mut behind, "").await;
        stage.clock.advance(chrono::Duration::days(30) + chrono::Duration::minutes(1));
        for _ in 0..200 {
            if rows(&mut behind, &theirs).await == 0 {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(rows(&mut behind, &theirs).await, 0);
        assert!(rows(&mut behind, "").await >= 4 && all >= 8, "the others' usage stays");
        // A gateway that starts looks for what is old.
        stage.clock.advance(chrono::Duration::days(400));
        let (_door, second) = second_gateway(&stage);
        for _ in 0..100 {
            if rows(&mut behind, "").await == 0 {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(rows(&mut behind, "").await, 0);
        second.stop().await;
    });
}

/// How many rows of usage there are.
async fn rows(behind: &mut AsyncPgConnection, of: &str) -> usize {
    diesel::sql_query(format!("select 1 from gateway.usage {of}")).execute(behind).await.unwrap()
}
