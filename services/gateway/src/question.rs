//! One question to a service: the request as its servers get it, asked of one after the other until one answers.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::Method;
use hyper::body::Incoming;
use hyper::http::uri::PathAndQuery;
use hyper::http::{Request, Response};
use kernel::Problem;
use kernel::problem::{REQUEST_MALFORMED, UPSTREAM_FAILED, UPSTREAM_TIMEOUT};
use tokio::time::sleep;

use crate::body::{Inbound, Journey};
use crate::table::Service;
use crate::upstream::{Attempt, Client, Failed};

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A request as each server gets it.
pub(crate) struct Question {
    method: hyper::Method,
    target: PathAndQuery,
    headers: hyper::HeaderMap,
    /// Whether doing it twice is as good as once.
    repeatable: bool,
}

/// How a server failed us.
struct Fruitless {
    problem: Problem,
    /// Whether another server may be asked.
    again: bool,
}

impl Question {
    /// The question that a request is, with the headers that go on.
    pub(crate) fn new(request: &HttpRequest, headers: hyper::HeaderMap) -> Result<Self, Problem> {
        let unreadable = || REQUEST_MALFORMED.detail("The method or the path cannot be read.");
        let target = request.uri().path_and_query().and_then(|target| target.as_str().parse().ok());
        Ok(Self {
            method: request.method().as_str().parse().map_err(|_| unreadable())?,
            target: target.ok_or_else(unreadable)?,
            headers,
            repeatable: is_repeatable(request),
        })
    }

    /// Asks the servers in turn. The next one is asked when nothing was sent, or when what was sent may be sent again.
    pub(crate) async fn ask(
        self,
        mut body: Inbound,
        client: &Client,
        service: &Service,
    ) -> Result<(Response<Incoming>, Attempt), Problem> {
        let (mut tried, mut last) = (Vec::new(), None);
        while let Some(mut attempt) = service.choose(&tried) {
            let fruitless = match self.ask_one(&mut body, client, &attempt, service.request_timeout).await {
                Ok(answer) => return Ok((answer, attempt)),
                Err(fruitless) => fruitless,
            };
            // Of a body that the client did not bring to its end the server knows nothing.
            if tells_of_failure(fruitless.problem.kind().status) {
                attempt.settle(false);
            }
            if !fruitless.again {
                return Err(fruitless.problem);
            }
            tried.push(Arc::clone(attempt.upstream()));
            last = Some(fruitless.problem);
        }
        Err(last.unwrap_or_else(|| service.all_out()))
    }

    async fn ask_one(
        &self,
        body: &mut Inbound,
        client: &Client,
        attempt: &Attempt,
        wait: Duration,
    ) -> Result<Response<Incoming>, Fruitless> {
        let finally = |problem| Fruitless { problem, again: false };
        let (outbound, journey) = body.send();
        let mut request = Request::new(outbound);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() =
            attempt.upstream().at(self.target.clone()).map_err(|error| finally(Problem::internal(error)))?;
        *request.headers_mut() = self.headers.clone();
        let failed = tokio::select! {
            biased;
            problem = overdue(journey.clone(), wait) => return Err(finally(problem)),
            outcome = client.ask(request) => match outcome {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            },
        };
        // A body that failed on our side looks like a broken connection from the other.
        if let Some(journey) = journey {
            journey.await.map_err(|fault| finally(fault.into()))?;
        }
        Err(match failed {
            Failed::Refused(error) => {
                Fruitless { problem: Problem::unavailable("This service", error), again: body.is_whole() }
            }
            Failed::Broken(error) => Fruitless {
                problem: UPSTREAM_FAILED.detail("Report this with the traceId if it happens again.").because(error),
                again: body.is_whole() && self.repeatable,
            },
        })
    }
}

/// Whether an answer says that the server does not work.
pub(crate) const fn tells_of_failure(status: u16) -> bool {
    matches!(status, 502..=504)
}

/// Ends the wait for an answer: when the body fails on its way, or when the service has had all of the request for long
/// enough. While a body flows its own pauses are what is limited.
async fn overdue(journey: Option<Journey>, wait: Duration) -> Problem {
    if let Some(journey) = journey
        && let Err(fault) = journey.await
    {
        return fault.into();
    }
    sleep(wait).await;
    late(wait)
}

/// Methods that may be repeated by definition (RFC 9110 9.2.2), and any request whose key makes a repeat harmless.
fn is_repeatable(request: &HttpRequest) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD | Method::PUT | Method::DELETE | Method::OPTIONS)
        || request.headers().contains_key(IDEMPOTENCY_KEY)
}

/// The service took too long.
pub(crate) fn late(wait: Duration) -> Problem {
    let detail =
        format!("The service did not answer within {} seconds. What was asked may still happen.", wait.as_secs());
    UPSTREAM_TIMEOUT.detail(detail).retry_after(2)
}
