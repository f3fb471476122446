//! Assignments: whose each of them is, as adoption told. That never changes, and it is all that is kept of them here.

use std::collections::{BTreeMap, BTreeSet};

use clients::Adoption;
use db::{Conn, Db, Tx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Actor, AssignmentId, CustomerId, Problem, TenantId};

use crate::schema::assignments;

/// Rows of one statement.
const ROWS: usize = 1_000;

/// Notes whose assignments are.
pub(crate) async fn learn(tx: &mut Tx, owners: &BTreeMap<AssignmentId, CustomerId>) -> Result<(), Problem> {
    // In the order of their ids, so that two writers cannot wait for each other.
    let row = |(id, customer): (&AssignmentId, &CustomerId)| {
        (assignments::tenant_id.eq(tx.tenant()), assignments::id.eq(*id), assignments::customer_id.eq(*customer))
    };
    let rows: Vec<_> = owners.iter().map(row).collect();
    for chunk in rows.chunks(ROWS) {
        let insert = diesel::insert_into(assignments::table).values(chunk.to_vec()).on_conflict_do_nothing();
        insert.execute(&mut tx.conn()).await?;
    }
    Ok(())
}

/// Whose these assignments are; one that the tenant does not have is left out. Adoption is asked about those that it has not
/// told of yet: they are older than this table, or the event is still on its way.
///
/// # Errors
/// 503 when the database is away, or adoption must be asked and is.
pub(crate) async fn customers_of(
    db: &Db,
    adoption: &Adoption,
    who: &Actor,
    ids: &BTreeSet<AssignmentId>,
) -> Result<BTreeMap<AssignmentId, CustomerId>, Problem> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut known = db.read(who.tenant, async |conn| find(conn, who.tenant, ids).await).await?;
    let unheard: Vec<_> = ids.iter().copied().filter(|id| !known.contains_key(id)).collect();
    let told = adoption.customers_of(who, &unheard).await?;
    if !told.is_empty() {
        let itself = Actor { on_behalf_of: who.person(), ..Actor::service("telemetry", who.tenant, who.trace) };
        db.write(&itself, async |tx| learn(tx, &told).await).await?;
        known.extend(told);
    }
    Ok(known)
}

async fn find(
    mut conn: &Conn,
    tenant: TenantId,
    ids: &BTreeSet<AssignmentId>,
) -> Result<BTreeMap<AssignmentId, CustomerId>, Problem> {
    let rows = assignments::table.filter(assignments::tenant_id.eq(tenant)).filter(assignments::id.eq_any(ids));
    let rows: Vec<(AssignmentId, CustomerId)> =
        rows.select((assignments::id, assignments::customer_id)).load(&mut conn).await?;
    Ok(rows.into_iter().collect())
}
