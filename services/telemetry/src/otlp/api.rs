//! OTLP over HTTP.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Data, block};
use actix_web::{HttpResponse, post};
use db::Db;
use kernel::Problem;
use web::{Answer, Confinable, PackedBody};

use super::message::Notation;
use super::points::Values;
use crate::access;
use crate::metric_rules;
use crate::permissions::ValueWrite;
use crate::refusals::Refusal;
use crate::values::{Complete, Intake, Origin, Part, Parts};

/// Export metrics (OTLP)
///
/// Point an OTLP/HTTP exporter at `/telemetry/v1/otlp/v1/metrics`: protobuf or JSON, packed or not. Points of gauges and
/// sums that a metric rule wants become values, up to 10,000 at once; they are durable and evaluated when the answer comes.
/// `partialSuccess` counts the points of which nothing was stored: values that were refused are kept and can be replayed,
/// points that no rule wants are not, nor are those of sums with DELTA temporality: let the exporter send CUMULATIVE ones. A
/// point that one rule stored and another's attribute refused is not counted; the message tells of the refused value.
/// Sending an export again is safe. A value's source is the `service.name`.
#[utoipa::path(
    tag = "otlp", security(("bearer" = [ValueWrite::NAME])),
    request_body(content((String = "application/x-protobuf"), (Object = "application/json"))),
    responses((status = 200, description = "An ExportMetricsServiceResponse.", content((String = "application/x-protobuf"), (Object = "application/json"))), (status = 413, description = "More than 10,000 values; none was stored."))
)]
#[post("/otlp/v1/metrics")]
pub(super) async fn export_metrics(
    who: Confinable<ValueWrite>,
    db: Data<Db>,
    intake: Data<Intake>,
    PackedBody(body): PackedBody,
) -> Answer {
    let sender = access::may_send(&who, &db).await?;
    let notation = Notation::of(&body.content_type)?;
    let rules = db.read(who.tenant, async |conn| metric_rules::all(conn, who.tenant).await).await?;
    let values = block(move || notation.read(&body.bytes).map(|export| Values::of(&export, &rules)));
    let values = values.await.map_err(Problem::internal)??;
    let entries = values.entries.iter().map(|(_, entry)| Part { text: entry.into(), origin: Origin::List }).collect();
    let parts = Parts { entries, complete: Complete::default() }.checked()?;
    let refused = if parts.says_nothing() { Vec::new() } else { intake.take(&db, &sender, &parts).await?.refused };
    let kept = |first: &Refusal| {
        let (values, batch) = (refused.len(), first.batch_id);
        format!("Values that were refused and kept: {values}; see /telemetry/v1/refusals?batchId={batch}.")
    };
    let why: Vec<String> = values.told().chain(refused.first().map(kept)).collect();
    let left = values.left(refused.iter().filter_map(|refusal| usize::try_from(refusal.index).ok()));
    let answer = notation.answer(left, &why.join(" "));
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, notation.content_type())).body(answer))
}
