//! The statements of refusals.

use std::collections::{BTreeMap, BTreeSet};

use contracts::identity::Scope;
use contracts::telemetry::RefusalCode;
use db::{Conn, Tx};
use diesel::dsl::{case_when, count_star, max, min};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable};
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use kernel::{AssignmentId, BatchId, Problem, RefusalId, TenantId, Timestamp};
use uuid::Uuid;

use super::api::Selection;
use super::model::{Refusal, Waiting};
use crate::schema::{assignments, refusals};

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
                refusals::replayed_batch_id.eq(None::<Uuid>),
                // Who may look at it may do so also when its assignment has gone, or when somebody else sends the same.
                refusals::assignment_id.eq(case_when(
                    excluded(refusals::assignment_id).is_not_null(),
                    excluded(refusals::assignment_id),
                )
                .otherwise(refusals::assignment_id)),
            ))
            .execute(&mut tx.conn())
            .await?;
    }
    Ok(())
}

/// Forgets what was refused of a batch and still waits.
pub(crate) async fn forget_batch(tx: &mut Tx, batch: BatchId) -> Result<(), Problem> {
    let rows = refusals::table.filter(refusals::tenant_id.eq(tx.tenant())).filter(refusals::batch_id.eq(batch.0));
    diesel::delete(rows.filter(refusals::replayed_at.is_null())).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Marks refusals whose value a batch has stored.
pub(crate) async fn mark_replayed(tx: &mut Tx, batch: BatchId, ids: Vec<RefusalId>) -> Result<(), Problem> {
    if ids.is_empty() {
        return Ok(());
    }
    let rows = refusals::table.filter(refusals::tenant_id.eq(tx.tenant())).filter(refusals::id.eq_any(ids));
    let mended = (refusals::replayed_at.eq(tx.now()), refusals::replayed_batch_id.eq(batch.0));
    diesel::update(rows).set(mended).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Lets those wait again whose value a batch had stored.
pub(crate) async fn reopen(tx: &mut Tx, batch: BatchId) -> Result<(), Problem> {
    let rows = refusals::table.filter(refusals::tenant_id.eq(tx.tenant()));
    let rows = rows.filter(refusals::replayed_batch_id.eq(batch.0));
    let open = (refusals::replayed_at.eq(None::<Timestamp>), refusals::replayed_batch_id.eq(None::<Uuid>));
    diesel::update(rows).set(open).execute(&mut tx.conn()).await?;
    Ok(())
}
