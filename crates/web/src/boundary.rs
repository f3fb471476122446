//! The outermost layer of every server: trace and request id in, problem details and metrics out.

use std::future::{Ready, ready};
use std::rc::Rc;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{Error, HttpMessage, HttpRequest};
use futures_util::future::LocalBoxFuture;
use kernel::problem::{
    BODY_TOO_LARGE, HEADERS_TOO_LARGE, INTERNAL, MEDIA_TYPE_UNSUPPORTED, METHOD_NOT_ALLOWED, REQUEST_MALFORMED,
    REQUEST_TIMEOUT, UNAVAILABLE,
};
use kernel::{Problem, Trace};
use tracing::Instrument;

use crate::failure::{Failure, problem_response};
use crate::refusals;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
const LONGEST_REQUEST_ID: usize = 128;

/// The middleware. `service` labels its metrics and spans.
#[derive(Debug, Clone, Copy)]
pub struct Boundary {
    /// The service's name.
    pub service: &'static str,
}

/// Marks a response that another server made: it passes as it is, whatever its status.
#[derive(Debug, Clone, Copy)]
pub struct PassedOn;

/// The trace that a request belongs to.
#[must_use]
pub fn trace_of(request: &HttpRequest) -> Trace {
    request.extensions().get::<Trace>().copied().unwrap_or_else(Trace::start)
}

impl<S, B> Transform<S, ServiceRequest> for Boundary
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type InitError = ();
    type Transform = Inner<S>;
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, next: S) -> Self::Future {
        ready(Ok(Inner { next: Rc::new(next), service: self.service }))
    }
}

/// The middleware in one worker.
pub struct Inner<S> {
    next: Rc<S>,
    service: &'static str,
}

impl<S, B> Service<ServiceRequest> for Inner<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    forward_ready!(next);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (next, service, started) = (Rc::clone(&self.next), self.service, Instant::now());
        let header = |name: &HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let parent = header(&TRACE_PARENT).and_then(Trace::parse).unwrap_or_else(Trace::start);
        let request_id = header(&REQUEST_ID)
            .filter(|id| !id.is_empty() && id.len() <= LONGEST_REQUEST_ID && id.bytes().all(|b| b.is_ascii_graphic()))
            .map_or_else(|| parent.id(), str::to_owned);
        // Of the highest level, so that whatever is logged within names its trace.
        let trace_id = parent.id();
        let span =
            tracing::error_span!("request", service, method = %request.method(), path = request.path(), trace_id);
        let trace = observe::continue_trace(parent, &span);
        request.extensions_mut().insert(trace);
        let method = request.method().clone();
        Box::pin(
            async move {
                // The request must not be cloned here: actix panics when it routes a shared one. An error without its
                // request comes from a middleware that fails, and there is none inside.
                let mut response = next.call(request).await?.map_into_boxed_body();
                if response.status().is_client_error() || response.status().is_server_error() {
                    response = explain(response, &trace);
                }
                let headers = response.headers_mut();
                for (name, value) in [(REQUEST_ID, request_id), (TRACE_PARENT, trace.to_string())] {
                    if let Ok(value) = HeaderValue::try_from(value) {
                        headers.insert(name, value);
                    }
                }
                let status = response.status().as_u16();
                metrics::counter!("cairn_http_requests_total", "service" => service, "method" => label(&method), "status" => status.to_string()).increment(1);
                metrics::histogram!("cairn_http_request_seconds", "service" => service).record(started.elapsed().as_secs_f64());
                Ok(response)
            }
            .instrument(span),
        )
    }
}

/// A caller may invent methods, but not time series.
fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

/// Makes every error a problem document, also those that actix made before a handler ran. Faults of ours are logged
/// here, once, with their cause.
fn explain(response: ServiceResponse<BoxBody>, trace: &Trace) -> ServiceResponse<BoxBody> {
    let content_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let passed_on = response.response().extensions().contains::<PassedOn>();
    // A problem already, or a report that says more than a problem could, such as `/readyz`.
    if passed_on
        || content_type
            .is_some_and(|kind| kind.starts_with(b"application/problem+json") || kind.starts_with(b"application/json"))
    {
        return response;
    }
    let failure = response.response().extensions().get::<Failure>().cloned();
    let problem = failure.map_or_else(|| Rc::new(by_status(response.status())), |failure| failure.0);
    if problem.kind().status >= 500 {
        let code = problem.kind().code;
        if problem.kind() == &INTERNAL {
            tracing::error!(code, error = %problem, "a request failed");
        } else {
            // Not a warning: whoever lost the server that is away has given it, and there may be many requests.
            tracing::info!(code, error = %problem, "a request could not be served");
        }
    }
    let kept: Vec<_> = response
        .headers()
        .iter()
        .filter(|(name, _)| *name != CONTENT_TYPE)
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    let instance = response.request().path().to_owned();
    let mut answer = problem_response(&problem, &instance, &trace.id());
    for (name, value) in kept {
        answer.headers_mut().append(name, value);
    }
    let (request, _) = response.into_parts();
    ServiceResponse::new(request, answer)
}

fn by_status(status: StatusCode) -> Problem {
    match status.as_u16() {
        404 => refusals::nothing_here(),
        405 => METHOD_NOT_ALLOWED.detail("This path does not take this method. The API is described at /openapi.json."),
        408 => REQUEST_TIMEOUT.detail("Send the request faster or in smaller parts."),
        413 => BODY_TOO_LARGE.detail("Send less at once."),
        415 => MEDIA_TYPE_UNSUPPORTED.detail("Send application/json."),
        431 => HEADERS_TOO_LARGE.detail("Send fewer or shorter headers."),
        503 => UNAVAILABLE.detail("Try again shortly.").retry_after(2),
        400..=499 => REQUEST_MALFORMED.detail("The request cannot be read."),
        _ => Problem::internal(format!("unexplained status {status}")),
    }
}
