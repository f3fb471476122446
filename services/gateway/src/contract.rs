//! The merged OpenAPI document: served as it is, and asked which operations need no token.

use std::collections::BTreeMap;

use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderMap, IF_NONE_MATCH};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};

use crate::Gate;

/// The document and what the gateway takes from it.
pub(crate) struct Contract {
    text: Bytes,
    etag: String,
    public: Vec<Template>,
    secured: Vec<Template>,
}

/// An operation: its method and the segments of its path.
pub(crate) struct Template {
    method: String,
    segments: Vec<Segment>,
}

enum Segment {
    Name(String),
    /// `{id}`: any one segment.
    Parameter,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    paths: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
}

#[derive(Deserialize)]
struct Operation {
    #[serde(default)]
    security: Vec<IgnoredAny>,
}

const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

impl Contract {
    /// Reads the document.
    pub(crate) fn read(text: String) -> Result<Self, serde_json::Error> {
        let document: Document = serde_json::from_str(&text)?;
        let (mut public, mut secured) = (Vec::new(), Vec::new());
        for (path, item) in document.paths {
            // Beside its operations a path item may hold a summary, parameters and the like.
            for (method, operation) in item.into_iter().filter(|(name, _)| METHODS.contains(&name.as_str())) {
                let operation = Operation::deserialize(operation)?;
                let list = if operation.security.is_empty() { &mut public } else { &mut secured };
                list.push(Template::new(&method, &path));
            }
        }
        let digest = Sha256::digest(text.as_bytes());
        let etag = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
        Ok(Self { text: text.into(), etag: format!("\"{etag}\""), public, secured })
    }

    /// Whether an operation needs no token. Where a public and a secured template both fit, it is taken for secured. HEAD is
    /// as public as GET; OPTIONS tells no more than the contract does.
    pub(crate) fn is_public(&self, method: &str, path: &str) -> bool {
        let method = match method {
            "OPTIONS" => return true,
            "HEAD" => "GET",
            other => other,
        };
        let fits = |list: &[Template]| list.iter().any(|template| template.fits(method, path));
        fits(&self.public) && !fits(&self.secured)
    }
}

impl Template {
    /// An operation whose path has a `{parameter}` in place of any one segment.
    pub(crate) fn new(method: &str, path: &str) -> Self {
        let segment = |text: &str| match text.strip_prefix('{') {
            Some(_) => Segment::Parameter,
            None => Segment::Name(text.to_owned()),
        };
        Self { method: method.to_ascii_uppercase(), segments: path.split('/').map(segment).collect() }
    }

    /// Whether a request is one of this operation.
    pub(crate) fn fits(&self, method: &str, path: &str) -> bool {
        let mut given = path.split('/');
        let all = self.segments.iter().all(|segment| match (segment, given.next()) {
            (Segment::Name(name), Some(text)) => name == text,
            (Segment::Parameter, Some(text)) => !text.is_empty(),
            (_, None) => false,
        });
        self.method == method && all && given.next().is_none()
    }
}

/// `GET /openapi.json`.
pub(crate) async fn show_contract(request: HttpRequest, gate: Data<Gate>) -> HttpResponse {
    let contract = &gate.contract;
    let mut answer =
        if knows(request.headers(), &contract.etag) { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((ETAG, contract.etag.as_str())).insert_header((CACHE_CONTROL, "no-cache"));
    answer.content_type("application/json").body(contract.text.clone())
}

fn knows(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // A cache on the way may have made the tag weak.
    known.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == etag || tag == "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract() -> Contract {
        let bearer = serde_json::json!([{ "bearer": ["a:b:c"] }]);
        let document = serde_json::json!({ "openapi": "3.1.0", "paths": {
            "/identity/v1/sessions": { "summary": "Sign-ins", "post": {}, "get": { "security": bearer } },
            "/identity/v1/links/{token}": { "get": { "security": [] } },
            "/identity/v1/links/mine": { "get": { "security": bearer } },
        }});
        Contract::read(document.to_string()).unwrap()
    }

    #[test]
    fn an_operation_without_security_is_public_and_nothing_else() {
        let contract = contract();
        for (method, path, public) in [
            ("POST", "/identity/v1/sessions", true),
            ("GET", "/identity/v1/sessions", false),
            ("post", "/identity/v1/sessions", false),
            ("POST", "/identity/v1/sessions/", false),
            ("POST", "/identity/v1/sessions/1", false),
            ("POST", "/identity/v1", false),
            ("POST", "/catalog/v1/products", false),
            ("GET", "/identity/v1/links/abc", true),
            ("GET", "/identity/v1/links/", false),
            ("GET", "/identity/v1/links/mine", false),
            ("HEAD", "/identity/v1/links/abc", true),
            ("HEAD", "/identity/v1/sessions", false),
            ("OPTIONS", "/identity/v1/sessions", true),
        ] {
            assert_eq!(contract.is_public(method, path), public, "{method} {path}");
        }
    }

    #[test]
    fn a_document_that_is_none_is_refused() {
        assert!(Contract::read("{".to_owned()).is_err());
        assert!(Contract::read(r#"{"paths": {"/a": {"get": {"security": 1}}}}"#.to_owned()).is_err());
    }
}
