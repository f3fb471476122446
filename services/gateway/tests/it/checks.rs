//! Requests that the contract does not know never reach a service.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::support::{Behind, Gateway, behind, gateway, problem};

fn checking() -> (Gateway, Behind) {
    let catalog = behind();
    let settings = [("CAIRN_UPSTREAMS_CATALOG", catalog.url.as_str()), ("CAIRN_CHECK_REQUESTS", "true")];
    (gateway(&settings), catalog)
}

async fn refused(request: RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), problem(answer).await)
}

#[actix_web::test]
async fn what_the_contract_does_not_know_is_refused_at_the_door() {
    let (gateway, catalog) = checking();
    let ask = |method: &str, path: &str| gateway.request(method, path);
    for (request, status, code) in [
        (ask("GET", "/catalog/v1/nothing"), 404, "NOT_FOUND"),
        (ask("OPTIONS", "/catalog/v1/nothing"), 404, "NOT_FOUND"),
        (ask("GET", "/catalog/v1/products/"), 404, "NOT_FOUND"),
        (ask("DELETE", "/catalog/v1/products"), 405, "METHOD_NOT_ALLOWED"),
        (ask("GET", "/catalog/v1/products/7"), 400, "REQUEST_MALFORMED"),
        (ask("GET", "/catalog/v1/products?limit=many"), 400, "REQUEST_MALFORMED"),
        (ask("GET", "/catalog/v1/products?limit=-1"), 400, "REQUEST_MALFORMED"),
        (ask("GET", "/catalog/v1/prices"), 400, "REQUEST_MALFORMED"),
        (ask("GET", "/catalog/v1/prices?productId=7"), 400, "REQUEST_MALFORMED"),
        (ask("POST", "/catalog/v1/products").body("name=x"), 415, "MEDIA_TYPE_UNSUPPORTED"),
        (
            ask("POST", "/catalog/v1/products").json(&1).header("content-encoding", "gzip"),
            415,
            "MEDIA_TYPE_UNSUPPORTED",
        ),
    ] {
        let shown = format!("{request:?}");
        assert_eq!(refused(request).await, (status, code.to_owned()), "{shown}");
    }
    let answer = ask("DELETE", "/catalog/v1/products").send().await.unwrap();
    assert_eq!(answer.headers()["allow"], "GET, HEAD, POST, OPTIONS");
    let answer: Value = ask("GET", "/catalog/v1/prices").send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["errors"], json!([{ "pointer": "productId", "code": "REQUIRED", "detail": "is required" }]));
    assert_eq!(catalog.asked(), 0);
}

#[actix_web::test]
async fn what_may_be_meant_is_the_services_to_judge() {
    let (gateway, catalog) = checking();
    let id = kernel::TenantId::fresh();
    let paths = [
        "/catalog/v1/products?limit=7&count=true&sort=colour".to_owned(),
        "/catalog/v1/products?unknown=1&limit=many".to_owned(),
        "/catalog/v1/products?limit=many&limit=7".to_owned(),
        "/catalog/v1/products?limit=".to_owned(),
        "/catalog/v1/products?count=perhaps".to_owned(),
        format!("/catalog/v1/products?{}", "limit=many&".repeat(100)),
        format!("/catalog/v1/products/{id}"),
        format!("/catalog/v1/%70roducts/{id}"),
        format!("/catalog/v1/prices?productId={id}"),
    ];
    for path in &paths {
        assert_eq!(gateway.get(path).await.status(), 200, "{path}");
    }
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"] {
        let request = gateway.request("POST", "/catalog/v1/products").header("content-type", kind).body("{");
        assert_eq!(request.send().await.unwrap().status(), 200, "{kind}");
    }
    // Whoever may not ask is told so by the service, whatever is asked; who is nobody is told here.
    let mut claims = gateway.claims();
    claims.perms = auth::Patterns::new(["helpdesk:*:*".to_owned()]);
    let request = gateway.anonymous("GET", "/catalog/v1/products?limit=many").bearer_auth(gateway.sign(&claims));
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(refused(gateway.anonymous("GET", "/catalog/v1/nothing")).await, (401, "TOKEN_MISSING".to_owned()));
    assert_eq!(catalog.asked(), paths.len() + 4);
}

#[actix_web::test]
async fn a_service_that_is_not_in_the_contract_takes_what_comes() {
    let helpdesk = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_HELPDESK", &helpdesk.url), ("CAIRN_CHECK_REQUESTS", "true")]);
    assert_eq!(gateway.request("PURGE", "/helpdesk/whatever?limit=many").send().await.unwrap().status(), 200);
}
