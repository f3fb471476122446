//! The routes file, and servers that fail for a while.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::time::sleep;

use crate::support::{Behind, Gateway, behind, gateway, hang_up, hanging_up, problem};

/// A routes file that goes with its test.
struct Routes(PathBuf);

impl Routes {
    fn new(text: &str) -> Self {
        let routes = Self(std::env::temp_dir().join(format!("cairn-routes-{}.toml", kernel::TenantId::fresh())));
        routes.write(text);
        routes
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.0, text).unwrap();
    }

    fn gateway(&self) -> Gateway {
        gateway(&[("CAIRN_ROUTES_FILE", self.0.to_str().unwrap()), ("CAIRN_BODY_LIMIT", "1000")])
    }
}

impl Drop for Routes {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.0);
    }
}

fn service(name: &str, behind: &[&Behind], more: &str) -> String {
    let urls: Vec<_> = behind.iter().map(|behind| behind.url.as_str()).collect();
    format!("[[service]]\nname = \"{name}\"\nupstreams = {urls:?}\n{more}\n")
}

#[actix_web::test]
async fn the_file_names_the_services_and_their_limits() {
    let (catalog, portal) = (behind(), behind());
    let limits = "request-timeout-seconds = 1\nbody-limit-bytes = 10\npublic = [\"GET /portal/status/{id}\"]";
    let routes = Routes::new(&(service("catalog", &[&catalog], "") + &service("portal", &[&portal], limits)));
    let gateway = routes.gateway();
    let shown: Value = gateway.get("/portal/x").await.json().await.unwrap();
    assert_eq!(shown["server"], portal.url);
    assert_eq!(gateway.get("/helpdesk/v1/tickets").await.status(), 404, "it is not in the file");
    assert_eq!(gateway.anonymous("GET", "/portal/status/1").send().await.unwrap().status(), 200);
    assert_eq!(gateway.anonymous("POST", "/portal/status/1").send().await.unwrap().status(), 401);
    let sent = async |path: &str, bytes: usize| {
        gateway.request("POST", path).body("x".repeat(bytes)).send().await.unwrap().status().as_u16()
    };
    assert_eq!((sent("/portal/x", 10).await, sent("/portal/x", 11).await), (200, 413));
    assert_eq!((sent("/catalog/v1/x", 11).await, sent("/catalog/v1/x", 1_001).await), (200, 413));
    let health: Value = gateway.anonymous("GET", "/readyz").send().await.unwrap().json().await.unwrap();
    let names: Vec<_> = health["services"].as_array().unwrap().iter().map(|row| row["service"].clone()).collect();
    assert_eq!(names, ["gateway", "catalog", "portal"]);
}

#[actix_web::test]
async fn a_service_takes_so_many_requests_and_no_more() {
    let catalog = behind();
    let routes = Routes::new(&service("catalog", &[&catalog], "requests-per-second = 1"));
    let gateway = routes.gateway();
    assert_eq!(gateway.get("/catalog/v1/x").await.status(), 200);
    assert_eq!(gateway.get("/catalog/v1/x").await.status(), 200);
    let answer = gateway.get("/catalog/v1/x").await;
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!((answer.status().as_u16(), problem(answer).await.as_str()), (429, "RATE_LIMITED"));
}

#[actix_web::test]
async fn hanging_up_reads_the_file_again_and_drops_no_request() {
    let (one, two) = (behind(), behind());
    let routes = Routes::new(&service("catalog", &[&one], ""));
    let gateway = routes.gateway();
    let under_way = actix_web::rt::spawn(gateway.request("GET", "/catalog/v1/slow?ms=1000").send());
    sleep(Duration::from_millis(200)).await;
    routes.write(&service("catalog", &[&two], ""));
    hang_up().await;
    let shown: Value = gateway.get("/catalog/v1/x").await.json().await.unwrap();
    assert_eq!(shown["server"], two.url);
    assert_eq!(under_way.await.unwrap().unwrap().text().await.unwrap(), "late");
    // What cannot be used changes nothing.
    routes.write("[[service]]\nname = \"catalog\"\ncolour = 1");
    hang_up().await;
    let shown: Value = gateway.get("/catalog/v1/x").await.json().await.unwrap();
    assert_eq!(shown["server"], two.url);
}

#[actix_web::test]
async fn a_server_that_fails_is_left_out_and_comes_back() {
    let (broken, well) = (hanging_up(), behind());
    let routes = Routes::new(&service("catalog", &[&broken, &well], ""));
    let gateway = routes.gateway();
    for _ in 0..20 {
        assert_eq!(gateway.get("/catalog/v1/x").await.status(), 200);
    }
    assert_eq!((broken.asked(), well.asked()), (5, 20));
    // It stays out across a reload.
    hang_up().await;
    gateway.get("/catalog/v1/x").await;
    assert_eq!(broken.asked(), 5);
    sleep(Duration::from_millis(1_100)).await;
    for _ in 0..5 {
        assert_eq!(gateway.get("/catalog/v1/x").await.status(), 200);
    }
    assert_eq!(broken.asked(), 6, "one trial");
}

#[actix_web::test]
async fn a_service_that_fails_altogether_is_spared() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let ask = async |status: u16| gateway.get(&format!("/catalog/v1/status/{status}")).await.status().as_u16();
    // What is the caller's fault, or the service's own, does not count, nor does what is not there yet.
    for status in [500, 404, 409, 429, 500, 500, 500] {
        assert_eq!(ask(status).await, status);
    }
    let early = || gateway.request("GET", "/catalog/v1/status/503").header("cairn-read-after", "x").send();
    for _ in 0..6 {
        assert_eq!(early().await.unwrap().status(), 503);
    }
    for status in [502, 503, 504, 503, 503] {
        assert_eq!(ask(status).await, status);
    }
    let asked = catalog.asked();
    let started = Instant::now();
    let answer = gateway.get("/catalog/v1/x").await;
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "1"));
    assert_eq!(problem(answer).await, "UNAVAILABLE");
    assert!(started.elapsed() < Duration::from_millis(500) && catalog.asked() == asked);
    sleep(Duration::from_millis(1_100)).await;
    assert_eq!((ask(200).await, ask(200).await), (200, 200));
}

#[actix_web::test]
async fn the_busy_are_asked_less() {
    let (one, two) = (behind(), behind());
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &format!("{},{}", one.url, two.url))]);
    let slow = actix_web::rt::spawn(gateway.request("GET", "/catalog/v1/slow?ms=1500").send());
    sleep(Duration::from_millis(200)).await;
    let (busy, idle) = if one.asked() == 1 { (one, two) } else { (two, one) };
    for _ in 0..6 {
        gateway.get("/catalog/v1/x").await;
    }
    assert_eq!((busy.asked(), idle.asked()), (1, 6));
    slow.await.unwrap().unwrap();
}
