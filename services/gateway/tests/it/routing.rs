//! Which server is asked, with what, and which one next.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::support::{behind, gateway, hanging_up, problem, refusing};

async fn shown(answer: reqwest::Response) -> Value {
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

fn header<'a>(shown: &'a Value, name: &str) -> Vec<&'a str> {
    let all = shown["headers"].as_array().unwrap().iter();
    all.filter(|pair| pair[0] == name).map(|pair| pair[1].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn the_first_segment_names_the_service() {
    let (catalog, helpdesk) = (behind(), behind());
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url), ("CAIRN_UPSTREAMS_HELPDESK", &helpdesk.url)]);
    assert_eq!(shown(gateway.get("/catalog/v1/products").await).await["server"], catalog.url);
    assert_eq!(shown(gateway.get("/helpdesk").await).await["server"], helpdesk.url);
    for path in ["/unknown/v1/x", "/internal/catalog/v1/events", "/gateway/v1/x", "/Catalog/v1/products"] {
        let answer = gateway.get(path).await;
        assert_eq!((answer.status().as_u16(), problem(answer).await.as_str()), (404, "NOT_FOUND"), "{path}");
    }
    assert_eq!((catalog.asked(), helpdesk.asked()), (1, 1));
}

#[actix_web::test]
async fn path_query_and_method_arrive_byte_for_byte() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let target = "/catalog/v1/O'Brien/%C3%A9%20x/?q='a'&filter[]={x}&same=1&same=%2F..//;";
    let token = gateway.token();
    let answer =
        gateway.raw(&format!("PURGE {target} HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {token}\r\n\r\n")).await;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let shown: Value = serde_json::from_str(body).unwrap();
    assert_eq!((shown["target"].as_str().unwrap(), shown["method"].as_str().unwrap()), (target, "PURGE"));
}

#[actix_web::test]
async fn headers_travel_both_ways_but_those_of_the_hop() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let token = gateway.token();
    let request = format!(
        "GET /catalog/v1/products HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {token}\r\nX-One: 1\r\nX-One: 2\r\nX-Hop: 3\r\n\
         Connection: keep-alive, X-Hop\r\nTE: trailers\r\nUpgrade: h2c\r\nX-Request-Id: mine\r\n\
         traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n"
    );
    let answer = gateway.raw(&request).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let shown: Value = serde_json::from_str(body).unwrap();
    assert_eq!(header(&shown, "x-one"), ["1", "2"]);
    assert_eq!(header(&shown, "authorization"), [format!("Bearer {token}")]);
    assert_eq!(header(&shown, "x-request-id"), ["mine"]);
    let [trace] = header(&shown, "traceparent")[..] else { panic!("one traceparent") };
    assert!(trace.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && !trace.contains("b7ad6b7169203331"));
    for name in ["x-hop", "te", "upgrade", "connection"] {
        assert!(header(&shown, name).is_empty(), "{name}");
    }
    let head = head.to_ascii_lowercase();
    assert!(head.contains("x-own: kept") && head.contains("set-cookie: a=1") && head.contains("set-cookie: b=2"));
    assert!(head.contains("x-request-id: mine") && !head.contains("server:"));
}

#[actix_web::test]
async fn the_clients_word_about_itself_does_not_count() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let spoofed =
        ["x-cairn-client", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded"];
    let request = gateway.request("GET", "/catalog/v1/products");
    let request = spoofed.iter().fold(request, |request, name| request.header(*name, "6.6.6.6"));
    let shown = shown(request.send().await.unwrap()).await;
    assert_eq!(header(&shown, "x-cairn-client"), ["127.0.0.1"]);
    assert!(!shown["headers"].to_string().contains("6.6.6.6"));
}

#[actix_web::test]
async fn a_trusted_proxy_names_the_client() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url), ("CAIRN_TRUSTED_PROXIES", "127.0.0.1")]);
    let request = gateway.request("GET", "/catalog/v1/products").header("x-forwarded-for", "6.6.6.6, 198.51.100.7");
    assert_eq!(header(&shown(request.send().await.unwrap()).await, "x-cairn-client"), ["198.51.100.7"]);
}

#[actix_web::test]
async fn a_refused_connection_is_retried_elsewhere_whatever_the_method() {
    let catalog = behind();
    let both = format!("http://{},{}", refusing(), catalog.url);
    for method in ["GET", "PUT", "POST", "PATCH"] {
        let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &both)]);
        for _ in 0..3 {
            let shown =
                shown(gateway.request(method, "/catalog/v1/products").body("again").send().await.unwrap()).await;
            assert_eq!(shown["body"], "again");
        }
    }
    assert_eq!(catalog.asked(), 12);
}

#[actix_web::test]
async fn when_all_refuse_the_caller_is_told_to_come_back() {
    let both = format!("http://{},http://{}", refusing(), refusing());
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &both)]);
    let answer = gateway.get("/catalog/v1/products").await;
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(problem(answer).await, "UNAVAILABLE");
}

#[actix_web::test]
async fn servers_take_turns() {
    let (one, two) = (behind(), behind());
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &format!("{},{}", one.url, two.url))]);
    for _ in 0..6 {
        gateway.get("/catalog/v1/products").await;
    }
    assert_eq!((one.asked(), two.asked()), (3, 3));
}

#[actix_web::test]
async fn what_was_sent_is_sent_again_only_when_that_is_harmless() {
    for (method, key, status) in
        [("POST", None, 502), ("PATCH", None, 502), ("GET", None, 200), ("POST", Some("k"), 200)]
    {
        let (broken, catalog) = (hanging_up(), behind());
        let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &format!("{},{}", broken.url, catalog.url))]);
        let mut request = gateway.request(method, "/catalog/v1/products").body("once");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{method} {key:?}");
        assert_eq!((broken.asked(), catalog.asked()), (1, usize::from(status == 200)), "{method} {key:?}");
        if status == 502 {
            assert_eq!(problem(answer).await, "UPSTREAM_FAILED");
        }
    }
}

#[actix_web::test]
async fn a_service_that_takes_too_long_is_not_waited_for() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url), ("CAIRN_REQUEST_TIMEOUT_SECONDS", "1")]);
    let answer = gateway.get("/catalog/v1/slow?ms=30000").await;
    assert_eq!(answer.status(), 504);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(problem(answer).await, "UPSTREAM_TIMEOUT");
    // The question was withdrawn, and asked once only.
    sleep(Duration::from_millis(200)).await;
    assert_eq!((catalog.asked(), catalog.abandoned.load(Ordering::SeqCst)), (1, 1));
}

#[actix_web::test]
async fn a_client_that_leaves_takes_its_request_along() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    for path in ["/catalog/v1/slow?ms=30000", "/catalog/v1/drip?ms=30000"] {
        let mut stream = TcpStream::connect(&gateway.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {}\r\n\r\n", gateway.token());
        stream.write_all(request.as_bytes()).await.unwrap();
        sleep(Duration::from_millis(200)).await;
        drop(stream);
        sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(catalog.abandoned.load(Ordering::SeqCst), 2);
}
