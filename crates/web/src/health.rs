//! Alive, ready, measured: what an orchestrator and `cairn doctor` ask. Not part of the public contract.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, get};
use db::Db;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;
use tokio::time::timeout;

use crate::service::Context;

/// `/healthz`, `/readyz`, `/metrics`.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/healthz", get().to(|| async { HttpResponse::Ok().json(json!({ "status": "ALIVE" })) }))
        .route("/readyz", get().to(ready))
        .route(
            "/metrics",
            get()
                .to(|| async { HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(observe::metrics()) }),
        );
}

async fn ready(context: Data<Context>, db: Data<Db>) -> HttpResponse {
    let asked = timeout(Duration::from_secs(2), async {
        db.global(async |mut conn| {
            Ok(diesel::select(1.into_sql::<diesel::sql_types::Integer>()).execute(&mut conn).await?)
        })
        .await
    });
    let database = matches!(asked.await, Ok(Ok(_)));
    let (keys, stopping) = (context.knows_whom_to_trust(), context.stop.is_cancelled());
    let body = json!({
        "service": context.service,
        "status": if database && keys && !stopping { "READY" } else { "NOT_READY" },
        "database": database,
        "keys": keys,
        "stopping": stopping,
    });
    if database && keys && !stopping {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().json(body)
    }
}
