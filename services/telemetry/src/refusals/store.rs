//! The statements of refusals.

use std::collections::{BTreeMap, BTreeSet};

use contracts::identity::Scope;
use contracts::telemetry::RefusalCode;
use db::{Conn, Tx};
use diesel::dsl::{count_star, max, min};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_dsl::methods;
use diesel::sql_types::{Array, Bool, Nullable, Uuid as SqlUuid};
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use kernel::{AssignmentId, BatchId, Problem, RefusalId, TenantId, Timestamp};
use uuid::Uuid;

use super::api::Selection;
use super::model::{Brought, Refusal, Waiting};
use crate::schema::{assignments, refusal_events as events, refusals};

/// The order in which refusals came.
const ARRIVAL: (refusals::received_at, refusals::index, refusals::id) =
    (refusals::received_at, refusals::index, refusals::id);

/// The most assignments whose owners are asked for at once.
const OWNERS: i64 = 1_000;

/// Which refusals are meant.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) batch_id: Vec<Uuid>,
    pub(super) code: Vec<RefusalCode>,
    pub(super) replayed: Option<bool>,
    /// About assignments of these customers.
    pub(super) customers: Scope,
}

/// Where a refusal stands in the order in which they came.
pub(super) type Place = (Timestamp, i32, RefusalId);

/// That a refusal is about an assignment of these customers.
fn of_customers(
    tenant: TenantId,
    customers: &[Uuid],
) -> Box<dyn BoxableExpression<refusals::table, Pg, SqlType = Nullable<Bool>> + '_> {
    let theirs =
        assignments::table.filter(assignments::tenant_id.eq(tenant)).filter(assignments::customer_id.eq_any(customers));
    Box::new(refusals::assignment_id.eq_any(theirs.select(assignments::id.nullable())))
}

/// Those of these refusals that are there and, where it is of some customers only, about assignments of theirs.
pub(crate) async fn among(
    mut conn: &Conn,
    tenant: TenantId,
    ids: &BTreeSet<RefusalId>,
    scope: &Scope,
) -> Result<BTreeSet<RefusalId>, Problem> {
    let rows = refusals::table.filter(refusals::tenant_id.eq(tenant)).filter(refusals::id.eq_any(ids));
    let mut rows = rows.select(refusals::id).into_boxed();
    if let Scope::Some(customers) = scope {
        rows = rows.filter(of_customers(tenant, customers));
    }
    let ids: Vec<RefusalId> = rows.load(&mut conn).await?;
    Ok(ids.into_iter().collect())
}

/// The assignments of refusals that nobody has told the owners of.
pub(super) async fn without_owner(mut conn: &Conn, tenant: TenantId) -> Result<BTreeSet<AssignmentId>, Problem> {
    let owned = assignments::table.filter(assignments::tenant_id.eq(tenant));
    let rows = refusals::table.filter(refusals::tenant_id.eq(tenant)).filter(refusals::assignment_id.is_not_null());
    let rows = rows.filter(refusals::assignment_id.ne_all(owned.select(assignments::id.nullable())));
    let ids = rows.select(refusals::assignment_id.assume_not_null()).distinct().limit(OWNERS);
    Ok(ids.load::<AssignmentId>(&mut conn).await?.into_iter().collect())
}

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
    if let Scope::Some(customers) = &filter.customers {
        rows = rows.filter(of_customers(tenant, customers));
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
pub(super) async fn reasons(mut conn: &Conn, tenant: TenantId, scope: &Scope) -> Result<Vec<Waiting>, Problem> {
    let rows = refusals::table.filter(refusals::tenant_id.eq(tenant)).filter(refusals::replayed_at.is_null());
    let rows = rows.group_by(refusals::code).order((count_star().desc(), refusals::code));
    let (first, last) = (min(refusals::received_at), max(refusals::received_at));
    let columns = (refusals::code, count_star(), first.assume_not_null(), last.assume_not_null());
    let mut rows = rows.select(columns).into_boxed();
    if let Scope::Some(customers) = scope {
        rows = rows.filter(of_customers(tenant, customers));
    }
    Ok(rows.load(&mut conn).await?)
}

/// What a selection means: refusals not replayed yet, in the order of arrival, as many as a batch may have.
pub(super) async fn select(
    mut conn: &Conn,
    tenant: TenantId,
    (selection, scope): (&Selection, &Scope),
    most: i64,
) -> Result<Vec<Refusal>, Problem> {
    let mut rows = refusals::table
        .filter(refusals::tenant_id.eq(tenant))
        .filter(refusals::replayed_at.is_null())
        .select(Refusal::as_select())
        .into_boxed();
    if let Scope::Some(customers) = scope {
        rows = rows.filter(of_customers(tenant, customers));
    }
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

/// Keeps refusals, and which batch brought each. One that is there already was sent or tried again: it shows the last time,
/// and is open again, unless whoever sends it now may not know what it is about. In the order of their ids, so that two writers
/// cannot wait for each other.
pub(crate) async fn keep<'a>(tx: &mut Tx, rows: impl Iterator<Item = &'a Refusal>) -> Result<(), Problem> {
    let brought: BTreeMap<(RefusalId, Uuid), &Refusal> = rows.map(|row| ((row.id, row.batch_id), row)).collect();
    let last: BTreeMap<RefusalId, &Refusal> = brought.values().map(|row| (row.id, *row)).collect();
    let (last, brought): (Vec<&Refusal>, Vec<&Refusal>) =
        (last.into_values().collect(), brought.into_values().collect());
    for chunk in last.chunks(500) {
        let keep = diesel::insert_into(refusals::table)
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
                refusals::assignment_id.eq(excluded(refusals::assignment_id)),
            ));
        // Else whoever sends it may not know what it is about, and changes nothing of it.
        let knows = excluded(refusals::assignment_id).is_not_null().or(refusals::assignment_id.is_null());
        methods::FilterDsl::filter(keep, knows).execute(&mut tx.conn()).await?;
    }
    for chunk in brought.chunks(500) {
        diesel::insert_into(events::table)
            .values(chunk.iter().copied().map(Brought::from).collect::<Vec<_>>())
            .on_conflict((events::tenant_id, events::refusal_id, events::batch_id))
            .do_update()
            .set((
                events::index.eq(excluded(events::index)),
                events::code.eq(excluded(events::code)),
                events::detail.eq(excluded(events::detail)),
            ))
            .execute(&mut tx.conn())
            .await?;
    }
    Ok(())
}

