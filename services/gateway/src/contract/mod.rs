//! The merged OpenAPI document: served as it is, and asked what each operation needs, first of all whether a token.

mod operation;
mod paths;

use std::collections::BTreeMap;

use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderMap, IF_NONE_MATCH};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use auth::Principal;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use web::{Failure, refusals};

use self::operation::{Entry, Operation};
pub(crate) use self::paths::Paths;
use crate::gate::Gate;
use crate::path;

/// The document and what the gateway takes from it.
pub(crate) struct Contract {
    text: Bytes,
    etag: String,
    paths: Paths<Methods>,
}

/// The operations of a path.
#[derive(Default)]
struct Methods {
    operations: Vec<(&'static str, Operation)>,
    /// As the services tell it.
    allow: String,
}

/// What the document knows of a request.
#[derive(Default)]
pub(crate) struct Found<'a> {
    paths: usize,
    operation: Option<&'a Operation>,
    secured: bool,
    /// Two templates of the same method fit: which one the service takes is its own affair.
    several: bool,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    paths: BTreeMap<String, Item>,
}

/// Beside its operations a path item may hold a summary, parameters and the like.
#[derive(Deserialize)]
struct Item {
    get: Option<Entry>,
    head: Option<Entry>,
    post: Option<Entry>,
    put: Option<Entry>,
    patch: Option<Entry>,
    delete: Option<Entry>,
    options: Option<Entry>,
}

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

impl Contract {
    /// Reads the document.
    pub(crate) fn read(text: String) -> Result<Self, serde_json::Error> {
        let document: Document = serde_json::from_str(&text)?;
        let mut paths = Paths::default();
        for (path, Item { get, head, post, put, patch, delete, options }) in document.paths {
            let mut methods = Methods::default();
            for (method, entry) in METHODS.into_iter().zip([get, head, post, put, patch, delete, options]) {
                methods.operations.extend(entry.map(|entry| (method, Operation::new(&path, entry))));
            }
            methods.tell_allowed();
            *paths.at(&path) = methods;
        }
        let digest = Sha256::digest(text.as_bytes());
        let etag = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
        Ok(Self { text: text.into(), etag: format!("\"{etag}\""), paths })
    }

    /// Looks a request up. HEAD is as GET.
    pub(crate) fn find(&self, method: &str, path: &str) -> Found<'_> {
        let method = if method == "HEAD" { "GET" } else { method };
        let mut found = Found::default();
        self.paths.fitting(path, &mut |methods| {
            found.paths += 1;
            if let Some((_, operation)) = methods.operations.iter().find(|(name, _)| *name == method) {
                found.several = found.operation.is_some();
                found.secured |= operation.permission.is_some();
                found.operation = Some(operation);
            }
        });
        found
    }

    /// The answer to a request that the service would refuse unread. Of a service that is not in the document nothing is known.
    pub(crate) fn refuse(
        &self,
        request: &HttpRequest,
        found: &Found<'_>,
        caller: Option<&Principal>,
    ) -> Option<HttpResponse> {
        let answer = |problem| Some(Failure::from(problem).error_response());
        match found.operation {
            _ if !self.paths.begin_with(path::service(request.path())) => None,
            None if found.paths == 0 => answer(refusals::nothing_here()),
            None if request.method() == "OPTIONS" => None,
            None => Some(web::only(request, &self.allowed(request.path()))),
            Some(_) if found.several => None,
            Some(operation) => operation.check(request, caller).err().and_then(answer),
        }
    }

    fn allowed(&self, path: &str) -> String {
        let mut allowed = Vec::new();
        self.paths.fitting(path, &mut |methods| allowed.push(methods.allow.as_str()));
        allowed.join(", ")
    }
}

impl Methods {
    fn tell_allowed(&mut self) {
        let takes = |method: &str| self.operations.iter().any(|(name, _)| *name == method);
        let told = |method: &&str| takes(method) || *method == "OPTIONS" || (*method == "HEAD" && takes("GET"));
        self.allow = METHODS.into_iter().filter(told).collect::<Vec<_>>().join(", ");
    }
}

impl Found<'_> {
    /// Whether no token is needed. Where a public and a secured template both fit, it is taken for secured.
    pub(crate) fn is_public(&self) -> bool {
        self.operation.is_some() && !self.secured
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
        ] {
            assert_eq!(contract.find(method, path).is_public(), public, "{method} {path}");
        }
    }

    #[test]
    fn a_path_tells_its_methods_as_services_do() {
        assert_eq!(contract().allowed("/identity/v1/sessions"), "GET, HEAD, POST, OPTIONS");
        assert_eq!(contract().allowed("/identity/v1/links/1"), "GET, HEAD, OPTIONS");
    }

    #[test]
    fn a_document_that_is_none_is_refused() {
        assert!(Contract::read("{".to_owned()).is_err());
        assert!(Contract::read(r#"{"paths": {"/a": {"get": {"security": 1}}}}"#.to_owned()).is_err());
    }
}
