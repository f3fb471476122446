//! The statements of refusals.

use std::collections::BTreeMap;

use contracts::telemetry::RefusalCode;
use db::{Conn, Tx};
use diesel::dsl::{count_star, max, min};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use kernel::{Problem, RefusalId, TenantId, Timestamp};
use uuid::Uuid;

use super::api::Selection;
use super::model::{Refusal, Waiting};
use crate::schema::refusals;

/// The order in which refusals came.
const ARRIVAL: (refusals::received_at, refusals::index, refusals::id) =
    (refusals::received_at, refusals::index, refusals::id);

/// Which refusals are meant.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) batch_id: Vec<Uuid>,
    pub(super) code: Vec<RefusalCode>,
    pub(super) replayed: Option<bool>,
}

/// Where a refusal stands in the order in which they came.
pub(super) type Place = (Timestamp, i32, RefusalId);

/// The refusal.
pub(super) async fn find(mut conn: &Conn, tenant: TenantId, id: RefusalId) -> Result<Option<Refusal>, Problem> {
    Ok(refusals::table.find((tenant, id)).select(Refusal::as_select()).first(&mut conn).await.optional()?)
}

/// One page in the order of arrival, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    filter: &Filter,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Refusal>, Problem> {
    let mut rows = refusals::table.filter(refusals::tenant_id.eq(tenant)).select(Refusal::as_select()).into_boxed();
    if !filter.batch_id.is_empty() {
        rows = rows.filter(refusals::batch_id.eq_any(&filter.batch_id));
    }
    if !filter.code.is_empty() {
        rows = rows.filter(refusals::code.eq_any(&filter.code));
    }
    match filter.replayed {
        Some(true) => rows = rows.filter(refusals::replayed_at.is_not_null()),
        Some(false) => rows = rows.filter(refusals::replayed_at.is_null()),
        None => {}
    }
    if let Some((at, index, id)) = after {
        let further = refusals::index.gt(index).or(refusals::index.eq(index).and(refusals::id.gt(id)));
        // The range first, for the index; then the tie-breaks.
        rows = rows.filter(refusals::received_at.ge(at)).filter(refusals::received_at.gt(at).or(further));
    }
    Ok(rows.order(ARRIVAL).limit(limit + 1).load(&mut conn).await?)
}

/// How many wait for each reason, and since when; the reason of most comes first.
pub(super) async fn reasons(mut conn: &Conn, tenant: TenantId) -> Result<Vec<Waiting>, Problem> {
    let rows = refusals::table.filter(refusals::tenant_id.eq(tenant)).filter(refusals::replayed_at.is_null());
    let rows = rows.group_by(refusals::code).order((count_star().desc(), refusals::code));
    let (first, last) = (min(refusals::received_at), max(refusals::received_at));
    let columns = (refusals::code, count_star(), first.assume_not_null(), last.assume_not_null());
    Ok(rows.select(columns).load(&mut conn).await?)
}

/// What a selection means: refusals not replayed yet, in the order of arrival, as many as a batch may have.
pub(super) async fn select(
    mut conn: &Conn,
    tenant: TenantId,
    selection: &Selection,
    most: i64,
) -> Result<Vec<Refusal>, Problem> {
    let mut rows = refusals::table
        .filter(refusals::tenant_id.eq(tenant))
        .filter(refusals::replayed_at.is_null())
        .select(Refusal::as_select())
        .into_boxed();
    if let Some(ids) = &selection.refusal_ids {
        rows = rows.filter(refusals::id.eq_any(ids));
    }
    if let Some(batch) = selection.batch_id {
        rows = rows.filter(refusals::batch_id.eq(batch));
    }
    if let Some(code) = selection.code {
        rows = rows.filter(refusals::code.eq(code));
    }
    Ok(rows.order(ARRIVAL).limit(most).load(&mut conn).await?)
}

/// Keeps refusals. One that is there already was sent or tried again: it shows the last time, and is open again. In the
/// order of their ids, so that two writers cannot wait for each other.
pub(crate) async fn keep<'a>(tx: &mut Tx, rows: impl Iterator<Item = &'a Refusal>) -> Result<(), Problem> {
    let last: BTreeMap<RefusalId, &Refusal> = rows.map(|row| (row.id, row)).collect();
    let rows: Vec<&Refusal> = last.into_values().collect();
    for chunk in rows.chunks(500) {
        diesel::insert_into(refusals::table)
            .values(chunk.to_vec())
            .on_conflict((refusals::tenant_id, refusals::id))
            .do_update()
            .set((
                refusals::batch_id.eq(excluded(refusals::batch_id)),
                refusals::received_at.eq(excluded(refusals::received_at)),
                refusals::index.eq(excluded(refusals::index)),
                refusals::code.eq(excluded(refusals::code)),
                refusals::detail.eq(excluded(refusals::detail)),
                refusals::replayed_at.eq(excluded(refusals::replayed_at)),
            ))
            .execute(&mut tx.conn())
            .await?;
    }
    Ok(())
}

/// Marks refusals whose value is stored now.
pub(crate) async fn mark_replayed(tx: &mut Tx, ids: Vec<RefusalId>) -> Result<(), Problem> {
    if ids.is_empty() {
        return Ok(());
    }
    let rows = refusals::table.filter(refusals::tenant_id.eq(tx.tenant())).filter(refusals::id.eq_any(ids));
    diesel::update(rows).set(refusals::replayed_at.eq(tx.now())).execute(&mut tx.conn()).await?;
    Ok(())
}
