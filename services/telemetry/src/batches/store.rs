//! The statements of batches.

use std::collections::HashMap;

use db::{Conn, Tx};
use diesel::prelude::*;
use diesel::sql_types::{Array, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{BatchId, CustomerAttributeId, Problem, TenantId, Timestamp};
use uuid::Uuid;

use super::model::{Batch, Silence};
use crate::attributes::Attribute;
use crate::schema::{batches, silences};

/// Rows per insert, within what Postgres takes in a statement.
const ROWS: usize = 1_000;

/// Stores values of the tenant beside others who do so, and never beside one who retracts some: who finds a value stored
/// already must be able to rely on it. Taken before any row is touched.
pub(crate) async fn share(tx: &mut Tx) -> Result<(), Problem> {
    take(tx, "select pg_advisory_xact_lock_shared(hashtextextended($1, 0))").await
}

/// Waits until nobody stores values of the tenant, and lets nobody do so until the transaction ends.
pub(super) async fn alone(tx: &mut Tx) -> Result<(), Problem> {
    take(tx, "select pg_advisory_xact_lock(hashtextextended($1, 0))").await
}

async fn take(tx: &mut Tx, lock: &'static str) -> Result<(), Problem> {
    let name = format!("telemetry values of {}", tx.tenant());
    diesel::sql_query(lock).bind::<Text, _>(name).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Remembers batches.
pub(crate) async fn insert(tx: &mut Tx, rows: &[Batch]) -> Result<(), Problem> {
    for chunk in rows.chunks(ROWS) {
        diesel::insert_into(batches::table).values(chunk).execute(&mut tx.conn()).await?;
    }
    Ok(())
}

/// Remembers what complete feeds were silent about.
pub(crate) async fn declare(tx: &mut Tx, rows: &[Silence]) -> Result<(), Problem> {
    for chunk in rows.chunks(ROWS) {
        let insert = diesel::insert_into(silences::table).values(chunk).on_conflict_do_nothing();
        insert.execute(&mut tx.conn()).await?;
    }
    Ok(())
}

/// The batch.
pub(super) async fn find(mut conn: &Conn, tenant: TenantId, id: BatchId) -> Result<Option<Batch>, Problem> {
    Ok(batches::table.find((tenant, id)).select(Batch::as_select()).first(&mut conn).await.optional()?)
}

/// The batch, locked until the transaction ends.
pub(super) async fn fetch_for_change(tx: &mut Tx, id: BatchId) -> Result<Batch, Problem> {
    let row = batches::table.find((tx.tenant(), id)).select(Batch::as_select()).for_update();
    row.first(&mut tx.conn()).await.optional()?.ok_or_else(|| Problem::not_found("batch"))
}

/// Which batches are meant.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) retracted: Option<bool>,
    pub(super) sent_by: Option<String>,
}

/// One page, the latest first, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    filter: &Filter,
    after: Option<BatchId>,
    limit: i64,
) -> Result<Vec<Batch>, Problem> {
    let mut rows = batches::table.filter(batches::tenant_id.eq(tenant)).select(Batch::as_select()).into_boxed();
    if let Some(sender) = &filter.sent_by {
        rows = rows.filter(batches::sent_by.eq(sender));
    }
    match filter.retracted {
        Some(true) => rows = rows.filter(batches::retracted_at.is_not_null()),
        Some(false) => rows = rows.filter(batches::retracted_at.is_null()),
        None => {}
    }
    if let Some(last) = after {
        rows = rows.filter(batches::id.lt(last));
    }
    Ok(rows.order(batches::id.desc()).limit(limit + 1).load(&mut conn).await?)
}

/// Writes that a batch was retracted.
pub(super) async fn mark_retracted(tx: &mut Tx, batch: &Batch) -> Result<(), Problem> {
    let columns = (batches::retracted_at.eq(batch.retracted_at), batches::retracted_by.eq(&batch.retracted_by));
    diesel::update(batches::table.find((tx.tenant(), batch.id))).set(columns).execute(&mut tx.conn()).await?;
    Ok(())
}

/// A value that went, or that another batch has now.
#[derive(Debug, QueryableByName)]
pub(super) struct Moved {
    #[diesel(sql_type = SqlUuid)]
    pub(super) event_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub(super) attribute_id: CustomerAttributeId,
    #[diesel(sql_type = Timestamptz)]
    pub(super) observed_at: Timestamp,
}

/// Takes the values of a batch away. Those that another batch repeated become that one's, as it sent them; the first to come
/// has them.
pub(super) async fn take_values(tx: &mut Tx, batch: &Batch) -> Result<Vec<Moved>, Problem> {
    diesel::sql_query("delete from repeats where tenant_id = $1 and batch_id = $2")
        .bind::<SqlUuid, _>(tx.tenant())
        .bind::<SqlUuid, _>(batch.id)
        .execute(&mut tx.conn())
        .await?;
    let inherited: Vec<Moved> = diesel::sql_query(
        "with heirs as ( \
             select distinct on (r.assignment_id, r.event_id) r.* \
             from \"values\" v join repeats r using (tenant_id, assignment_id, event_id, observed_at) \
             where v.tenant_id = $1 and v.batch_id = $2 and v.observed_at between $3 and $4 \
             order by r.assignment_id, r.event_id, r.received_at, r.batch_id \
         ), used as ( \
             delete from repeats r using heirs h where r.tenant_id = $1 \
                 and (r.assignment_id, r.event_id, r.batch_id) = (h.assignment_id, h.event_id, h.batch_id) \
         ) \
         update \"values\" v set value = h.value, source = h.source, notes = h.notes, batch_id = h.batch_id, \
             received_at = h.received_at \
         from heirs h where v.tenant_id = $1 \
             and (v.assignment_id, v.event_id, v.observed_at) = (h.assignment_id, h.event_id, h.observed_at) \
             and v.observed_at between $3 and $4 \
         returning v.event_id, v.attribute_id, v.observed_at",
    )
    .bind::<SqlUuid, _>(tx.tenant())
    .bind::<SqlUuid, _>(batch.id)
    .bind::<Timestamptz, _>(batch.observed_from)
    .bind::<Timestamptz, _>(batch.observed_to)
    .load(&mut tx.conn())
    .await?;
    let mut moved: Vec<Moved> = diesel::sql_query(
        "delete from \"values\" where tenant_id = $1 and batch_id = $2 and observed_at between $3 and $4 \
         returning event_id, attribute_id, observed_at",
    )
    .bind::<SqlUuid, _>(tx.tenant())
    .bind::<SqlUuid, _>(batch.id)
    .bind::<Timestamptz, _>(batch.observed_from)
    .bind::<Timestamptz, _>(batch.observed_to)
    .load(&mut tx.conn())
    .await?;
    moved.extend(inherited);
    Ok(moved)
}

