//! The gateway's own word: health, metrics, what it refuses to start with, how it stops.

use std::time::{Duration, Instant};

use auth::Jwks;
use gateway::ServeError;
use serde_json::Value;

use crate::support::{behind, gateway, refusing, start};

const SERVICES: [&str; 6] = ["IDENTITY", "CATALOG", "ADOPTION", "TELEMETRY", "WORKFLOW", "HELPDESK"];

async fn readiness(down: Option<&str>) -> (u16, Value) {
    let (up, nowhere) = (behind(), format!("http://{}", refusing()));
    let names = SERVICES.map(|service| format!("CAIRN_UPSTREAMS_{service}"));
    let of = |service: &str| if down == Some(service) { nowhere.as_str() } else { up.url.as_str() };
    let settings: Vec<_> = names.iter().zip(SERVICES).map(|(name, service)| (name.as_str(), of(service))).collect();
    let gateway = gateway(&settings);
    let answer = gateway.anonymous("GET", "/readyz").send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[actix_web::test]
async fn the_platform_is_ready_when_every_server_is() {
    let (status, body) = readiness(None).await;
    // There is no broker in these tests: what follows from changes would come later.
    assert_eq!((status, body["status"].as_str().unwrap()), (200, "DEGRADED"));
    assert_eq!(body["services"].as_array().unwrap().len(), 7);
}

#[actix_web::test]
async fn what_is_not_ready_is_named() {
    let (status, body) = readiness(Some("TELEMETRY")).await;
    assert_eq!((status, body["status"].as_str().unwrap()), (503, "NOT_READY"));
    for service in body["services"].as_array().unwrap() {
        if service["service"] == "telemetry" {
            assert_eq!(
                (service["status"].as_str().unwrap(), &service["missing"][0]),
                ("NOT_READY", &"cannot be reached".into())
            );
        } else {
            assert_eq!((service["status"].as_str().unwrap(), service.get("missing")), ("READY", None));
        }
    }
}

#[actix_web::test]
async fn metrics_are_for_this_machine_only() {
    let gateway = gateway(&[]);
    assert_eq!(gateway.anonymous("GET", "/healthz").send().await.unwrap().status(), 200);
    let metrics = gateway.anonymous("GET", "/metrics").send().await.unwrap();
    assert_eq!(metrics.status(), 200);
    // A proxy on this machine speaks for somebody else.
    let proxied = gateway.anonymous("GET", "/metrics").header("x-forwarded-for", "198.51.100.7").send().await.unwrap();
    assert_eq!(proxied.status(), 404);
}

#[actix_web::test]
async fn settings_that_cannot_be_meant_are_refused() {
    let refused = |name: &str, value: &str| start(&[(name, value)], &Jwks::default()).err().unwrap();
    let ServeError::Routes(error) = refused("CAIRN_UPSTREAMS_CATALOG", "catalog:7402") else { panic!("an address") };
    assert_eq!(error.0, ["`catalog:7402` in CAIRN_UPSTREAMS_CATALOG is no address; give http://host:port"]);
    assert!(matches!(refused("CAIRN_ROUTES_FILE", "/nowhere/routes.toml"), ServeError::Routes(_)));
    assert!(matches!(refused("CAIRN_CORS_ORIGINS", "*"), ServeError::Origin(_)));
}

#[actix_web::test]
async fn a_gateway_that_stops_is_not_ready() {
    let gateway = gateway(&[]);
    gateway.context.stop.cancel();
    let answer = gateway.anonymous("GET", "/readyz").send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap()["status"].as_str()),
        (503, Some("STOPPING"))
    );
}

#[actix_web::test]
async fn stopping_lets_requests_finish() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let slow = actix_web::rt::spawn(gateway.request("GET", "/catalog/v1/slow?ms=600").send());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (http, url, started) = (gateway.http.clone(), gateway.url.clone(), Instant::now());
    gateway.running.stop().await;
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(slow.await.unwrap().unwrap().text().await.unwrap(), "late");
    assert!(http.get(format!("{url}/healthz")).send().await.is_err());
}
