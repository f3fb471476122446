//! Which methods a path takes, read from the contract: a path that is asked with another one is 405 and says so, and
//! OPTIONS answers what could be asked.

use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use kernel::problem::METHOD_NOT_ALLOWED;
use utoipa::openapi::OpenApi;

use crate::failure::Failure;
use crate::refusals;

/// The methods of every path of a contract.
pub(crate) struct Methods(Vec<(ResourceDef, String)>);

impl Methods {
    /// Reads them from a contract.
    pub(crate) fn of(contract: &OpenApi) -> Self {
        let paths = contract.paths.paths.iter().map(|(path, item)| {
            let reads = item.get.is_some();
            let all = [
                (reads, "GET"),
                (reads, "HEAD"),
                (item.post.is_some(), "POST"),
                (item.put.is_some(), "PUT"),
                (item.patch.is_some(), "PATCH"),
                (item.delete.is_some(), "DELETE"),
                (true, "OPTIONS"),
            ];
            let taken: Vec<_> = all.into_iter().filter_map(|(taken, name)| taken.then_some(name)).collect();
            (ResourceDef::new(path.as_str()), taken.join(", "))
        });
        Self(paths.collect())
    }
}

/// Answers what no route took.
pub(crate) async fn unrouted(request: HttpRequest, methods: Data<Methods>) -> HttpResponse {
    // Two templates may fit one path, `/tasks/{id}` and `/tasks/reorder`: what either takes is taken.
    let fitting = methods.0.iter().filter(|(path, _)| path.is_match(request.path()));
    let allowed: Vec<_> = fitting.map(|(_, methods)| methods.as_str()).collect();
    if allowed.is_empty() {
        return Failure::from(refusals::nothing_here()).error_response();
    }
    only(&request, &allowed.join(", "))
}

/// Answers a path that takes only `allowed`: OPTIONS with the list, anything else with 405 and the list.
#[must_use]
pub fn only(request: &HttpRequest, allowed: &str) -> HttpResponse {
    let mut response = if request.method() == Method::OPTIONS {
        HttpResponse::NoContent().finish()
    } else {
        let detail = format!("This path takes {allowed}. The API is described at /openapi.json.");
        Failure::from(METHOD_NOT_ALLOWED.detail(detail)).error_response()
    };
    if let Ok(allowed) = HeaderValue::try_from(allowed) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}
