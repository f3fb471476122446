//! What careless callers, races and lost servers must not break.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use testkit::send;

use crate::support::{on_prepared_stage, on_stage};

#[test]
fn a_hundred_identical_creates_with_one_key_make_one_product() {
    on_prepared_stage(
        |_| (),
        async |stage, ()| {
            let create = || {
                let request = stage.admin.request(Method::POST, "/catalog/v1/products");
                send(request.header("idempotency-key", "one").json(&json!({ "name": "Only one" })))
            };
            let answers = join_all((0..100).map(|_| create())).await;
            for answer in &answers {
                assert_eq!((answer.status, &answer.text), (201, &answers[0].text));
                assert_eq!(answer.header("location"), answers[0].header("location"));
                assert_eq!(answer.header("etag"), "\"1\"");
            }
            let first = answers.iter().filter(|answer| answer.header("idempotent-replayed").is_empty());
            assert_eq!(first.count(), 1, "one was done, the others are told of it");
            assert_eq!(stage.admin.get("/catalog/v1/products?count=true").await.body["total"], 1);
            let other = stage.admin.request(Method::POST, "/catalog/v1/products").header("idempotency-key", "one");
            send(other.json(&json!({ "name": "Another" }))).await.expect_problem(422, "IDEMPOTENCY_KEY_REUSED");
        },
    );
}

#[test]
fn a_refused_try_leaves_its_key_free() {
    on_stage(async |stage| {
        stage.admin.post("/catalog/v1/products", &json!({ "name": "Taken" })).await.expect(201);
        let create = |name: &'static str| {
            let request = stage.admin.request(Method::POST, "/catalog/v1/products");
            send(request.header("idempotency-key", "k").json(&json!({ "name": name })))
        };
        create("Taken").await.expect_problem(409, "PRODUCT_NAME_TAKEN");
        create("Free").await.expect(201);
    });
}

#[test]
fn of_two_writers_on_one_version_one_is_told_to_read_again() {
    on_stage(async |stage| {
        let made = stage.admin.post("/catalog/v1/products", &json!({ "name": "P" })).await;
        let path = format!("/catalog/v1/products/{}", made.id());
        let (a, b) = (json!({ "name": "A" }), json!({ "name": "B" }));
        let (a, b) = tokio::join!(stage.admin.patch(&path, Some(1), &a), stage.admin.patch(&path, Some(1), &b));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    });
}

