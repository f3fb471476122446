//! Passing a request on, in the order in which it may still be refused: is there such a service, may the caller ask, how
//! often, how much; then to one server after the other until one answers.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BodyStream, SizedStream};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use auth::Principal;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::http::uri::PathAndQuery;
use hyper::http::{Request, Response};
use kernel::Problem;
use kernel::problem::{NOT_FOUND, REQUEST_MALFORMED, UPSTREAM_FAILED, UPSTREAM_TIMEOUT};
use tokio::time::{sleep, timeout};
use web::{Answer, Failure, PassedOn};

use crate::body::{Inbound, Journey};
use crate::limits::Standing;
use crate::table::Service;
use crate::upstream::{Attempt, Client, Failed};
use crate::{Gate, body, headers, path};

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const READ_AFTER: &str = "cairn-read-after";
/// Up to here an answer is awaited whole: one that breaks off becomes a 502 instead of half a 200.
const SMALL: u64 = 64 * 1024;

/// Everything that the gateway does not answer itself.
pub(crate) async fn pass_on(request: HttpRequest, payload: Payload, gate: Data<Gate>, client: Data<Client>) -> Answer {
    let (method, path) = (request.method().as_str(), request.path());
    let Some(service) = gate.table.service(path::service(path)) else {
        return Err(NOT_FOUND.detail("There is no such service. The API is described at /openapi.json.").into());
    };
    let address = gate.client(&request);
    let (found, open) = (gate.contract.find(method, path), service.opens(method, path));
    // OPTIONS tells no more than the contract does.
    let is_public = open || found.is_public() || request.method() == Method::OPTIONS;
    let (standing, admitted) = admit(&request, &gate, is_public, address).await;
    let refused = |problem| Failure::from(problem).error_response();
    let refusal = match admitted.and_then(|caller| service.count().map(|()| caller)) {
        Err(problem) => Some(refused(problem)),
        Ok(_) if open || !gate.context.config.gateway.check_requests => None,
        Ok(caller) => gate.contract.refuse(&request, &found, caller.as_deref()),
    };
    let mut answer = match refusal {
        None => forward(&request, payload, &client, &service, address).await.unwrap_or_else(refused),
        Some(refusal) => {
            if headers::is_chunked(&request) {
                body::refuse(payload);
            }
            refusal
        }
    };
    standing.tell(answer.headers_mut());
    Ok(answer)
}

/// Who asks, and whether they may ask now. A token that does not count is charged to the address it came from.
async fn admit<'a>(
    request: &HttpRequest,
    gate: &'a Gate,
    is_public: bool,
    address: IpAddr,
) -> (Standing<'a>, Result<Option<Arc<Principal>>, Problem>) {
    if is_public {
        let standing = gate.limits.count_address(address);
        let allowed = standing.check().map(|()| None);
        return (standing, allowed);
    }
    match web::authenticate(request).await {
        Ok(caller) => {
            let standing = gate.limits.count(&caller);
            let allowed = standing.check().map(|()| Some(caller));
            (standing, allowed)
        }
        Err(problem) => {
            let standing = gate.limits.count_address(address);
            let allowed = standing.check().and(Err(problem));
            (standing, allowed)
        }
    }
}

async fn forward(
    request: &HttpRequest,
    payload: Payload,
    client: &Client,
    service: &Service,
    address: IpAddr,
) -> Result<HttpResponse, Problem> {
    let body = Inbound::take(request, payload, service.body_limit).await?;
    let question = Question {
        method: request.method().as_str().parse().map_err(|_| unreadable())?,
        target: request
            .uri()
            .path_and_query()
            .and_then(|target| target.as_str().parse().ok())
            .ok_or_else(unreadable)?,
        headers: headers::onward(request, address, body.length()),
        repeatable: is_repeatable(request),
    };
    let (answer, mut attempt) = question.ask(body, client, service).await?;
    let answer = reply(answer, request.method() == Method::HEAD, service.request_timeout).await;
    // A reader that wants to see what is not there yet is told to wait, by a server that is well.
    let waits = request.headers().contains_key(READ_AFTER);
    let status = answer.as_ref().map_or_else(|problem| problem.kind().status, |answer| answer.status().as_u16());
    attempt.settle(!tells_of_failure(status) || (status == 503 && waits));
    answer
}

/// Whether an answer says that the server does not work.
const fn tells_of_failure(status: u16) -> bool {
    matches!(status, 502..=504)
}

/// A request as each server gets it.
struct Question {
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
    /// Asks the servers in turn. The next one is asked when nothing was sent, or when what was sent may be sent again.
    async fn ask(
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

/// The service's answer as ours.
async fn reply(answer: Response<Incoming>, to_head: bool, wait: Duration) -> Result<HttpResponse, Problem> {
    let (head, body) = answer.into_parts();
    let status = StatusCode::from_u16(head.status.as_u16()).map_err(Problem::internal)?;
    let length = headers::content_length(head.headers.get(hyper::header::CONTENT_LENGTH).map(|value| value.as_bytes()));
    let mut reply = match length {
        // The length is of what GET would answer.
        Some(length) if to_head => {
            let nothing = futures_util::stream::empty::<Result<_, hyper::Error>>();
            HttpResponse::with_body(status, SizedStream::new(length, nothing)).map_into_boxed_body()
        }
        Some(length) if length <= SMALL => {
            let whole = timeout(wait, body.collect()).await.map_err(|_| late(wait))?;
            let whole =
                whole.map_err(|error| UPSTREAM_FAILED.detail("The service's answer broke off.").because(error))?;
            HttpResponse::with_body(status, whole.to_bytes()).map_into_boxed_body()
        }
        Some(length) => {
            HttpResponse::with_body(status, SizedStream::new(length, body.into_data_stream())).map_into_boxed_body()
        }
        None if to_head || hyper::body::Body::is_end_stream(&body) => HttpResponse::new(status),
        None => HttpResponse::with_body(status, BodyStream::new(body.into_data_stream())).map_into_boxed_body(),
    };
    headers::back(&head.headers, reply.headers_mut());
    reply.extensions_mut().insert(PassedOn);
    Ok(reply)
}

/// Methods that may be repeated by definition (RFC 9110 9.2.2), and any request whose key makes a repeat harmless.
fn is_repeatable(request: &HttpRequest) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD | Method::PUT | Method::DELETE | Method::OPTIONS)
        || request.headers().contains_key(IDEMPOTENCY_KEY)
}

fn late(wait: Duration) -> Problem {
    let detail =
        format!("The service did not answer within {} seconds. What was asked may still happen.", wait.as_secs());
    UPSTREAM_TIMEOUT.detail(detail).retry_after(2)
}

fn unreadable() -> Problem {
    REQUEST_MALFORMED.detail("The method or the path cannot be read.")
}
