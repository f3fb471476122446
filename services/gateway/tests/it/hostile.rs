//! What an attacker writes on the wire.

use crate::support::{behind, gateway};

#[actix_web::test]
async fn path_tricks_are_refused_before_routing() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let token = gateway.token();
    for path in [
        "/catalog/../internal/catalog/v1/events",
        "/catalog/%2e%2e/internal/x",
        "/catalog/%2E%2E%2Finternal",
        "//internal/x",
        "/./internal",
        "/catalog/..%5cinternal",
        "/catalog\\..\\internal",
        "/catalog;x/v1",
        "/catalog/v1;x=1/products",
        "/catalog%2Fv1/products",
        "/catalog/v1/%00",
        "/catalog/v1/%0d%0aX:1",
        "/docs/../internal/x",
        "/docs/%2e%2e/x",
        "http://other",
        "*",
    ] {
        let answer =
            gateway.raw(&format!("GET {path} HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {token}\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 400") || path == "http://other", "{path}: {answer}");
        assert!(!answer.starts_with("HTTP/1.1 200") || path == "http://other", "{path}: {answer}");
    }
    assert_eq!(catalog.asked(), 0);
}

#[actix_web::test]
async fn a_request_whose_length_is_ambiguous_is_refused_and_nothing_is_smuggled() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let token = gateway.token();
    let smuggled = "GET /catalog/v1/smuggled HTTP/1.1\r\nHost: g\r\n\r\n";
    for lengths in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
        "Content-Length: 4\r\nContent-Length: 60",
        "Content-Length: 4, 4",
        "Content-Length: +4",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding : chunked",
    ] {
        let head = format!(
            "POST /catalog/v1/products HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {token}\r\n{lengths}\r\n\r\n"
        );
        let answer = gateway.raw(&format!("{head}0\r\n\r\n{smuggled}")).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{lengths}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{lengths}: {answer}");
    }
    assert_eq!(catalog.asked(), 0);
}

#[actix_web::test]
async fn a_head_too_large_to_read_is_refused() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let answer = gateway
        .raw(&format!("GET /catalog/v1/products HTTP/1.1\r\nHost: g\r\nX-Long: {}\r\n\r\n", "x".repeat(200_000)))
        .await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert_eq!(catalog.asked(), 0);
}
