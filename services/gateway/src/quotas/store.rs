//! The statements of usage.

use db::{Conn, Db, Tx};
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use kernel::{Problem, TenantId, Timestamp};
use uuid::Uuid;

use super::period::Period;
use super::slot::{CallerKind, Slot, Who};
use crate::schema::usage;

/// A row of `usage`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = usage, check_for_backend(diesel::pg::Pg))]
pub(super) struct Row {
    tenant_id: TenantId,
    period: Period,
    starts_at: Timestamp,
    pub(super) caller_id: Uuid,
    pub(super) caller_kind: CallerKind,
    pub(super) requests: i64,
}

impl Row {
    pub(super) const fn slot(&self) -> Slot {
        let who = Who { id: self.caller_id, kind: self.caller_kind };
        Slot { period: self.period, starts_at: self.starts_at, who }
    }
}

/// Adds what was counted; answers what there is now, of all gateways. Rows come in one order, so that two gateways cannot wait
/// for each other.
pub(super) async fn add(tx: &mut Tx, counted: &[(Slot, i64)]) -> Result<Vec<Row>, Problem> {
    let row = |(slot, requests): &(Slot, i64)| Row {
        tenant_id: tx.tenant(),
        period: slot.period,
        starts_at: slot.starts_at,
        caller_id: slot.who.id,
        caller_kind: slot.who.kind,
        requests: *requests,
    };
    let rows: Vec<Row> = counted.iter().map(row).collect();
    let mut totals = Vec::with_capacity(rows.len());
    for chunk in rows.chunks(1_000) {
        let added = diesel::insert_into(usage::table)
            .values(chunk)
            .on_conflict((usage::tenant_id, usage::period, usage::starts_at, usage::caller_id))
            .do_update()
            .set(usage::requests.eq(usage::requests + excluded(usage::requests)))
            .returning(Row::as_returning());
        totals.extend(added.get_results(&mut tx.conn()).await?);
    }
    Ok(totals)
}

/// The present days and months of some.
pub(super) async fn of(mut conn: &Conn, tenant: TenantId, ids: [Uuid; 2], now: Timestamp) -> Result<Vec<Row>, Problem> {
    let starts = [Period::Day, Period::Month].map(|period| period.start(now));
    let rows = usage::table
        .filter(usage::tenant_id.eq(tenant))
        .filter(usage::period.eq_any([Period::Day, Period::Month]))
        .filter(usage::starts_at.eq_any(starts))
        .filter(usage::caller_id.eq_any(ids));
    Ok(rows.select(Row::as_select()).load(&mut conn).await?)
}

/// One page of the callers of a day, with one row more to tell whether there is another page.
pub(super) async fn callers(
    mut conn: &Conn,
    tenant: TenantId,
    day: Timestamp,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Row>, Problem> {
    let mut rows = usage::table
        .filter(usage::tenant_id.eq(tenant))
        .filter(usage::period.eq(Period::Day))
        .filter(usage::starts_at.eq(day))
        .filter(usage::caller_kind.ne(CallerKind::Tenant))
        .select(Row::as_select())
        .into_boxed();
    if let Some(after) = after {
        rows = rows.filter(usage::caller_id.gt(after));
    }
    Ok(rows.order(usage::caller_id).limit(limit + 1).load(&mut conn).await?)
}

/// Forgets what began before a moment.
pub(super) async fn forget(db: &Db, before: Timestamp) -> Result<(), Problem> {
    db.global(async |mut conn| {
        diesel::sql_query("select forget_usage($1)").bind::<Timestamptz, _>(before).execute(&mut conn).await?;
        Ok(())
    })
    .await
}
