//! Values over HTTP.

use actix_web::web::Data;
use actix_web::{get, post};
use chrono::Duration;
use clients::Adoption;
use contracts::telemetry::{BatchReceipt, ValueView};
use db::Db;
use kernel::problem::REQUEST_MALFORMED;
use kernel::{Cursor, CustomerAttributeId, Page, PageQuery, Problem, Timestamp};
use serde::Deserialize;
use web::{Allow, Answer, Confinable, Context, PackedBody, Path, Query, Reply};

use super::intake::Intake;
use super::parts::{Document, Parts};
use super::store;
use crate::access::{self, Thing};
use crate::attributes;
use crate::permissions::{ValueRead, ValueWrite};

const LIST: &str = "telemetry-values";
/// Days shown when the caller does not say from when.
const DAYS: i64 = 30;
/// Most days of one request: each has a partition to be opened.
const MOST_DAYS: i64 = 92;

/// Send values
///
/// Up to 10,000 at once, as JSON, as NDJSON (`application/x-ndjson`, one value a line), or as a table: CSV or the first sheet
/// of an Excel workbook, whose first line names the fields (`assignmentId`, `attributeName`, `value`, `observedAt`, …). Commas,
/// semicolons or tabs stand between the cells of a CSV, or what a first line such as `sep=;` names: with commas, `1,250` is
/// 1250 and `0,5` is refused; with the others, a number's comma is its decimal sign (`1,250` is 1.25) and nothing stands
/// between thousands (`1.250,5` is refused). The body may come packed (`Content-Encoding: gzip` or `zstd`). Each value is
/// stored once, however often it is sent; what cannot be taken is kept with the reason and can be replayed: `accepted +
/// duplicate + refused = sent`. When the answer comes, accepted values are durable and the tasks they touch are evaluated. To
/// a caller whom grants narrow to some customers, there are no assignments but theirs; nor to a key that is confined to some.
/// Values of a key that is confined to a source carry it. A batch needs no `Idempotency-Key`: its values are known by their
/// event ids.
#[utoipa::path(
    tag = "values", security(("bearer" = [ValueWrite::NAME])),
    request_body(content(
        (Document<'static> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )),
    responses((status = 200, body = BatchReceipt), (status = 413, description = "More than 10,000 values, or more bytes than a body may have; none was stored."), (status = 422, description = "No value, or the document is not valid; errors name the fields."))
)]
#[post("/values")]
pub(super) async fn send_values(
    who: Confinable<ValueWrite>,
    db: Data<Db>,
    intake: Data<Intake>,
    PackedBody(body): PackedBody,
) -> Answer {
    let parts = Parts::of(&body).await?;
    let taken = intake.take(&db, &access::may_send(&who, &db).await?, &parts).await?;
    Ok(who.answer(Reply::ok(&taken.receipt)?, taken.announced.as_ref()))
}

/// Which values are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SeriesQuery {
    /// Observed at this moment or later; by default 30 days before `to`.
    from: Option<Timestamp>,
    /// Observed at this moment or earlier; by default now. At most 92 days after `from`.
    to: Option<Timestamp>,
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

impl SeriesQuery {
    fn span(&self, now: Timestamp) -> Result<(Timestamp, Timestamp), Problem> {
        // A sender's clock may be a little ahead.
        let to = self.to.unwrap_or(now + Duration::minutes(5));
        let from = self.from.unwrap_or(to - Duration::days(DAYS));
        if from > to || to - from > Duration::days(MOST_DAYS) {
            let how = format!("Give a `from` that is at most {MOST_DAYS} days before `to`; for more, ask in parts.");
            return Err(REQUEST_MALFORMED.detail(how.clone()).at("from", "OUT_OF_RANGE", how));
        }
        Ok((from, to))
    }
}

/// List the values of an attribute
///
/// The one observed last comes first.
#[utoipa::path(tag = "values", params(SeriesQuery), security(("bearer" = [ValueRead::NAME])), responses((status = 200, body = Page<ValueView>)))]
#[get("/attributes/{attributeId}/values")]
pub(super) async fn list_values(
    who: Allow<ValueRead>,
    db: Data<Db>,
    adoption: Data<Adoption>,
    context: Data<Context>,
    Path(id): Path<CustomerAttributeId>,
    Query(query): Query<SeriesQuery>,
) -> Answer {
    access::may(&who, &db, &adoption, Thing::Attribute(id)).await?;
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let keys = &context.config.keys;
    let (limit, after) = (paging.limit()?, paging.after(keys, LIST)?);
    let after = after.and_then(|cursor| cursor.key(0).zip(cursor.key(1)));
    let span = query.span(context.clock.now())?;
    who.read(&db, async |conn| {
        let attribute =
            attributes::store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("attribute"))?;
        let rows = store::page(conn, &attribute, span, after, limit).await?;
        let page = Cursor::page(rows, limit, keys, LIST, |row| {
            vec![row.observed_at.to_string().into(), row.event_id.to_string().into()]
        });
        Reply::ok(&page.map(ValueView::from))
    })
    .await
}
