//! Texts go out compressed where the client takes gzip. Short ones and streams go as they are: the first gain nothing, the
//! others would wait.

use actix_http::encoding::Encoder;
use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    AcceptEncoding, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ContentEncoding, Encoding, Header, HeaderMap,
    HeaderValue, VARY,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;

/// Up to here a body is not worth it.
const SHORT: u64 = 1024;

/// The middleware.
pub(crate) async fn compress(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let gzip = takes_gzip(&request);
    let to_head = request.method() == Method::HEAD;
    let mut answer = next.call(request).await?.map_into_boxed_body();
    let long = matches!(answer.response().body().size(), BodySize::Sized(length) if length > SHORT);
    if to_head || !long || answer.status() == StatusCode::PARTIAL_CONTENT || !is_text(answer.headers()) {
        return Ok(answer);
    }
    if !gzip {
        answer.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
        return Ok(answer);
    }
    let encoded = answer.map_body(|head, body| Encoder::response(ContentEncoding::Gzip, head, body));
    Ok(encoded.map_into_boxed_body())
}

fn takes_gzip(request: &ServiceRequest) -> bool {
    let offered = [Encoding::gzip(), Encoding::identity()];
    AcceptEncoding::parse(request).is_ok_and(|accepted| accepted.negotiate(offered.iter()) == Some(Encoding::gzip()))
}

/// Whether a body is text that is not encoded yet.
fn is_text(headers: &HeaderMap) -> bool {
    if headers.contains_key(CONTENT_ENCODING) || headers.contains_key(CONTENT_RANGE) {
        return false;
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let structured = ["/json", "+json", "/xml", "+xml", "/javascript", "/x-ndjson"];
    kind != "text/event-stream" && (kind.starts_with("text/") || structured.iter().any(|end| kind.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_compressed_once_and_pictures_and_events_never() {
        let of = |kind: &'static str| HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
        for kind in
            ["application/json", "application/problem+json", "text/html; charset=utf-8", "Text/CSS", "image/svg+xml"]
        {
            assert!(is_text(&of(kind)), "{kind}");
        }
        for kind in ["text/event-stream", "image/png", "application/octet-stream", ""] {
            assert!(!is_text(&of(kind)), "{kind}");
        }
        let mut encoded = of("application/json");
        encoded.insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
        assert!(!is_text(&encoded));
    }
}
