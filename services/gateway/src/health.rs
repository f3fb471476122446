//! Alive, ready, measured. The gateway is ready when every server behind it is: `/readyz` speaks for the whole platform.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::future::join_all;
use http_body_util::{BodyExt, Limited};
use hyper::http::Request;
use hyper::http::uri::PathAndQuery;
use kernel::problem::NOT_FOUND;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::timeout;
use web::Answer;

use crate::address;
use crate::body::Outbound;
use crate::gate::Gate;
use crate::table::Service;
use crate::upstream::{Client, Upstream};

const LONGEST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_REPORT: usize = 16 * 1024;

/// One service's readiness.
#[derive(Serialize)]
struct Report {
    service: String,
    status: &'static str,
    /// What it lacks; empty when it is ready.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<String>,
}

impl Report {
    fn new(service: &str, missing: Vec<String>) -> Self {
        Self { service: service.to_owned(), status: if missing.is_empty() { "READY" } else { "NOT_READY" }, missing }
    }
}

/// `GET /healthz`: this process answers.
pub(crate) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ALIVE" }))
}

/// `GET /readyz`: asks every server at the same time. One question becomes many, so it has the budget of an address.
pub(crate) async fn ready(request: HttpRequest, gate: Data<Gate>, client: Data<Client>) -> Answer {
    gate.limits.count_address(gate.client(&request)).check()?;
    if gate.context.stop.is_cancelled() {
        return Ok(HttpResponse::ServiceUnavailable().json(json!({ "status": "STOPPING" })));
    }
    let keys = if gate.context.knows_whom_to_trust() { Vec::new() } else { vec!["keys".to_owned()] };
    let services = gate.table.services();
    let asked = join_all(services.iter().map(|service| report(service, &client))).await;
    let reports: Vec<_> = std::iter::once(Report::new("gateway", keys)).chain(asked).collect();
    let all = reports.iter().all(|report| report.missing.is_empty());
    let broker = gate.context.broker.load(Ordering::Relaxed) && gate.hub.hears();
    let status = match (all, broker) {
        (true, true) => "READY",
        // Everything can be asked and changed; what follows from changes comes later.
        (true, false) => "DEGRADED",
        (false, _) => "NOT_READY",
    };
    let body = json!({ "status": status, "broker": broker, "services": reports });
    Ok(if all { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) })
}

/// `GET /metrics`: for this machine only.
pub(crate) async fn metrics(request: HttpRequest) -> Answer {
    if !address::is_local(&request) {
        return Err(NOT_FOUND.detail("There is nothing at this path. The API is described at /openapi.json.").into());
    }
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(observe::metrics()))
}

async fn report(service: &Service, client: &Client) -> Report {
    let mut missing: Vec<_> = join_all(service.upstreams().iter().map(|upstream| missing(upstream, client)))
        .await
        .into_iter()
        .flatten()
        .collect();
    missing.sort_unstable();
    missing.dedup();
    Report::new(&service.name, missing)
}

/// What one server says it lacks. Its address is nobody's business here.
async fn missing(upstream: &Upstream, client: &Client) -> Vec<String> {
    match timeout(LONGEST_WAIT, ask(upstream, client)).await {
        Err(_) => vec!["does not answer in time".to_owned()],
        Ok(None) => vec!["cannot be reached".to_owned()],
        Ok(Some((true, _))) => {
            upstream.invite();
            Vec::new()
        }
        Ok(Some((false, told))) => lacking(&told),
    }
}

/// Whether a server is ready, and its report.
async fn ask(upstream: &Upstream, client: &Client) -> Option<(bool, BTreeMap<String, Value>)> {
    let mut request = Request::new(Outbound::Whole(None));
    *request.uri_mut() = upstream.at(PathAndQuery::from_static("/readyz")).ok()?;
    let answer = client.ask(request).await.ok()?;
    let ready = answer.status().is_success();
    let body = Limited::new(answer.into_body(), LONGEST_REPORT).collect().await.ok()?.to_bytes();
    Some((ready, serde_json::from_slice(&body).unwrap_or_default()))
}

/// The parts of a report that are not as they should be: all are to be true but `stopping`.
fn lacking(told: &BTreeMap<String, Value>) -> Vec<String> {
    let parts = told.iter().filter(|(name, value)| **value == Value::Bool(name.as_str() == "stopping"));
    let parts: Vec<_> = parts.map(|(name, _)| name.clone()).collect();
    if parts.is_empty() { vec!["not ready".to_owned()] } else { parts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_what_is_missing() {
        let told = |value: Value| lacking(&serde_json::from_value(value).unwrap());
        assert_eq!(
            told(json!({"status": "NOT_READY", "database": false, "keys": true, "stopping": false})),
            ["database"]
        );
        assert_eq!(told(json!({"database": true, "keys": true, "stopping": true})), ["stopping"]);
        assert_eq!(told(json!({})), ["not ready"]);
    }
}
