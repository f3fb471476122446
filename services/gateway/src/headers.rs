//! Headers on their way through: what ends at the gateway is dropped, what only it may say is added, the rest is copied.
//!
//! actix and hyper speak different versions of the `http` crate, so names and values cross over as bytes.

use std::net::IpAddr;

use actix_web::http::header::{HeaderMap as Here, HeaderName as HereName, HeaderValue as HereValue};
use actix_web::{HttpMessage, HttpRequest};
use hyper::header::{CONTENT_LENGTH, HeaderMap as There, HeaderName as ThereName, HeaderValue as ThereValue};

use crate::session;

/// Hop-by-hop (RFC 9110 7.6.1): about this connection, not about the message. `content-length` is said anew.
const HOP_BY_HOP: [&str; 10] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// What a caller says and services must not believe, or what the gateway has dealt with.
const ENDS_HERE: [&str; 7] =
    ["expect", "forwarded", "host", "traceparent", "x-csrf-token", "x-real-ip", "x-request-id"];
/// The same by their beginnings; what starts with `x-cairn-` is said between gateway and services only.
const ENDS_HERE_TOO: [&str; 2] = ["x-forwarded-", "x-cairn-"];
/// Told anew by the gateway's own server and boundary.
const OURS_TO_SAY: [&str; 4] = ["date", "server", "traceparent", "x-request-id"];

const CLIENT: ThereName = ThereName::from_static("x-cairn-client");
const TRACE_PARENT: ThereName = ThereName::from_static("traceparent");
const REQUEST_ID: &str = "x-request-id";

/// The headers that a service gets.
pub(crate) fn onward(request: &HttpRequest, client: IpAddr, length: Option<u64>) -> There {
    let (given, hidden) = (request.headers(), session::is_hidden(request));
    let mut headers = There::with_capacity(given.len() + 4);
    for (name, value) in given {
        let (name, value) = (name.as_str(), value.as_bytes());
        let ends_here = ENDS_HERE.contains(&name) || ENDS_HERE_TOO.iter().any(|start| name.starts_with(start));
        let ends_here = ends_here || (hidden && name == "authorization");
        let passes = !HOP_BY_HOP.contains(&name) && !ends_here;
        if passes && !named_by_connection(given, name) {
            append(&mut headers, name, value);
        }
    }
    let trace = web::trace_of(request);
    // The services judge a given id as our own boundary does, and fall back to the same trace id.
    let request_id = given.get(REQUEST_ID).map_or_else(|| trace.id().into_bytes(), |id| id.as_bytes().to_vec());
    append(&mut headers, REQUEST_ID, &request_id);
    for (name, value) in [(CLIENT, client.to_string()), (TRACE_PARENT, trace.to_string())] {
        if let Ok(value) = ThereValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    headers
}

/// Copies the headers of a service's answer.
pub(crate) fn back(given: &There, headers: &mut Here) {
    for (name, value) in given {
        let passes = !HOP_BY_HOP.contains(&name.as_str()) && !OURS_TO_SAY.contains(&name.as_str());
        if passes
            && !is_named(given.get_all("connection").iter().map(ThereValue::as_bytes), name.as_str())
            && let (Ok(name), Ok(value)) =
                (HereName::from_bytes(name.as_str().as_bytes()), HereValue::from_bytes(value.as_bytes()))
        {
            headers.append(name, value);
        }
    }
}

/// The length that a message says its body has.
pub(crate) fn content_length(value: Option<&[u8]>) -> Option<u64> {
    std::str::from_utf8(value?).ok()?.trim().parse().ok()
}

/// Whether a request has a body of unknown length.
pub(crate) fn is_chunked(request: &HttpRequest) -> bool {
    request.chunked().unwrap_or(false)
}

fn append(headers: &mut There, name: &str, value: &[u8]) {
    if let (Ok(name), Ok(value)) = (ThereName::from_bytes(name.as_bytes()), ThereValue::from_bytes(value)) {
        headers.append(name, value);
    }
}

fn named_by_connection(headers: &Here, name: &str) -> bool {
    is_named(headers.get_all("connection").map(HereValue::as_bytes), name)
}

/// `Connection` may name further headers that end with the hop.
fn is_named<'a>(connection: impl Iterator<Item = &'a [u8]>, name: &str) -> bool {
    let mut options = connection.flat_map(|line| line.split(|byte| *byte == b','));
    options.any(|option| option.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_keeps_its_own_headers_and_loses_those_of_the_hop() {
        let mut given = There::new();
        for (name, value) in [
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("keep-alive", "5"),
            ("transfer-encoding", "chunked"),
            ("content-length", "5"),
            ("server", "secret"),
            ("etag", "\"1\""),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
        ] {
            append(&mut given, name, value.as_bytes());
        }
        let mut headers = Here::new();
        back(&given, &mut headers);
        let mut names: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        names.sort();
        assert_eq!(names, ["etag: \"1\"", "set-cookie: a=1", "set-cookie: b=2"]);
    }

    #[test]
    fn only_a_plain_number_is_a_length() {
        assert_eq!(content_length(Some(b"12")), Some(12));
        for text in [&b"-1"[..], b"1,1", b"", b"1e3", b"0x10"] {
            assert_eq!(content_length(Some(text)), None);
        }
    }
}
