//! How one service asks another.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth::ServiceSigner;
use kernel::{Actor, Clock, Problem};
use reqwest::{Client, Response};
use serde::de::DeserializeOwned;

/// How long an answer may take, from the first byte sent to the last received.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long an address may take to accept a connection before the next one is tried.
const CONNECT_PATIENCE: Duration = Duration::from_millis(500);

/// What a service needs to ask others: connections, its signature, the time. Cheap to clone; one per HTTP worker, so
/// that connections live where they are used.
#[derive(Clone)]
pub struct Caller {
    http: Client,
    signer: Arc<ServiceSigner>,
    clock: Clock,
}

impl Caller {
    /// A caller that signs with `signer`.
    #[must_use]
    pub fn new(signer: Arc<ServiceSigner>, clock: Clock) -> Self {
        // Services are neighbours: a proxy meant for the outside world must not stand between them.
        let http = Client::builder().no_proxy().connect_timeout(CONNECT_PATIENCE).timeout(PATIENCE).build();
        Self { http: http.unwrap_or_default(), signer, clock }
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Caller")
    }
}

/// A line from one service to another.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    caller: Caller,
    service: &'static str,
    /// What a person reads when the service is away.
    title: &'static str,
    upstreams: Vec<String>,
}

impl Line {
    pub(crate) fn new(caller: Caller, service: &'static str, title: &'static str, upstreams: Vec<String>) -> Self {
        Self { caller, service, title, upstreams }
    }

    /// Asks an internal route. `None`: there is no such thing.
    pub(crate) async fn get<T: DeserializeOwned>(&self, who: &Actor, path: &str) -> Result<Option<T>, Problem> {
        let answer = self.send(who, path).await?;
        let status = answer.status();
        if status == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if status.is_server_error() {
            return Err(self.away(format!("{} answered {status} to {path}", self.service)));
        }
        if !status.is_success() {
            return Err(Problem::internal(format!("{} answered {status} to {path}", self.service)));
        }
        let body = answer.bytes().await.map_err(|error| self.away(error))?;
        serde_json::from_slice(&body).map(Some).map_err(Problem::internal)
    }

    /// Tries one address after the other until one accepts the connection. Whatever that one does then is the answer: a
    /// request that may have arrived is not sent twice.
    async fn send(&self, who: &Actor, path: &str) -> Result<Response, Problem> {
        let Caller { http, signer, clock } = &self.caller;
        let token = signer.sign(self.service, Some(who.tenant), who.user(), clock.now()).map_err(Problem::internal)?;
        let mut refusal = None;
        for upstream in &self.upstreams {
            let request = http
                .get(format!("{upstream}/internal/{}/v1/{path}", self.service))
                .bearer_auth(&token)
                .header("traceparent", who.trace.to_string());
            match request.send().await {
                Ok(answer) => return Ok(answer),
                Err(error) if error.is_connect() => {
                    tracing::debug!(service = self.service, upstream, %error, "an address does not accept connections");
                    refusal = Some(error);
                }
                Err(error) => return Err(self.away(error)),
            }
        }
        Err(match refusal {
            Some(error) => self.away(error),
            None => Problem::internal(format!("no address of {} is configured", self.service)),
        })
    }

    fn away(&self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Problem {
        Problem::unavailable(self.title, cause)
    }
}
