//! What an attacker writes on the wire.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::support::{behind, gateway, problem, read};

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
        "Content-Length : 4",
        "Content-Length:\r\n 4",
        "X-Folded: a\r\n Transfer-Encoding: chunked",
        "Transfer-Encoding:\r\n\tchunked",
        "Content-Length: 4\rTransfer-Encoding: chunked",
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
async fn a_head_too_large_is_refused() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let long = |bytes: usize| gateway.request("GET", "/catalog/v1/products").header("x-long", "x".repeat(bytes)).send();
    assert_eq!(long(20_000).await.unwrap().status(), 200);
    let answer = long(40_000).await.unwrap();
    assert_eq!((answer.status().as_u16(), problem(answer).await.as_str()), (431, "HEADERS_TOO_LARGE"));
    let query = gateway.get(&format!("/catalog/v1/products?q={}", "x".repeat(40_000))).await;
    assert_eq!((query.status().as_u16(), problem(query).await.as_str()), (431, "HEADERS_TOO_LARGE"));
    // What is too large to be read at all is refused by the server under the gateway.
    let answer = gateway
        .raw(&format!("GET /catalog/v1/products HTTP/1.1\r\nHost: g\r\nX-Long: {}\r\n\r\n", "x".repeat(200_000)))
        .await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert_eq!(catalog.asked(), 1);
}

#[actix_web::test]
async fn a_tunnel_or_an_upgrade_hides_no_second_request() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let token = gateway.token();
    let second = "GET /catalog/v1/second HTTP/1.1\r\nHost: g\r\n\r\n";
    let tunnel = gateway.raw(&format!("CONNECT inside:80 HTTP/1.1\r\nHost: inside:80\r\n\r\n{second}")).await;
    assert!(tunnel.starts_with("HTTP/1.1 400") && tunnel.matches("HTTP/1.1 ").count() == 1, "{tunnel}");
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket";
    // A service that does not agree answers; what was sent behind is no request.
    let head =
        format!("GET /catalog/v1/gone HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {token}\r\n{upgrade}\r\n\r\n");
    let answer = gateway.raw(&format!("{head}{second}")).await;
    assert!(answer.starts_with("HTTP/1.1 404") && answer.matches("HTTP/1.1 ").count() == 1, "{answer}");
    assert_eq!(catalog.asked(), 0);
}

#[actix_web::test]
async fn a_body_that_stops_arriving_holds_nothing_for_long() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let mut stream = TcpStream::connect(&gateway.address).await.unwrap();
    let head = "POST /catalog/v1/products HTTP/1.1\r\nHost: g\r\nContent-Length: 100";
    stream.write_all(format!("{head}\r\nAuthorization: Bearer {}\r\n\r\n", gateway.token()).as_bytes()).await.unwrap();
    // A byte now and then does not help.
    let started = Instant::now();
    let answer = loop {
        let _closed = stream.write_all(b"x").await;
        let answer = read(&mut stream).await;
        if !answer.is_empty() || started.elapsed() > Duration::from_secs(40) {
            break answer;
        }
        sleep(Duration::from_secs(2)).await;
    };
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("REQUEST_TIMEOUT"), "{answer}");
    assert_eq!(catalog.asked(), 0);
}
