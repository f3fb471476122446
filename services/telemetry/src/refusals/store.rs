//! The statements of refusals.

use std::collections::BTreeMap;

use db::{Conn, Tx};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use kernel::{Cursor, Problem, RefusalId, TenantId, Timestamp};

use super::api::{RefusalQuery, Selection};
use super::model::Refusal;
use crate::schema::refusals;

/// The order in which refusals came.
const ARRIVAL: (refusals::received_at, refusals::index, refusals::id) =
    (refusals::received_at, refusals::index, refusals::id);

/// The refusal.
pub(super) async fn find(mut conn: &Conn, tenant: TenantId, id: RefusalId) -> Result<Option<Refusal>, Problem> {
    Ok(refusals::table.find((tenant, id)).select(Refusal::as_select()).first(&mut conn).await.optional()?)
}

/// One page in the order of arrival, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    query: &RefusalQuery,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Refusal>, Problem> {
    let mut rows = refusals::table.filter(refusals::tenant_id.eq(tenant)).select(Refusal::as_select()).into_boxed();
    if !query.batch_id.is_empty() {
        rows = rows.filter(refusals::batch_id.eq_any(&query.batch_id));
    }
    if !query.code.is_empty() {
        rows = rows.filter(refusals::code.eq_any(&query.code));
    }
    match query.replayed {
        Some(true) => rows = rows.filter(refusals::replayed_at.is_not_null()),
        Some(false) => rows = rows.filter(refusals::replayed_at.is_null()),
        None => {}
    }
    let key = after
        .and_then(|cursor| Some((cursor.key::<Timestamp>(0)?, cursor.key::<i32>(1)?, cursor.key::<RefusalId>(2)?)));
    if let Some((at, index, id)) = key {
        let further = refusals::index.gt(index).or(refusals::index.eq(index).and(refusals::id.gt(id)));
        // The range first, for the index; then the tie-breaks.
        rows = rows.filter(refusals::received_at.ge(at)).filter(refusals::received_at.gt(at).or(further));
    }
    Ok(rows.order(ARRIVAL).limit(limit + 1).load(&mut conn).await?)
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
