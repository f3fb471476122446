//! The platform behind its one door: health, contract, methods, what is kept inside.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Response, send};

use crate::support::{on_patient_stage, on_stage};

#[test]
fn the_whole_platform_answers_for_its_health_by_name() {
    on_stage(async |stage| {
        let health = stage.anonymous.get("/readyz").await;
        health.expect(200);
        let services: Vec<_> =
            health.body["services"].as_array().unwrap().iter().map(|row| row["service"].as_str().unwrap()).collect();
        assert_eq!(services, kernel::config::SERVICES);
    });
}

#[test]
fn the_contract_is_whole() {
    let text = cairn::openapi().to_json().unwrap();
    let contract: Value = serde_json::from_str(&text).unwrap();
    assert!(contract["openapi"].as_str().unwrap().starts_with("3.1."));
    let mut references = BTreeSet::new();
    gather(&contract, &mut references);
    let missing: Vec<_> =
        references.iter().filter(|reference| contract.pointer(reference.trim_start_matches('#')).is_none()).collect();
    assert!(missing.is_empty(), "nothing is at {missing:?}");
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&contract) {
        assert!(operation["summary"].is_string(), "{method} {path} has no summary");
        let id = operation["operationId"].as_str().unwrap().to_owned();
        assert!(ids.insert(id.clone()), "{method} {path}: {id} is taken");
        assert!(!path.starts_with("/internal/"), "{path} is for services only");
    }
}

#[test]
fn a_path_asked_with_another_method_says_which_it_takes() {
    on_patient_stage(async |stage| {
        let contract = stage.anonymous.get("/openapi.json").await.body;
        for (path, item) in contract["paths"].as_object().unwrap() {
            let documented: BTreeSet<_> =
                item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
            let filled = fill(path);
            let refused = send(stage.admin.request(Method::TRACE, &filled)).await;
            refused.expect_problem(405, "METHOD_NOT_ALLOWED");
            let allowed = words(&refused, "allow");
            assert!(documented.is_subset(&allowed), "{path}: {allowed:?}");
            let options = send(stage.anonymous.request(Method::OPTIONS, &filled)).await;
            options.expect(204);
            assert_eq!(words(&options, "allow"), allowed);
        }
        stage.admin.get("/catalog/v1/nothing").await.expect_problem(404, "NOT_FOUND");
        send(stage.anonymous.request(Method::OPTIONS, "/catalog/v1/nothing")).await.expect(404);
    });
}

#[test]
fn head_answers_as_get_does_without_the_body() {
    on_stage(async |stage| {
        let made = stage.admin.post("/catalog/v1/products", &json!({ "name": "P" })).await;
        let path = format!("/catalog/v1/products/{}", made.expect(201).id());
        for path in [path.as_str(), "/catalog/v1/products", "/identity/v1/jwks", "/openapi.json", "/docs/", "/"] {
            let get = stage.admin.get(path).await;
            let head = send(stage.admin.request(Method::HEAD, path)).await;
            assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
            for name in ["content-type", "content-length", "etag"] {
                assert_eq!(head.header(name), get.header(name), "{path} {name}");
            }
        }
        send(stage.anonymous.request(Method::HEAD, "/catalog/v1/products")).await.expect(401);
    });
}

#[test]
fn what_services_tell_each_other_is_not_to_be_had_from_outside() {
    on_stage(async |stage| {
        for path in [
            "/internal/identity/v1/revocations",
            "/internal/catalog/v1/events",
            "/catalog/../internal/catalog/v1/events",
            "/identity/%2e%2e/internal/identity/v1/revocations",
        ] {
            let answer = stage.admin.get(path).await;
            assert!([400, 404].contains(&answer.status), "{path}: {}", answer.text);
        }
        // Neither with a person's token at the service's own door.
        let identity = stage.platform.config.upstreams("identity").remove(0);
        let direct = testkit::Client::anonymous(&identity).with_token(stage.admin.token.as_deref().unwrap());
        direct.get("/internal/identity/v1/revocations").await.expect_problem(401, "TOKEN_INVALID");
    });
}

#[test]
fn an_address_that_a_caller_claims_does_not_reach_the_audit_trail() {
    on_stage(async |stage| {
        let request = stage.admin.request(Method::POST, "/catalog/v1/products").json(&json!({ "name": "P" }));
        let made = send(request.header("x-cairn-client", "6.6.6.6").header("x-forwarded-for", "6.6.6.6")).await;
        let trail = format!("/identity/v1/audit-events?entityId={}", made.expect(201).id());
        let heard = stage.admin.get_until(&trail, |answer| answer.body["items"][0].is_object()).await;
        assert_eq!(heard.body["items"][0]["clientAddress"], "127.0.0.1");
    });
}

fn words(answer: &Response, header: &str) -> BTreeSet<String> {
    answer.header(header).split(", ").map(str::to_owned).collect()
}

/// A path whose parameters are ids of nothing.
fn fill(path: &str) -> String {
    let segment =
        |text: &str| if text.starts_with('{') { kernel::TenantId::fresh().to_string() } else { text.to_owned() };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn operations(contract: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    let paths = contract["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| (path, method, operation))
    })
}

fn gather(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            references.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| gather(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| gather(value, references)),
        _ => {}
    }
}
