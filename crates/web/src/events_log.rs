//! The event log of a service, for projections that start late or are built anew:
//! `GET /internal/{service}/v1/events?after=<position>`.

use actix_web::web::{Data, ServiceConfig, get};
use db::{Db, events};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::failure::Answer;
use crate::input::Query;
use crate::internal::Internal;
use crate::reply::Reply;

const PAGE: i64 = 500;
/// Written by a transaction older than every one still under way.
const SETTLED: &str = "xmin::text::bigint < (pg_snapshot_xmin(pg_current_snapshot())::text::bigint % 4294967296)";

/// Registers the log of one service.
pub(crate) fn routes(config: &mut ServiceConfig, service: &'static str) {
    config.route(&format!("/internal/{service}/v1/events"), get().to(list_events));
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: i64,
}

#[derive(Serialize)]
struct Logged {
    position: i64,
    event: Box<RawValue>,
}

/// A reader must not pass a position that a transaction still under way may fill: it stops at the oldest of them.
async fn list_events(caller: Internal, db: Data<Db>, Query(query): Query<After>) -> Answer {
    let tenant = caller.tenant()?;
    let reply = db
        .read(tenant, async |mut conn| {
            let rows: Vec<(i64, String)> = events::table
                .select((events::position, events::envelope))
                .filter(events::tenant_id.eq(tenant))
                .filter(events::position.gt(query.after))
                .filter(sql::<Bool>(SETTLED))
                .order(events::position)
                .limit(PAGE)
                .load(&mut conn)
                .await?;
            let items: Result<Vec<_>, _> = rows
                .into_iter()
                .map(|(position, text)| RawValue::from_string(text).map(|event| Logged { position, event }))
                .collect();
            Reply::ok(&serde_json::json!({ "items": items.map_err(kernel::Problem::internal)? }))
        })
        .await?;
    Ok(reply.into_response())
}
