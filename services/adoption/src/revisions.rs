//! How far each product has come in the catalog: what tells a plan that is behind from one that is not.

use contracts::Envelope;
use contracts::catalog::PRODUCT_DELETED;
use db::Tx;
use diesel::dsl::{exists, not};
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{Problem, ProductId};
use serde::Deserialize;

use crate::schema::{plans, product_revisions};

/// Whatever the catalog tells of something under an owner.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    product_id: Option<ProductId>,
    revision: Option<i64>,
}

/// Hears of any change in the catalog. What is a solution's moves no product, a telemetry attribute comes with its task, and a
/// product that is deleted is nothing to follow.
pub(crate) async fn hear(tx: &mut Tx, event: &Envelope) -> Result<(), Problem> {
    if event.key() == PRODUCT_DELETED.key {
        return Ok(());
    }
    let told: Told = event.state().map_err(Problem::internal)?;
    let is_product = event.key().starts_with("catalog.product.");
    let product = if is_product { Some(ProductId(event.subject)) } else { told.product_id };
    let Some((product, revision)) = product.zip(told.revision) else { return Ok(()) };
    let raise = diesel::sql_query(
        "insert into product_revisions as known (tenant_id, product_id, revision) values ($1, $2, $3) \
         on conflict (tenant_id, product_id) do update set revision = excluded.revision \
         where excluded.revision > known.revision",
    );
    let raise = raise.bind::<SqlUuid, _>(tx.tenant()).bind::<SqlUuid, _>(product).bind::<BigInt, _>(revision);
    raise.execute(&mut tx.conn()).await?;
    Ok(())
}

/// Learns of a product that nobody has told of yet. One that is known stays as it is: it is not even locked.
pub(crate) async fn learn(tx: &mut Tx, product: ProductId, revision: i64) -> Result<(), Problem> {
    let row = (
        product_revisions::tenant_id.eq(tx.tenant()),
        product_revisions::product_id.eq(product),
        product_revisions::revision.eq(revision),
    );
    diesel::insert_into(product_revisions::table).values(row).on_conflict_do_nothing().execute(&mut tx.conn()).await?;
    Ok(())
}

/// Whether the catalog has moved since a plan was made equal to it. One whose product nobody has told of may be behind.
pub(crate) fn needs_sync() -> Box<dyn BoxableExpression<plans::table, Pg, SqlType = Bool>> {
    let of_plan = product_revisions::tenant_id
        .eq(plans::tenant_id)
        .and(product_revisions::product_id.eq(plans::product_id))
        .and(product_revisions::revision.le(plans::catalog_revision));
    Box::new(not(exists(product_revisions::table.filter(of_plan))))
}
