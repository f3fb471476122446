//! The statements of refusals.

use db::{Conn, Tx};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use kernel::{Problem, RefusalId, TenantId};

use super::api::{RefusalQuery, Selection};
use super::model::Refusal;
use crate::schema::refusals;

/// The refusal.
pub(super) async fn find(mut conn: &Conn, tenant: TenantId, id: RefusalId) -> Result<Option<Refusal>, Problem> {
    Ok(refusals::table.find((tenant, id)).select(Refusal::as_select()).first(&mut conn).await.optional()?)
}

/// One page in the order of arrival, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    query: &RefusalQuery,
    after: Option<RefusalId>,
    limit: i64,
) -> Result<Vec<Refusal>, Problem> {
    let mut rows = refusals::table.filter(refusals::tenant_id.eq(tenant)).select(Refusal::as_select()).into_boxed();
    if let Some(batch) = query.batch_id {
        rows = rows.filter(refusals::batch_id.eq(batch));
    }
    if let Some(code) = query.code {
        rows = rows.filter(refusals::code.eq(code));
    }
    match query.replayed {
        Some(true) => rows = rows.filter(refusals::replayed_at.is_not_null()),
        Some(false) => rows = rows.filter(refusals::replayed_at.is_null()),
        None => {}
    }
    if let Some(last) = after {
        rows = rows.filter(refusals::id.gt(last));
    }
    Ok(rows.order(refusals::id).limit(limit + 1).load(&mut conn).await?)
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
    Ok(rows.order(refusals::id).limit(most).load(&mut conn).await?)
}

/// Keeps refusals. One that is there already was tried again: it shows its last try.
pub(crate) async fn keep(tx: &mut Tx, rows: &[&Refusal]) -> Result<(), Problem> {
    for chunk in rows.chunks(500) {
        diesel::insert_into(refusals::table)
            .values(chunk.to_vec())
            .on_conflict((refusals::tenant_id, refusals::id))
            .do_update()
            .set((
                refusals::code.eq(excluded(refusals::code)),
                refusals::detail.eq(excluded(refusals::detail)),
                refusals::payload.eq(excluded(refusals::payload)),
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
