//! What the gateway answers itself; everything else is passed on.

use actix_web::HttpResponse;
use actix_web::web::{ServiceConfig, get, to};
use serde_json::json;

use crate::{contract, explorer, health, proxy};

/// The routing table.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/", get().to(index))
        .route("/openapi.json", get().to(contract::show_contract))
        .route("/docs", get().to(explorer::enter))
        .route("/docs/{file:.*}", get().to(explorer::show))
        .route("/healthz", get().to(health::alive))
        .route("/readyz", get().to(health::ready))
        .route("/metrics", get().to(health::metrics))
        .default_service(to(proxy::pass_on));
}

async fn index() -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "name": "Cairn",
        "explorer": "/docs/",
        "contract": "/openapi.json",
        "health": "/readyz",
    }))
}
