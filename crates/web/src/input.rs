//! Bodies, query strings and path segments, refused with the name of what is wrong.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use kernel::Problem;
use kernel::problem::REQUEST_MALFORMED;
use kernel::reading::in_words;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::refusals;
use crate::service::Context;

/// Bodies other than bulk data: a form, a task, a page of changes.
const JSON_LIMIT: usize = 2 * 1024 * 1024;

/// A JSON body. Unknown fields and wrong types are named.
pub struct Body<T>(pub T);

/// The bytes of a body and its content type, for formats other than one JSON document.
pub struct RawBody {
    /// The bytes.
    pub bytes: Bytes,
    /// The content type without its parameters, in lower case.
    pub content_type: String,
}

/// What the idempotency check compares: a hash of the body that was read.
pub(crate) struct BodyHash(pub(crate) [u8; 32]);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let kind = content_type(&request);
            if kind != "application/json" && kind != "application/merge-patch+json" {
                return Err(refusals::not_json().into());
            }
            let bytes = read(&request, payload, JSON_LIMIT).await?;
            json(&bytes).map(Self).map_err(Into::into)
        })
    }
}

impl FromRequest for RawBody {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let bytes = read(&request, payload, body_limit(&request)).await?;
            Ok(Self { bytes, content_type: content_type(&request) })
        })
    }
}

/// The most bytes of a body other than JSON.
pub(crate) fn body_limit(request: &HttpRequest) -> usize {
    request.app_data::<Data<Context>>().map_or(JSON_LIMIT, |context| context.config.network.body_limit)
}

pub(crate) fn content_type(request: &HttpRequest) -> String {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

async fn read(request: &HttpRequest, payload: Payload, limit: usize) -> Result<Bytes, Problem> {
    if request.headers().get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(refusals::encoded_body());
    }
    let bytes = collect(request, payload, limit).await?;
    remember(request, &bytes);
    Ok(bytes)
}

/// The body as it comes.
pub(crate) async fn collect(request: &HttpRequest, mut payload: Payload, limit: usize) -> Result<Bytes, Problem> {
    let too_large = || refusals::body_too_large(u64::try_from(limit).unwrap_or(u64::MAX));
    let declared = request.headers().get("content-length").and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut body = actix_web::web::BytesMut::with_capacity(declared.unwrap_or(0).min(limit));
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| REQUEST_MALFORMED.detail(format!("The body broke off: {error}.")))?;
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Keeps what the idempotency check compares.
pub(crate) fn remember(request: &HttpRequest, bytes: &Bytes) {
    if request.headers().contains_key("idempotency-key") {
        request.extensions_mut().insert(BodyHash(Sha256::digest(bytes).into()));
    }
}

/// Reads a JSON object.
///
/// # Errors
/// 400 when it is not JSON, 422 naming the field when it is not what is asked for.
pub fn json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    // serde would take a list for an object, by the order of its fields.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::field("", "INVALID", "is a list; send an object"));
    }
    // Where it goes wrong is looked for when it does.
    serde_json::from_slice(bytes).or_else(|_| json_with_path(bytes))
}

fn json_with_path<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        if inner.is_data() {
            let (pointer, code, detail) = misfit(&pointer, &inner.to_string());
            Problem::field(pointer, code, detail)
        } else {
            REQUEST_MALFORMED.detail(format!("The body is not JSON: {inner}."))
        }
    })?;
    reader.end().map_err(|error| REQUEST_MALFORMED.detail(format!("There is something after the JSON: {error}.")))?;
    Ok(value)
}

/// What serde says of a field, with a pointer to the field itself: of one that is missing it points to its parent.
pub(crate) fn misfit(pointer: &str, said: &str) -> (String, &'static str, String) {
    let named = |start: &str| said.strip_prefix(start)?.split('`').next();
    if let Some(name) = named("missing field `") {
        return (format!("{pointer}/{name}"), "REQUIRED", "is required".to_owned());
    }
    if let Some(name) = named("duplicate field `") {
        return (format!("{pointer}/{name}"), "DUPLICATE", "is given twice".to_owned());
    }
    if let Some(name) = named("unknown field `") {
        let parent = pointer.strip_suffix(name).unwrap_or(pointer).trim_end_matches('/');
        return (format!("{parent}/{name}"), "UNKNOWN_FIELD", in_words(said));
    }
    (pointer.to_owned(), "INVALID", in_words(said))
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => format!("/{variant}"),
            Segment::Unknown => String::new(),
        })
        .collect()
}

/// Query parameters; a repeated name is a list.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(query(request.query_string()).map(Self).map_err(Into::into))
    }
}

fn query<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    // No text column holds one, so nothing can be found by it.
    if text.contains("%00") {
        return Err(REQUEST_MALFORMED.detail("A query parameter holds a NUL character; remove it."));
    }
    let reader = serde_html_form::Deserializer::from_bytes(text.as_bytes());
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let path = error.path().to_string();
        refusals::unusable_parameter(&path, &error.into_inner().to_string())
    })
}

/// Path segments: one value, or a tuple of them in the order of the path.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Path<T> {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let path = actix_web::web::Path::<T>::extract(request).into_inner();
        ready(path.map(|path| Self(path.into_inner())).map_err(|_| refusals::not_an_id(request.path()).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Outer {
        inner: Vec<Inner>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Inner {
        weight: f64,
    }

    fn error(text: &str) -> (u16, String, String) {
        let problem = json::<Outer>(text.as_bytes()).unwrap_err();
        let first = problem.errors().first().cloned();
        (
            problem.kind().status,
            first.as_ref().map(|e| e.pointer.clone()).unwrap_or_default(),
            first.map(|e| e.code).unwrap_or_default(),
        )
    }

    #[test]
    fn the_field_that_is_wrong_is_named() {
        assert_eq!(error(r#"{"inner":[{"weight":"x"}]}"#), (422, "/inner/0/weight".to_owned(), "INVALID".to_owned()));
        assert_eq!(
            error(r#"{"inner":[{"weight":1,"wieght":2}]}"#),
            (422, "/inner/0/wieght".to_owned(), "UNKNOWN_FIELD".to_owned())
        );
        assert_eq!(error(r#"{"inner":[{}]}"#), (422, "/inner/0/weight".to_owned(), "REQUIRED".to_owned()));
        assert_eq!(error(r#" [[{"weight":1}]]"#), (422, String::new(), "INVALID".to_owned()));
        assert_eq!(error(r#"{"inner":"#).0, 400);
        assert_eq!(error(r#"{"inner":[]} x"#).0, 400);
    }

    #[test]
    fn the_query_parameter_that_is_wrong_is_named() {
        for (text, name, code) in
            [("inner=1", "inner", "UNKNOWN_FIELD"), ("weight=x", "weight", "INVALID"), ("", "weight", "REQUIRED")]
        {
            let problem = query::<Inner>(text).unwrap_err();
            let first = problem.errors().first().unwrap();
            assert_eq!((first.pointer.as_str(), first.code.as_str()), (name, code), "{text}: {problem}");
        }
    }
}
