//! What is refused in the same words wherever it is noticed: at the gateway, or by the service behind it.

use kernel::Problem;
use kernel::problem::{BODY_TOO_LARGE, MEDIA_TYPE_UNSUPPORTED, NOT_FOUND, REQUEST_MALFORMED};

use crate::input::misfit;

/// No route has this path.
#[must_use]
pub fn nothing_here() -> Problem {
    NOT_FOUND.detail("There is nothing at this path. The API is described at /openapi.json.")
}

/// A segment of the path should be an id.
#[must_use]
pub fn not_an_id(path: &str) -> Problem {
    REQUEST_MALFORMED.detail(format!("{path} has a segment that should be an id (a UUID) and is not."))
}

/// A query parameter is missing, or not what it should be. `said` is serde's or the parser's word for it.
#[must_use]
pub fn unusable_parameter(name: &str, said: &str) -> Problem {
    let (pointer, code, detail) = misfit(name, said);
    // Of a repeated one the index says nothing.
    let name = pointer.trim_start_matches(['.', '/']).split('[').next().unwrap_or_default().to_owned();
    REQUEST_MALFORMED.detail(format!("The query parameter {name} cannot be used: {detail}.")).at(&name, code, detail)
}

/// A body that should be JSON says that it is something else.
#[must_use]
pub fn not_json() -> Problem {
    MEDIA_TYPE_UNSUPPORTED.detail("Send Content-Type: application/json.")
}

/// A body that was compressed.
#[must_use]
pub fn encoded_body() -> Problem {
    MEDIA_TYPE_UNSUPPORTED.detail("Send the body as it is, without Content-Encoding.")
}

/// A body that was packed in a way that is not known.
pub(crate) fn unknown_packing() -> Problem {
    MEDIA_TYPE_UNSUPPORTED.detail("Send the body with Content-Encoding: gzip or zstd, or as it is.")
}

/// A packed body that is too large unpacked.
pub(crate) fn body_inflates(limit: usize) -> Problem {
    BODY_TOO_LARGE.detail(format!("The body may have {limit} bytes at most when it is unpacked."))
}

/// A body of more bytes than are taken.
#[must_use]
pub fn body_too_large(limit: u64) -> Problem {
    BODY_TOO_LARGE.detail(format!("The body may have {limit} bytes at most."))
}
