//! A successful answer before it meets the request: status, JSON, version, place.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, LOCATION};
use contracts::Aggregate;
use kernel::Problem;
use serde::{Deserialize, Serialize};

/// What a handler wants to say. It is kept as it is for idempotent retries.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reply {
    status: u16,
    body: Option<String>,
    version: Option<i64>,
    location: Option<String>,
    /// Whether it says more than its version tells, so that nobody who knows the version knows it all.
    #[serde(default)]
    in_full: bool,
    /// The body with what is shown once: it is not kept, so a retry does not show it again.
    #[serde(skip)]
    once: Option<String>,
}

impl Reply {
    /// 200 with an aggregate and its version.
    ///
    /// # Errors
    /// When the view does not serialise.
    pub fn show<T: Aggregate>(view: &T) -> Result<Self, Problem> {
        Ok(Self { version: Some(view.version()), ..Self::ok(view)? })
    }

    /// 201 with a new aggregate and where it lives.
    ///
    /// # Errors
    /// When the view does not serialise.
    pub fn created<T: Aggregate>(view: &T, collection: &str) -> Result<Self, Problem> {
        Ok(Self { status: 201, location: Some(format!("{collection}/{}", view.id())), ..Self::show(view)? })
    }

    /// 200 with a document that has no version.
    ///
    /// # Errors
    /// When it does not serialise.
    pub fn ok<T: Serialize>(body: &T) -> Result<Self, Problem> {
        let body = serde_json::to_string(body).map_err(Problem::internal)?;
        Ok(Self { status: 200, body: Some(body), version: None, location: None, in_full: false, once: None })
    }

    /// 200 with secrets that are shown once; nothing of it is kept.
    ///
    /// # Errors
    /// When it does not serialise.
    pub fn once<T: Serialize>(body: &T) -> Result<Self, Problem> {
        Self::ok(&serde_json::Map::new())?.with_secret(body)
    }

    /// The same answer with a body that shows a secret; a retry gets the one without.
    ///
    /// # Errors
    /// When it does not serialise.
    pub fn with_secret<T: Serialize>(self, body: &T) -> Result<Self, Problem> {
        Ok(Self { once: Some(serde_json::to_string(body).map_err(Problem::internal)?), ..self })
    }

    /// 204.
    #[must_use]
    pub const fn done() -> Self {
        Self { status: 204, body: None, version: None, location: None, in_full: false, once: None }
    }

    /// The same answer, also for whoever knows the version: it shows what changes without one.
    #[must_use]
    pub fn in_full(self) -> Self {
        Self { in_full: true, ..self }
    }

    pub(crate) fn is_told_by_its_version(&self) -> bool {
        !self.in_full
    }

    /// The same answer with another status, such as 202.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn etag(&self) -> Option<String> {
        self.version.map(|version| format!("\"{version}\""))
    }

    /// The response, for handlers that answer without a caller's preconditions.
    #[must_use]
    pub fn into_response(self) -> HttpResponse {
        let etag = self.etag();
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let secret = self.once.is_some();
        let mut response = match self.once.or(self.body) {
            Some(body) => {
                let mut response = HttpResponse::with_body(status, body).map_into_boxed_body();
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            None => HttpResponse::new(status),
        };
        if secret {
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        for (name, value) in [(ETAG, etag), (LOCATION, self.location)] {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
