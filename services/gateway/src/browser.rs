//! What browsers need to be told: who may call from another origin, and to make nothing of an answer but what it is.

use actix_cors::Cors;
use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::middleware::Next;
use kernel::Problem;
use kernel::problem::HEADERS_TOO_LARGE;
use web::Failure;

use crate::path;

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const EXPOSED: [&str; 9] = [
    "etag",
    "location",
    "cairn-position",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "x-request-id",
    "idempotent-replayed",
    "www-authenticate",
];
const PREFLIGHT_SECONDS: usize = 600;
const LARGEST_HEAD: usize = 32 * 1024;

/// Cross-origin calls from the configured origins. Tokens travel in a header, so no credentials are shared.
pub(crate) fn cors(origins: &[String]) -> Cors {
    let any_of = origins.iter().fold(Cors::default(), |cors, origin| cors.allowed_origin(origin));
    any_of.allow_any_method().allow_any_header().expose_headers(EXPOSED).max_age(PREFLIGHT_SECONDS)
}

/// Whether actix-cors will take an origin: a scheme and a host, nothing after it.
pub(crate) fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', '?', '#', '@', ' ']))
        && text.parse::<actix_web::http::Uri>().is_ok()
}

/// The first to see a request's path and the last to see an answer's headers, errors included.
pub(crate) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut answer = match path::check(request.uri().path()).and_then(|()| bounded(&request)) {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(problem) => request.error_response(Failure::from(problem)),
    };
    let unauthorized = answer.status() == StatusCode::UNAUTHORIZED;
    harden(answer.headers_mut(), unauthorized);
    Ok(answer)
}

/// Refuses a head of a size that no client of ours has. (One past what the server reads at all, 128 KiB or 96 headers, never
/// gets here: that is a 431 without a body.)
fn bounded(request: &ServiceRequest) -> Result<(), Problem> {
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if headers + target <= LARGEST_HEAD {
        return Ok(());
    }
    Err(HEADERS_TOO_LARGE.detail(format!("Path, query and headers may have {LARGEST_HEAD} bytes together.")))
}

fn harden(headers: &mut HeaderMap, unauthorized: bool) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let shared = headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN);
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static(if shared { "cross-origin" } else { "same-origin" }));
    let mut unless_set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    unless_set(CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    unless_set(CACHE_CONTROL, "no-store");
    if unauthorized {
        unless_set(WWW_AUTHENTICATE, "Bearer");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        assert!(is_origin("https://app.example") && is_origin("http://localhost:5173"));
        for text in ["*", "app.example", "https://", "https://app.example/", "https://*.example", "null", "https://a b"]
        {
            assert!(!is_origin(text), "{text}");
        }
    }
}
