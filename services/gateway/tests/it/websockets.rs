//! WebSockets through the gateway.

use std::sync::atomic::Ordering;
use std::time::Duration;

use auth::Revocation;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{Gateway, behind, gateway, read};

const HANDSHAKE: &str =
    "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13";

/// Asks for a WebSocket; gives the connection and the answer.
async fn open(gateway: &Gateway, path: &str, token: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(&gateway.address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {token}\r\n{HANDSHAKE}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = read(&mut stream).await.to_ascii_lowercase();
    (stream, answer)
}

#[actix_web::test]
async fn what_is_said_flows_both_ways() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let (mut stream, answer) = open(&gateway, "/catalog/v1/echo", &gateway.token()).await;
    assert!(answer.starts_with("http/1.1 101") && answer.contains("upgrade: websocket"), "{answer}");
    assert!(answer.contains("sec-websocket-accept: yes"), "{answer}");
    for said in ["one", "two\r\n\r\nGET / HTTP/1.1\r\n\r\n"] {
        stream.write_all(said.as_bytes()).await.unwrap();
        assert_eq!(read(&mut stream).await, said);
    }
    let long = vec![b'x'; 300_000];
    let (mut from, mut to) = stream.split();
    let mut back = vec![0; long.len()];
    let (sent, heard) = tokio::join!(to.write_all(&long), from.read_exact(&mut back));
    sent.unwrap();
    heard.unwrap();
    assert!(back == long);
}

#[actix_web::test]
async fn without_a_token_nobody_gets_one_and_a_refusal_is_an_answer() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let (_, answer) = open(&gateway, "/catalog/v1/echo", "nonsense").await;
    assert!(answer.starts_with("http/1.1 401"), "{answer}");
    assert_eq!(catalog.asked(), 0);
    let (_, answer) = open(&gateway, "/catalog/v1/gone", &gateway.token()).await;
    assert!(answer.starts_with("http/1.1 404"), "{answer}");
    let (_, answer) = open(&gateway, "/helpdesk/v1/echo", &gateway.token()).await;
    assert!(answer.starts_with("http/1.1 503"), "{answer}");
}

#[actix_web::test]
async fn with_a_cookie_only_a_page_of_this_origin_gets_one() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let cookie = format!("Cookie: cairn-access={}", gateway.token());
    for (origin, status) in [("Origin: http://g\r\n", 101), ("Origin: https://evil.example\r\n", 403), ("", 403)] {
        let request = format!("GET /catalog/v1/echo HTTP/1.1\r\nHost: g\r\n{origin}{cookie}\r\n{HANDSHAKE}\r\n\r\n");
        let answer = gateway.raw(&request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{origin}: {answer}");
    }
}

#[actix_web::test]
async fn it_ends_with_the_session_and_with_either_side() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let claims = gateway.claims();
    let (mut stream, _) = open(&gateway, "/catalog/v1/echo", &gateway.sign(&claims)).await;
    let now = gateway.context.clock.now();
    gateway.context.verifier.revocations().add(Revocation::Session(claims.sid), now, now);
    let ended = timeout(Duration::from_secs(10), stream.read(&mut [0; 10])).await.unwrap();
    assert!(ended.is_err() || ended.is_ok_and(|read| read == 0));
    let (stream, _) = open(&gateway, "/catalog/v1/echo", &gateway.token()).await;
    drop(stream);
    assert_eq!(catalog.asked.load(Ordering::SeqCst), 2);
}