#[derive(QueryableByName)]
struct Sender {
    #[diesel(sql_type = SqlUuid)]
    event_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    batch_id: BatchId,
}

/// Writes down for attributes which batch has their latest value now.
pub(super) async fn name_batches<'a>(
    tx: &mut Tx,
    rows: impl Iterator<Item = &'a mut Attribute>,
) -> Result<(), Problem> {
    let rows: Vec<&mut Attribute> = rows.collect();
    let senders: Vec<Sender> = diesel::sql_query(
        "select event_id, batch_id from unnest($2, $3, $4) as l(assignment_id, event_id, observed_at) \
         join \"values\" v using (assignment_id, event_id, observed_at) where v.tenant_id = $1",
    )
    .bind::<SqlUuid, _>(tx.tenant())
    .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.assignment_id).collect::<Vec<_>>())
    .bind::<Array<Nullable<SqlUuid>>, _>(rows.iter().map(|row| row.latest_event_id).collect::<Vec<_>>())
    .bind::<Array<Nullable<Timestamptz>>, _>(rows.iter().map(|row| row.latest_observed_at).collect::<Vec<_>>())
    .load(&mut tx.conn())
    .await?;
    let of: HashMap<Uuid, BatchId> = senders.into_iter().map(|row| (row.event_id, row.batch_id)).collect();
    for row in rows {
        row.latest_batch_id = row.latest_event_id.and_then(|event| of.get(&event).copied());
    }
    Ok(())
}

/// Takes away what a batch was silent about.
pub(super) async fn take_silences(tx: &mut Tx, batch: BatchId) -> Result<Vec<Silence>, Problem> {
    let rows = silences::table.filter(silences::tenant_id.eq(tx.tenant())).filter(silences::batch_id.eq(batch));
    Ok(diesel::delete(rows).returning(Silence::as_returning()).load(&mut tx.conn()).await?)
}

#[derive(QueryableByName)]
struct Emptied {
    #[diesel(sql_type = SqlUuid)]
    id: CustomerAttributeId,
    #[diesel(sql_type = Timestamptz)]
    at: Timestamp,
}

/// When a complete feed was last silent about these attributes of the assignments that a retracted batch was silent about.
pub(super) async fn last_silences(
    tx: &mut Tx,
    attributes: &[CustomerAttributeId],
    of: &[Silence],
) -> Result<HashMap<CustomerAttributeId, Timestamp>, Problem> {
    if attributes.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<Emptied> = diesel::sql_query(
        "select u.id, max(s.at) as at from silences s cross join unnest(s.attribute_ids) as u(id) \
         where s.tenant_id = $1 and s.assignment_id = any($2) and u.id = any($3) group by u.id",
    )
    .bind::<SqlUuid, _>(tx.tenant())
    .bind::<Array<SqlUuid>, _>(of.iter().map(|silence| silence.assignment_id).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(attributes)
    .load(&mut tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.at)).collect())
}

/// Finds out when the data of attributes vanished of which that is not known.
pub(crate) async fn vanish<'a>(tx: &mut Tx, rows: impl Iterator<Item = &'a mut Attribute>) -> Result<(), Problem> {
    let mut adrift: Vec<&mut Attribute> = rows.filter(|row| row.is_adrift()).collect();
    if adrift.is_empty() {
        return Ok(());
    }
    let found: Vec<Emptied> = diesel::sql_query(
        "select a.id, min(s.at) as at from unnest($2, $3, $4) as a(id, assignment_id, seen) \
         join silences s on s.tenant_id = $1 and s.assignment_id = a.assignment_id and s.at >= a.seen \
         where a.id = any(s.attribute_ids) group by a.id",
    )
    .bind::<SqlUuid, _>(tx.tenant())
    .bind::<Array<SqlUuid>, _>(adrift.iter().map(|row| row.id).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(adrift.iter().map(|row| row.assignment_id).collect::<Vec<_>>())
    .bind::<Array<Nullable<Timestamptz>>, _>(adrift.iter().map(|row| row.latest_observed_at).collect::<Vec<_>>())
    .load(&mut tx.conn())
    .await?;
    let found: HashMap<_, _> = found.into_iter().map(|row| (row.id, row.at)).collect();
    for row in &mut adrift {
        // A silence from before they were remembered is known by its last moment alone.
        row.vanish(found.get(&row.id).copied().or(row.emptied_at).into_iter());
    }
    Ok(())
}

/// Forgets what belongs to values from before this moment, of all tenants.
pub(crate) async fn forget(mut conn: &Conn, before: Timestamp) -> Result<(), Problem> {
    diesel::sql_query("select forget_batches($1)").bind::<Timestamptz, _>(before).execute(&mut conn).await?;
    Ok(())
}
