//! What browsers see: CORS, security headers, the contract and the explorer.

use serde_json::Value;

use crate::support::{behind, contract, gateway, problem};

const ORIGIN: &str = "https://app.example";

#[actix_web::test]
async fn a_configured_origin_may_call_and_another_may_not() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url), ("CAIRN_CORS_ORIGINS", ORIGIN)]);
    let preflight = |origin: &'static str| {
        let request = gateway.anonymous("OPTIONS", "/catalog/v1/products").header("origin", origin);
        request
            .header("access-control-request-method", "PATCH")
            .header("access-control-request-headers", "authorization,if-match")
            .send()
    };
    let answer = preflight(ORIGIN).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["access-control-allow-origin"], ORIGIN);
    assert!(answer.headers()["access-control-allow-methods"].to_str().unwrap().contains("PATCH"));
    let allowed = answer.headers()["access-control-allow-headers"].to_str().unwrap().to_ascii_lowercase();
    assert!(allowed.contains("authorization") && allowed.contains("if-match"));
    assert!(!preflight("https://evil.example").await.unwrap().headers().contains_key("access-control-allow-origin"));

    let answer = gateway.request("GET", "/catalog/v1/products").header("origin", ORIGIN).send().await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], ORIGIN);
    assert_eq!(answer.headers()["cross-origin-resource-policy"], "cross-origin");
    let exposed = answer.headers()["access-control-expose-headers"].to_str().unwrap().to_ascii_lowercase();
    for name in
        ["etag", "location", "cairn-position", "ratelimit", "retry-after", "x-request-id", "idempotent-replayed"]
    {
        assert!(exposed.split(',').any(|header| header.trim() == name), "{name} in {exposed}");
    }
    // A browser shows a page its 401 only when that names the origin too.
    let refused = gateway.anonymous("GET", "/catalog/v1/products").header("origin", ORIGIN).send().await.unwrap();
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["access-control-allow-origin"]),
        (401, &ORIGIN.parse().unwrap())
    );
}

#[actix_web::test]
async fn every_answer_has_security_headers_and_no_server() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    for (path, status) in [
        ("/catalog/v1/products", 200),
        ("/catalog/v1/gone", 404),
        ("/helpdesk/v1/tickets", 503),
        ("/nowhere", 404),
        ("/catalog//v1", 400),
        ("/", 200),
        ("/openapi.json", 200),
        ("/docs/", 200),
    ] {
        let answer = gateway.get(path).await;
        let headers = answer.headers();
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["x-frame-options"], "DENY");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
        assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none';"));
        assert!(!headers.contains_key("server") && !headers.contains_key("access-control-allow-origin"));
        let cached =
            if path == "/openapi.json" || path == "/docs/" { headers["cache-control"] != "no-store" } else { true };
        assert!(cached && headers.contains_key("cache-control"), "{path}");
    }
}

#[actix_web::test]
async fn a_cookie_speaks_for_its_owner_only_where_that_was_looked_at() {
    let (catalog, identity) = (behind(), behind());
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url), ("CAIRN_UPSTREAMS_IDENTITY", &identity.url)]);
    let cookie = format!("theme=dark; cairn-access={}", gateway.token());
    let ask = |method: &str, path: &str| gateway.anonymous(method, path).header("cookie", &cookie);
    let shown: Value = ask("GET", "/catalog/v1/products").send().await.unwrap().json().await.unwrap();
    let told = shown["headers"].to_string();
    assert!(told.contains("Bearer ") && told.contains("theme=dark") && !told.contains("cairn-access"), "{told}");
    let refused = ask("POST", "/catalog/v1/products").send().await.unwrap();
    assert_eq!((refused.status().as_u16(), problem(refused).await.as_str()), (403, "CSRF_TOKEN_INVALID"));
    // A public operation is anybody's: nobody was asked for the CSRF token.
    let shown: Value = ask("POST", "/identity/v1/sessions").send().await.unwrap().json().await.unwrap();
    assert!(!shown["headers"].to_string().contains("Bearer "), "{shown}");
    assert_eq!(catalog.asked(), 1);
}

#[actix_web::test]
async fn the_contract_is_served_with_an_etag() {
    let gateway = gateway(&[]);
    let get = |known: Option<&str>| {
        let request = gateway.anonymous("GET", "/openapi.json");
        known
            .map_or_else(|| gateway.anonymous("GET", "/openapi.json"), |etag| request.header("if-none-match", etag))
            .send()
    };
    let answer = get(None).await.unwrap();
    let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.json::<Value>().await.unwrap(), contract());
    let answer = get(Some(&format!("\"other\", W/{etag}"))).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["etag"].to_str().unwrap()), (304, etag.as_str()));
    assert_eq!(get(Some("\"other\"")).await.unwrap().status(), 200);
}

#[actix_web::test]
async fn the_explorer_loads_everything_from_itself() {
    let gateway = gateway(&[]);
    let answer = gateway.anonymous("GET", "/docs").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["location"]), (308, &"/docs/".parse().unwrap()));
    let answer = gateway.anonymous("GET", "/docs/").send().await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let page = answer.text().await.unwrap();
    let files: Vec<_> =
        page.split(['"']).filter(|text| [".css", ".js", ".png"].iter().any(|end| text.ends_with(end))).collect();
    assert!(files.len() >= 6, "{files:?}");
    for file in files {
        assert!(!file.contains("//"), "{file} is somewhere else");
        let answer =
            gateway.anonymous("GET", &format!("/docs/{}", file.trim_start_matches("./"))).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{file}");
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(
            ["text/css", "text/javascript", "image/png"].iter().any(|known| kind.starts_with(known)),
            "{file}: {kind}"
        );
    }
    let start = gateway.anonymous("GET", "/docs/swagger-initializer.js").send().await.unwrap().text().await.unwrap();
    assert!(start.contains("/openapi.json") && !start.contains("petstore"));
    assert_eq!(gateway.anonymous("GET", "/docs/none.js").send().await.unwrap().status(), 404);
}
