//! The statements of the audit trail.

use std::collections::HashMap;

use db::{Conn, Json, Tx};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{EventId, Problem, TenantId, Timestamp};
use serde_json::{Value, json};

use super::api::Filter;
use super::chain::{Head, LINE};
use super::model::AuditEvent;
use crate::schema::{audit_chains, audit_events};

/// Where a page ends: the moment and the event of its last row.
pub(super) type Place = (Timestamp, EventId);

/// Rows that a filter finds, the newest first, from a place on.
pub(super) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    filter: &Filter,
    after: Option<Place>,
    most: i64,
) -> Result<Vec<AuditEvent>, Problem> {
    let mut rows =
        audit_events::table.filter(audit_events::tenant_id.eq(tenant)).select(AuditEvent::as_select()).into_boxed();
    if !filter.entity.is_empty() {
        rows = rows.filter(audit_events::entity.eq_any(&filter.entity));
    }
    if !filter.entity_id.is_empty() {
        rows = rows.filter(audit_events::entity_id.eq_any(&filter.entity_id));
    }
    if !filter.actor.is_empty() {
        let acted = audit_events::actor.eq_any(&filter.actor);
        // Not null, for the index.
        let for_them = audit_events::on_behalf_of.is_not_null();
        let for_them = for_them.and(audit_events::on_behalf_of.assume_not_null().eq_any(&filter.actor));
        rows = rows.filter(acted.or(for_them));
    }
    if !filter.action.is_empty() {
        rows = rows.filter(audit_events::action.eq_any(&filter.action));
    }
    if let Some(from) = filter.from {
        rows = rows.filter(audit_events::occurred_at.ge(from));
    }
    if let Some(to) = filter.to {
        rows = rows.filter(audit_events::occurred_at.lt(to));
    }
    if let Some((at, id)) = after {
        // The range first, for the index; then the tie-break.
        rows = rows
            .filter(audit_events::occurred_at.le(at))
            .filter(audit_events::occurred_at.lt(at).or(audit_events::event_id.lt(id)));
    }
    let newest_first = (audit_events::occurred_at.desc(), audit_events::event_id.desc());
    Ok(rows.order(newest_first).limit(most).load(&mut conn).await?)
}

pub(super) async fn find_head(mut conn: &Conn, tenant: TenantId) -> Result<Option<Head>, Problem> {
    Ok(audit_chains::table.find(tenant).select(Head::as_select()).first(&mut conn).await.optional()?)
}

/// The head of the tenant's chain, if there is one, locked until the transaction ends.
pub(super) async fn head_for_change(tx: &mut Tx) -> Result<Option<Head>, Problem> {
    let row = audit_chains::table.find(tx.tenant()).select(Head::as_select()).for_update();
    Ok(row.first(&mut tx.conn()).await.optional()?)
}

/// Place and hash of the tenant's last row, if there is any.
pub(super) async fn last_link(tx: &mut Tx) -> Result<Option<(i64, Vec<u8>)>, Problem> {
    let rows = audit_events::table.filter(audit_events::tenant_id.eq(tx.tenant())).order(audit_events::sequence.desc());
    let last = rows.select((audit_events::sequence, audit_events::hash)).first(&mut tx.conn());
    Ok(last.await.optional()?)
}

/// Writes the first head of a tenant, unless somebody else was quicker.
pub(super) async fn insert_head(tx: &mut Tx, head: &Head) -> Result<(), Problem> {
    let insert = diesel::insert_into(audit_chains::table).values(head).on_conflict_do_nothing();
    insert.execute(&mut tx.conn()).await?;
    Ok(())
}

pub(super) async fn update_head(tx: &mut Tx, head: &Head) -> Result<(), Problem> {
    diesel::update(audit_chains::table.find(head.tenant_id)).set(head).execute(&mut tx.conn()).await?;
    Ok(())
}

pub(super) async fn insert(tx: &mut Tx, rows: &[AuditEvent]) -> Result<(), Problem> {
    diesel::insert_into(audit_events::table).values(rows).execute(&mut tx.conn()).await?;
    Ok(())
}

/// The lines of those events that the trail does not have yet, as Postgres will write them: it has its own way with JSON.
pub(super) async fn new_lines(tx: &mut Tx, events: &[AuditEvent]) -> Result<HashMap<EventId, String>, Problem> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        event_id: EventId,
        #[diesel(sql_type = Text)]
        line: String,
    }
    let rows = diesel::sql_query(format!(
        "select event_id, {LINE} as line from jsonb_populate_recordset(null::audit_events, $1) told \
         where not exists (select from audit_events known where known.tenant_id = $2 and known.event_id = told.event_id)"
    ));
    let told = Json(events.iter().map(columns).collect::<Vec<Value>>());
    let rows: Vec<Row> = rows.bind::<Jsonb, _>(told).bind::<SqlUuid, _>(tx.tenant()).load(&mut tx.conn()).await?;
    Ok(rows.into_iter().map(|row| (row.event_id, row.line)).collect())
}

/// An event by the names of the columns.
fn columns(event: &AuditEvent) -> Value {
    json!({
        "tenant_id": event.tenant_id,
        "event_id": event.event_id,
        "occurred_at": event.occurred_at,
        "service": event.service,
        "entity": event.entity,
        "entity_id": event.entity_id,
        "entity_version": event.entity_version,
        "action": event.action,
        "actor": event.actor,
        "on_behalf_of": event.on_behalf_of,
        "client_address": event.client_address,
        "trace_id": event.trace_id,
        "changes": event.changes.0,
    })
}

/// A row as it was linked.
#[derive(QueryableByName)]
pub(super) struct Linked {
    #[diesel(sql_type = BigInt)]
    pub(super) sequence: i64,
    #[diesel(sql_type = SqlUuid)]
    pub(super) event_id: EventId,
    #[diesel(sql_type = diesel::sql_types::Binary)]
    pub(super) hash: Vec<u8>,
    #[diesel(sql_type = Text)]
    pub(super) line: String,
}

/// Rows in the order of the chain, from a place on.
pub(super) async fn linked(mut conn: &Conn, tenant: TenantId, after: i64, most: i32) -> Result<Vec<Linked>, Problem> {
    let rows = diesel::sql_query(format!(
        "select sequence, event_id, hash, {LINE} as line from audit_events where tenant_id = $1 and sequence > $2 \
         order by sequence limit $3"
    ));
    let rows = rows.bind::<SqlUuid, _>(tenant).bind::<BigInt, _>(after).bind::<Integer, _>(most);
    Ok(rows.load(&mut conn).await?)
}

/// Lets go of rows that are older than a moment, and says how many they were.
pub(super) async fn forget(tx: &mut Tx, before: Timestamp, most: i32) -> Result<i64, Problem> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        removed: i64,
    }
    let gone = diesel::sql_query("select forget_audit_events($1, $2) as removed");
    let gone = gone.bind::<Timestamptz, _>(before).bind::<Integer, _>(most);
    Ok(gone.get_result::<Row>(&mut tx.conn()).await?.removed)
}
