//! What the gateway answers itself; everything else is passed on.

use actix_web::guard::{Any, Get, Head};
use actix_web::web::{ServiceConfig, resource, route, to};
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder};
use serde_json::json;

use crate::{account, contract, explorer, health, live, proxy, quotas};

/// The routing table.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(page("/", index))
        .service(page("/openapi.json", contract::show_contract))
        .service(page("/events", live::open))
        .service(page("/account/{file}", account::show))
        .service(page("/gateway/v1/usage", quotas::show))
        .service(page("/docs", explorer::enter))
        .service(page("/docs/{file:.*}", explorer::show))
        .service(page("/healthz", health::alive))
        .service(page("/readyz", health::ready))
        .service(page("/metrics", health::metrics))
        .default_service(to(proxy::pass_on));
}

/// Something to be read, and nothing else.
fn page<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    resource(path).route(route().guard(Any(Get()).or(Head())).to(handler)).default_service(to(only_read))
}

async fn only_read(request: HttpRequest) -> HttpResponse {
    web::only(&request, "GET, HEAD, OPTIONS")
}

async fn index() -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "name": "Cairn",
        "explorer": "/docs/",
        "contract": "/openapi.json",
        "events": "/events",
        "health": "/readyz",
    }))
}
