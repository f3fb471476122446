//! Bodies flow both ways and are never larger than allowed.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use reqwest::Body;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::support::{behind, gateway, problem, read};

#[actix_web::test]
async fn an_answer_flows_before_it_is_complete() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let started = Instant::now();
    let mut chunks = gateway.get("/catalog/v1/drip?ms=700").await.bytes_stream();
    assert_eq!(chunks.next().await.unwrap().unwrap(), "chunk 0\n");
    assert!(started.elapsed() < Duration::from_millis(600));
    assert_eq!(chunks.next().await.unwrap().unwrap(), "chunk 1\n");
    assert!(started.elapsed() >= Duration::from_millis(700));
    assert!(chunks.next().await.is_none());
}

#[actix_web::test]
async fn a_request_flows_before_it_is_complete() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let mut stream = TcpStream::connect(&gateway.address).await.unwrap();
    let head = format!(
        "POST /catalog/v1/flow HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        gateway.token()
    );
    stream.write_all(format!("{head}5\r\nfirst\r\n").as_bytes()).await.unwrap();
    // The service echoes as it reads: its answer to the first chunk is here while the second is not yet written.
    assert!(read(&mut stream).await.contains("first"));
    stream.write_all(b"4\r\nlast\r\n0\r\n\r\n").await.unwrap();
    assert!(read(&mut stream).await.contains("last"));
}

#[actix_web::test]
async fn large_bodies_arrive_whole() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    for size in [0, 1, 65_536, 65_537, 5_000_000] {
        let sent: Vec<u8> = (0..=250).cycle().take(size).collect();
        let answer = gateway.request("POST", "/catalog/v1/flow").body(sent.clone()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.bytes().await.unwrap() == sent, "{size} bytes up");
        let answer = gateway.get(&format!("/catalog/v1/big?bytes={size}")).await;
        assert_eq!(answer.content_length(), Some(u64::try_from(size).unwrap()));
        assert_eq!(answer.bytes().await.unwrap().len(), size);
    }
}

#[actix_web::test]
async fn an_answer_to_head_has_a_length_and_no_body() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let request = |method: &str| {
        format!(
            "{method} /catalog/v1/big?bytes=100000 HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {}\r\n\r\n",
            gateway.token()
        )
    };
    let answer = gateway.raw(&request("HEAD")).await.to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 200") && answer.contains("content-length: 100000"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n") && answer.contains("x-method: head"));
}

#[actix_web::test]
async fn a_services_problem_passes_unchanged() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let answer = gateway.get("/catalog/v1/gone").await;
    assert_eq!((answer.status().as_u16(), problem(answer).await.as_str()), (404, "NOT_FOUND"));
}

#[actix_web::test]
async fn a_body_that_says_it_is_too_large_is_refused_at_once() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url), ("CAIRN_BODY_LIMIT", "100000")]);
    let request = format!(
        "POST /catalog/v1/flow HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {}\r\nContent-Length: 100001\r\n\r\n",
        gateway.token()
    );
    let answer = gateway.raw(&request).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("BODY_TOO_LARGE"), "{answer}");
    assert_eq!(catalog.asked(), 0);
}

#[actix_web::test]
async fn a_body_that_turns_out_too_large_is_refused_on_the_way() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url), ("CAIRN_BODY_LIMIT", "100000")]);
    let chunks = stream::iter(0..11).then(|_| async {
        sleep(Duration::from_millis(5)).await;
        Ok::<_, std::io::Error>(vec![b'x'; 10_000])
    });
    // Answered when the last chunk is one too many; the service waits for the whole body before it says anything.
    let answer = gateway.request("POST", "/catalog/v1/products").body(Body::wrap_stream(chunks)).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), problem(answer).await.as_str()), (413, "BODY_TOO_LARGE"));
    assert_eq!(catalog.asked(), 0);
}

#[actix_web::test]
async fn half_a_body_never_passes_for_a_whole_one() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let mut stream = TcpStream::connect(&gateway.address).await.unwrap();
    let head = format!(
        "POST /catalog/v1/products HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        gateway.token()
    );
    stream.write_all(format!("{head}5\r\nfirst\r\n").as_bytes()).await.unwrap();
    sleep(Duration::from_millis(200)).await;
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    let _closed = stream.read_to_end(&mut rest).await;
    sleep(Duration::from_millis(200)).await;
    // The handler behind takes the whole body first: it was never called.
    assert_eq!(catalog.asked(), 0);
}
