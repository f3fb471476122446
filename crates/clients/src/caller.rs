//! How one service asks another.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth::ServiceSigner;
use kernel::{Actor, Clock, Problem};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How long an answer may take, from the first byte sent to the last received.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);
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
        let token = self.sign(Some(who))?;
        let ask = |address: String| {
            self.caller.http.get(address).bearer_auth(&token).header("traceparent", who.trace.to_string())
        };
        self.read(self.send(ask, path).await?, StatusCode::NOT_FOUND, path).await
    }

    /// Asks an internal route as the caller with this token does. `None`: they may not, or there is no such thing.
    pub(crate) async fn get_as<T: DeserializeOwned>(
        &self,
        token: &str,
        path: &str,
        patience: Duration,
    ) -> Result<Option<T>, Problem> {
        let ask = |address: String| self.caller.http.get(address).bearer_auth(token).timeout(patience);
        let answer = self.send(ask, path).await?;
        let none = if answer.status() == StatusCode::NOT_FOUND { StatusCode::NOT_FOUND } else { StatusCode::FORBIDDEN };
        self.read(answer, none, path).await
    }

    /// Has an internal route judge something that belongs to no tenant yet. `None`: it was refused.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<Option<T>, Problem> {
        let token = self.sign(None)?;
        let ask = |address: String| self.caller.http.post(address).bearer_auth(&token).json(body);
        self.read(self.send(ask, path).await?, StatusCode::UNAUTHORIZED, path).await
    }

    fn sign(&self, who: Option<&Actor>) -> Result<String, Problem> {
        let Caller { signer, clock, .. } = &self.caller;
        let (tenant, person) = (who.map(|who| who.tenant), who.and_then(Actor::person));
        signer.sign(self.service, tenant, person, clock.now()).map_err(Problem::internal)
    }

    async fn read<T: DeserializeOwned>(
        &self,
        answer: Response,
        none: StatusCode,
        path: &str,
    ) -> Result<Option<T>, Problem> {
        let status = answer.status();
        if status == none {
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
    async fn send(&self, ask: impl Fn(String) -> RequestBuilder, path: &str) -> Result<Response, Problem> {
        let mut refusal = None;
        for upstream in &self.upstreams {
            match ask(format!("{upstream}/internal/{}/v1/{path}", self.service)).send().await {
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

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::config::Config;
    use kernel::keys::MasterKey;
    use kernel::problem::{INTERNAL, UNAVAILABLE};
    use kernel::{TenantId, Trace};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// A service that gives every caller the same answer; what it was asked comes back by the task.
    async fn service(answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut question = vec![0; 4_096];
            let length = stream.read(&mut question).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&question[..length]).into_owned()
        });
        (address, asked)
    }

    /// An address that nobody listens on.
    async fn nowhere() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    }

    fn line(upstreams: Vec<String>) -> Line {
        let key = ("CAIRN_MASTER_KEY".to_owned(), MasterKey::random().unwrap().to_text());
        let config = Config::from_pairs([key]).unwrap();
        let signer = ServiceSigner::new(&config.keys, "adoption").unwrap();
        Line::new(Caller::new(Arc::new(signer), Clock::system()), "catalog", "The catalog", upstreams)
    }

    fn actor() -> Actor {
        Actor::service("adoption", TenantId::fresh(), Trace::start())
    }

    #[tokio::test]
    async fn an_address_that_refuses_is_passed_over_and_the_next_one_is_asked_as_ourselves() {
        let (address, asked) = service("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n42").await;
        let who = actor();
        let answer = line(vec![nowhere().await, address]).get::<i32>(&who, "products/1/blueprint").await;
        assert_eq!(answer.unwrap(), Some(42));
        let asked = asked.await.unwrap().to_lowercase();
        assert!(asked.starts_with("get /internal/catalog/v1/products/1/blueprint http/1.1"), "{asked}");
        assert!(asked.contains("authorization: bearer ") && asked.contains(&who.trace.to_string()), "{asked}");
    }

    #[tokio::test]
    async fn what_is_not_there_is_none_and_no_error() {
        let (address, _asked) = service("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await;
        assert_eq!(line(vec![address]).get::<i32>(&actor(), "x").await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_service_that_is_away_or_failing_is_unavailable() {
        let problem = line(vec![nowhere().await]).get::<i32>(&actor(), "x").await.unwrap_err();
        assert_eq!((problem.kind(), problem.retry_after_seconds()), (&UNAVAILABLE, Some(2)));
        let (address, _asked) = service("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n").await;
        assert_eq!(line(vec![address]).get::<i32>(&actor(), "x").await.unwrap_err().kind(), &UNAVAILABLE);
        let (address, _asked) = service("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n4").await;
        assert_eq!(line(vec![address]).get::<i32>(&actor(), "x").await.unwrap_err().kind(), &UNAVAILABLE);
    }

    #[tokio::test]
    async fn a_refusal_or_nonsense_is_a_fault_of_ours() {
        for answer in ["HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"]
        {
            let (address, _asked) = service(answer).await;
            assert_eq!(line(vec![address]).get::<i32>(&actor(), "x").await.unwrap_err().kind(), &INTERNAL);
        }
    }
}
