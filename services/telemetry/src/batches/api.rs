//! Batches over HTTP.

use actix_web::web::Data;
use actix_web::{delete, get};
use contracts::Aggregate;
use contracts::telemetry::{BATCH_RETRACTED, BatchView};
use db::Db;
use kernel::{BatchId, Cursor, Page, PageQuery, Problem};
use serde::Deserialize;
use web::{Allow, Answer, Context, Path, Query, Reply};

use super::retract::retract;
use super::store::{self, Filter};
use crate::permissions::{BatchRead, BatchWrite};

const LIST: &str = "telemetry-batches";

/// Which batches are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BatchQuery {
    /// `true`: only those that were retracted; `false`: only those that count.
    retracted: Option<bool>,
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List batches
///
/// What came, when and from whom; the latest first. They are remembered as long as values are kept. A caller whom grants narrow
/// to some customers sees those that they sent themselves.
#[utoipa::path(tag = "batches", params(BatchQuery), security(("bearer" = [BatchRead::NAME])), responses((status = 200, body = Page<BatchView>)))]
#[get("/batches")]
pub(super) async fn list_batches(
    who: Allow<BatchRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<BatchQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let keys = &context.config.keys;
    let (limit, after) = (paging.limit()?, paging.after(keys, LIST)?.and_then(|cursor| cursor.key(0)));
    let filter = Filter { retracted: query.retracted, sent_by: sender_seen_by(&who) };
    who.read(&db, async |conn| {
        let rows = store::page(conn, who.tenant, &filter, after, limit).await?;
        let page = Cursor::page(rows, limit, keys, LIST, |row| vec![row.id.to_string().into()]);
        Reply::ok(&page.map(BatchView::from))
    })
    .await
}

/// Show a batch
///
/// With what became of its values.
#[utoipa::path(tag = "batches", security(("bearer" = [BatchRead::NAME])), responses((status = 200, body = BatchView)))]
#[get("/batches/{batchId}")]
pub(super) async fn show_batch(who: Allow<BatchRead>, db: Data<Db>, Path(id): Path<BatchId>) -> Answer {
    who.read(&db, async |conn| {
        let found = store::find(conn, who.tenant, id).await?;
        let seen = found.filter(|batch| sender_seen_by(&who).is_none_or(|sender| batch.sent_by == sender));
        let batch = seen.ok_or_else(|| Problem::not_found("batch"))?;
        Reply::show(&BatchView::from(batch))
    })
    .await
}

/// The one sender whose batches a caller sees whom grants narrow: a batch may be about several customers, and its numbers are
/// about all of them.
fn sender_seen_by(who: &Allow<BatchRead>) -> Option<String> {
    (!who.holds_wholly()).then(|| who.actor().id())
}

/// Retract a batch
///
/// Takes back exactly what it did: everything stands as if it had never come. Its values go, unless another batch sent them
/// too; what it said to be gone is not gone any more; days, latest values and the tasks that follow from them are
/// computed from what is left. Refusals become what the other batches made of them: what none of those brought is forgotten,
/// what none of those mended waits again. Of days that are no longer kept nothing but an attribute's latest value is
/// known: where the batch brought that, the attribute has no data any more. The batch itself stays in the list; retracting it
/// again changes nothing.
#[utoipa::path(tag = "batches", security(("bearer" = [BatchWrite::NAME])), responses((status = 200, body = BatchView), (status = 412, description = "It was retracted since it was read.")))]
#[delete("/batches/{batchId}")]
pub(super) async fn retract_batch(who: Allow<BatchWrite>, db: Data<Db>, Path(id): Path<BatchId>) -> Answer {
    who.write(&db, async |tx| {
        store::alone(tx).await?;
        let batch = store::fetch_for_change(tx, id).await?;
        let before = BatchView::from(batch.clone());
        who.expect_version(before.version())?;
        if batch.retracted_at.is_some() {
            return Reply::show(&before);
        }
        retract(tx, &batch).await?;
        let batch = batch.retracted(tx.actor(), tx.now());
        store::mark_retracted(tx, &batch).await?;
        let after = BatchView::from(batch);
        tx.announce(&BATCH_RETRACTED, Some(&before), &after).await?;
        Reply::show(&after)
    })
    .await
}
