//! How far each product and each solution has come in the catalog: what tells a plan that is behind from one that is not.

use contracts::Envelope;
use contracts::catalog::{OwnerId, PRODUCT_DELETED, SOLUTION_DELETED, SOLUTION_PRODUCTS_ASSIGNED};
use db::Tx;
use diesel::dsl::{exists, sql};
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{Problem, ProductId, SolutionId, TenantId};
use serde::Deserialize;

use crate::schema::{assignments, catalog_revisions, plans, solution_plans};

/// Whatever the catalog tells of something under an owner.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    product_id: Option<ProductId>,
    solution_id: Option<SolutionId>,
    revision: Option<i64>,
}

/// Hears of any change in the catalog. A telemetry attribute comes with its task. What is deleted is nothing to follow: of a
/// product it is kept that it is, as long as nothing later is told of it.
pub(crate) async fn hear(tx: &mut Tx, event: &Envelope) -> Result<(), Problem> {
    if event.key() == SOLUTION_DELETED.key {
        return Ok(());
    }
    let told: Told = event.state().map_err(Problem::internal)?;
    let is_owner = ["catalog.product.", "catalog.solution."].iter().any(|noun| event.key().starts_with(noun));
    let of_part = told.product_id.map(|id| id.0).or(told.solution_id.map(|id| id.0));
    let owner = if is_owner { Some(event.subject) } else { of_part };
    let Some((owner, revision)) = owner.zip(told.revision) else { return Ok(()) };
    let at = |key: &str| (event.key() == key).then_some(revision);
    let (bundled, deleted) = (at(SOLUTION_PRODUCTS_ASSIGNED.key), at(PRODUCT_DELETED.key));
    let to_follow = if deleted.is_some() { revision - 1 } else { revision };
    let raise = diesel::sql_query(
        "insert into catalog_revisions as known (tenant_id, owner_id, revision, bundle_revision, deleted_revision) \
         select $1, $2, $3, $4, $5 from pg_advisory_xact_lock(hashtextextended($6, 0)) \
         on conflict (tenant_id, owner_id) do update set revision = greatest(known.revision, excluded.revision), \
             bundle_revision = greatest(known.bundle_revision, excluded.bundle_revision), \
             deleted_revision = greatest(known.deleted_revision, excluded.deleted_revision) \
         where excluded.revision > known.revision or excluded.bundle_revision is not null \
             or excluded.deleted_revision is not null",
    );
    let raise = raise.bind::<SqlUuid, _>(tx.tenant()).bind::<SqlUuid, _>(owner).bind::<BigInt, _>(to_follow);
    let raise = raise.bind::<Nullable<BigInt>, _>(bundled).bind::<Nullable<BigInt>, _>(deleted);
    raise.bind::<Text, _>(alone(tx.tenant())).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Learns of an owner that nobody has told of yet. One that is known stays as it is: it is not even locked.
pub(crate) async fn learn(tx: &mut Tx, owner: OwnerId, revision: i64) -> Result<(), Problem> {
    let known = exists(catalog_revisions::table.find((tx.tenant(), owner.id())));
    if diesel::select(known).get_result(&mut tx.conn()).await? {
        return Ok(());
    }
    let lock = diesel::sql_query("select pg_advisory_xact_lock(hashtextextended($1, 0))");
    lock.bind::<Text, _>(alone(tx.tenant())).execute(&mut tx.conn()).await?;
    let row = (
        catalog_revisions::tenant_id.eq(tx.tenant()),
        catalog_revisions::owner_id.eq(owner.id()),
        catalog_revisions::revision.eq(revision),
    );
    diesel::insert_into(catalog_revisions::table).values(row).on_conflict_do_nothing().execute(&mut tx.conn()).await?;
    Ok(())
}

/// The lock of whoever writes here: alone in the tenant, until the transaction ends. The catalog tells of owners in any order,
/// and a solution is assigned in its own: two who write the same ones in different orders would wait for each other.
fn alone(tenant: TenantId) -> String {
    format!("catalog revisions of {tenant}")
}

/// Whether the catalog has moved since a row of `plans` was made equal to it, in SQL; one whose sync was undone is at an earlier
/// revision than that. One whose owner nobody has told of may be behind.
pub(crate) const NEEDS_SYNC: &str = "(not exists (select from catalog_revisions known where known.tenant_id = plans.tenant_id \
    and known.owner_id = plans.owner_id and known.revision <= plans.catalog_revision))";

/// [`NEEDS_SYNC`] for a statement that is put together.
pub(crate) fn needs_sync() -> Box<dyn BoxableExpression<plans::table, Pg, SqlType = Bool>> {
    Box::new(sql::<Bool>(NEEDS_SYNC))
}

/// Whether a solution has other products since a solution plan followed it, or a part is of a product that is deleted. The plan
/// of its own tasks does not tell: it may have been synced by itself.
pub(crate) fn has_other_products() -> Box<dyn BoxableExpression<solution_plans::table, Pg, SqlType = Bool>> {
    use catalog_revisions::{bundle_revision, deleted_revision, owner_id, revision, table, tenant_id};
    let of_plan = tenant_id.eq(solution_plans::tenant_id).and(owner_id.eq(solution_plans::solution_id));
    let is_other = bundle_revision.assume_not_null().gt(solution_plans::catalog_revision);
    let part = assignments::tenant_id
        .eq(solution_plans::tenant_id)
        .and(assignments::solution_plan_id.assume_not_null().eq(solution_plans::id));
    let of_part = tenant_id.eq(assignments::tenant_id).and(owner_id.eq(assignments::owner_id));
    let is_gone = exists(table.filter(of_part).filter(deleted_revision.assume_not_null().gt(revision)));
    let has_lost = exists(assignments::table.filter(part).filter(is_gone));
    Box::new(exists(table.filter(of_plan).filter(is_other)).or(has_lost))
}