/// Marks refusals whose values batches have stored.
pub(crate) async fn mark_replayed(tx: &mut Tx, by: &BTreeSet<(RefusalId, BatchId)>) -> Result<(), Problem> {
    if by.is_empty() {
        return Ok(());
    }
    let ids = by.iter().map(|(id, _)| *id);
    let rows = refusals::table.filter(refusals::tenant_id.eq(tx.tenant())).filter(refusals::id.eq_any(ids));
    let mended = diesel::update(rows).set(refusals::replayed_at.eq(tx.now())).returning(refusals::id);
    let mended: BTreeSet<RefusalId> = mended.load(&mut tx.conn()).await?.into_iter().collect();
    let event = |(id, batch): &(RefusalId, BatchId)| {
        let of = (events::tenant_id.eq(tx.tenant()), events::refusal_id.eq(*id), events::batch_id.eq(batch.0));
        (of, events::at.eq(tx.now()))
    };
    let rows: Vec<_> = by.iter().filter(|(id, _)| mended.contains(id)).map(event).collect();
    for chunk in rows.chunks(500) {
        let insert = diesel::insert_into(events::table).values(chunk.to_vec()).on_conflict_do_nothing();
        insert.execute(&mut tx.conn()).await?;
    }
    Ok(())
}

/// Takes back what a batch did to refusals: each becomes what the batches that are left made of it, and is forgotten when
/// none of them brought it.
pub(crate) async fn retract(tx: &mut Tx, batch: BatchId) -> Result<(), Problem> {
    let of_batch = events::table.filter(events::tenant_id.eq(tx.tenant())).filter(events::batch_id.eq(batch.0));
    let touched = diesel::delete(of_batch).returning(events::refusal_id);
    let touched: Vec<RefusalId> = touched.load(&mut tx.conn()).await?;
    if touched.is_empty() {
        return Ok(());
    }
    let forget = diesel::sql_query(
        "delete from refusals r where tenant_id = $1 and id = any($2) and not exists ( \
             select from refusal_events e where e.tenant_id = $1 and e.refusal_id = r.id and e.code is not null)",
    );
    let settle = diesel::sql_query(
        "update refusals r set batch_id = brought.batch_id, received_at = brought.at, index = brought.index, \
             code = brought.code, detail = brought.detail, \
             replayed_at = case when mended.at >= brought.at then mended.at end \
         from ( \
             select distinct on (refusal_id) refusal_id, batch_id, at, index, code, detail from refusal_events \
             where tenant_id = $1 and refusal_id = any($2) and code is not null \
             order by refusal_id, at desc, batch_id desc) as brought \
         left join ( \
             select refusal_id, max(at) as at from refusal_events \
             where tenant_id = $1 and refusal_id = any($2) and code is null group by refusal_id) as mended \
             using (refusal_id) \
         where r.tenant_id = $1 and r.id = refusal_id",
    );
    for statement in [forget, settle] {
        let statement = statement.bind::<SqlUuid, _>(tx.tenant()).bind::<Array<SqlUuid>, _>(&touched);
        statement.execute(&mut tx.conn()).await?;
    }
    Ok(())
}