#[test]
fn careless_requests_get_clear_answers() {
    on_stage(async |stage| {
        let raw = |body: &'static str, kind: &'static str| {
            send(stage.admin.request(Method::POST, "/catalog/v1/products").header("content-type", kind).body(body))
        };
        raw(r#"{"name":"#, "application/json").await.expect_problem(400, "REQUEST_MALFORMED");
        raw(r#"{"name":1}"#, "application/json").await.expect_problem(422, "CONTENT_INVALID");
        raw("name=x", "application/x-www-form-urlencoded").await.expect_problem(415, "MEDIA_TYPE_UNSUPPORTED");
        let missing = raw("{}", "application/json").await;
        missing.expect_problem(422, "CONTENT_INVALID");
        assert_eq!(missing.body["errors"][0]["pointer"], "/name");
        let made = stage.admin.post("/catalog/v1/products", &json!({ "name": "P" })).await;
        let tasks = format!("/catalog/v1/products/{}/tasks", made.id());
        for (field, value) in
            [("licenseLevel", json!(3)), ("licenseLevel", json!({ "ESSENTIAL": null })), ("weight", json!("5"))]
        {
            let wrong = stage.admin.post(&tasks, &json!({ "name": "T", field: value })).await;
            wrong.expect_problem(422, "CONTENT_INVALID");
            assert_eq!(wrong.body["errors"][0]["pointer"], format!("/{field}"), "{}", wrong.text);
        }
        let unreadable = stage.admin.request(Method::DELETE, &format!("/catalog/v1/products/{}", made.id()));
        let etag = reqwest::header::HeaderValue::from_bytes(b"\"\xe9\"").unwrap();
        send(unreadable.header("if-match", etag)).await.expect_problem(412, "VERSION_MISMATCH");
        let unknown = raw(r#"{"name":"x","colour":"red"}"#, "application/json").await;
        unknown.expect_problem(422, "CONTENT_INVALID");
        assert_eq!(unknown.body["errors"][0]["pointer"], "/colour");
        assert_eq!(unknown.body["traceId"].as_str().unwrap().len(), 32);
        let blank = stage
            .admin
            .post(
                "/catalog/v1/products",
                &json!({ "name": "  ", "resources": [{ "label": "x", "url": "javascript:alert(1)" }] }),
            )
            .await;
        assert_eq!(blank.body["errors"].as_array().unwrap().len(), 2, "{}", blank.text);
        let huge = format!(r#"{{"name":"{}"}}"#, "x".repeat(3 * 1024 * 1024));
        let huge = stage
            .admin
            .request(Method::POST, "/catalog/v1/products")
            .header("content-type", "application/json")
            .body(huge);
        send(huge).await.expect_problem(413, "BODY_TOO_LARGE");
        stage.admin.get("/catalog/v1/products/not-an-id").await.expect_problem(400, "REQUEST_MALFORMED");
        stage.admin.get("/catalog/v1/nothing").await.expect_problem(404, "NOT_FOUND");
        let refused = stage.admin.delete("/catalog/v1/products").await;
        refused.expect_problem(405, "METHOD_NOT_ALLOWED");
        assert_eq!(refused.header("allow"), "GET, HEAD, POST, OPTIONS");
        stage.admin.get("/nowhere").await.expect_problem(404, "NOT_FOUND");
        stage.admin.get("/internal/catalog/v1/events").await.expect_problem(404, "NOT_FOUND");
    });
}

#[test]
fn what_cannot_be_meant_is_refused_by_name() {
    on_stage(async |stage| {
        let listed = send(stage.admin.request(Method::PATCH, "/identity/v1/tenant").json(&json!([]))).await;
        listed.expect_problem(422, "CONTENT_INVALID");
        for (query, parameter) in [
            ("limit=ten", "limit"),
            ("limit=1&limit=2", "limit"),
            ("from=yesterday", "from"),
            ("entityId=1", "entityId"),
            ("colour=red", "colour"),
        ] {
            let answer = stage.admin.get(&format!("/identity/v1/audit-events?{query}")).await;
            answer.expect_problem(400, "REQUEST_MALFORMED");
            assert_eq!(answer.body["errors"][0]["pointer"], parameter, "{}", answer.text);
        }
        // U+0000 is JSON, and may be in a URL; Postgres keeps it in no text.
        let login = json!({ "login": "li\0ve", "password": "correct horse battery" });
        stage.anonymous.post("/identity/v1/sessions", &login).await.expect_problem(422, "CONTENT_INVALID");
        stage.admin.get("/identity/v1/audit-events?entity=%00").await.expect_problem(400, "REQUEST_MALFORMED");
        let packed = stage.admin.request(Method::POST, "/catalog/v1/products").header("content-encoding", "gzip");
        send(packed.json(&json!({ "name": "x" }))).await.expect_problem(415, "MEDIA_TYPE_UNSUPPORTED");
        let deep = format!("{{\"name\":{}", "[".repeat(100_000));
        let deep = stage
            .admin
            .request(Method::POST, "/catalog/v1/products")
            .header("content-type", "application/json")
            .body(deep);
        assert!([400, 422].contains(&send(deep).await.status));
    });
}

#[test]
fn a_head_too_large_and_an_expired_token_are_told_as_such() {
    on_stage(async |stage| {
        let long = stage.admin.request(Method::GET, "/catalog/v1/products").header("x-long", "x".repeat(40_000));
        send(long).await.expect_problem(431, "HEADERS_TOO_LARGE");
        stage.admin.get("/catalog/v1/products").await.expect(200);
        stage.clock.advance(chrono::Duration::minutes(11));
        let expired = stage.admin.get("/catalog/v1/products").await;
        expired.expect_problem(401, "TOKEN_INVALID");
        assert_eq!(expired.header("www-authenticate"), "Bearer");
    });
}

#[test]
fn without_the_broker_writes_go_on_and_every_event_arrives_afterwards() {
    on_prepared_stage(
        |world| world.put_proxy(false),
        async |stage, broker| {
            stage.anonymous.get_until("/readyz", |answer| answer.body["status"] == "READY").await.expect(200);
            broker.cut();
            let ready = stage.anonymous.get_until("/readyz", |answer| answer.body["status"] == "DEGRADED").await;
            assert_eq!(ready.expect(200).body["broker"], false, "{}", ready.text);
            for index in 0..20 {
                stage.admin.post("/catalog/v1/products", &json!({ "name": format!("P{index}") })).await.expect(201);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            broker.mend();
            let trail = "/identity/v1/audit-events?entity=product&action=created&limit=100";
            let all = stage
                .admin
                .get_until(trail, |answer| answer.body["items"].as_array().is_some_and(|rows| rows.len() >= 20))
                .await;
            assert_eq!(all.body["items"].as_array().unwrap().len(), 20, "each once");
        },
    );
}

#[test]
fn without_the_database_the_answer_is_503_and_it_recovers_by_itself() {
    on_prepared_stage(
        |world| world.put_proxy(true),
        async |stage, postgres| {
            stage.admin.get("/catalog/v1/products").await.expect(200);
            postgres.cut();
            for _ in 0..3 {
                let away = stage.admin.get("/catalog/v1/products").await;
                away.expect_problem(503, "UNAVAILABLE");
                assert!(!away.header("retry-after").is_empty());
                stage
                    .admin
                    .post("/catalog/v1/products", &json!({ "name": "Lost" }))
                    .await
                    .expect_problem(503, "UNAVAILABLE");
            }
            postgres.mend();
            stage.admin.get_until("/catalog/v1/products", |answer| answer.status == 200).await.expect(200);
            let made = stage.admin.post("/catalog/v1/products", &json!({ "name": "Found" })).await;
            let trail = format!("/identity/v1/audit-events?entityId={}", made.expect(201).id());
            let heard = stage.admin.get_until(&trail, |answer| answer.body["items"][0]["action"] == "created").await;
            assert_eq!(heard.body["items"][0]["action"], "created");
        },
    );
}
