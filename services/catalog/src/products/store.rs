//! The statements of products.

use db::{Conn, Tx, on_constraint};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Cursor, Problem, ProductId, TenantId};

use super::api::ProductQuery;
use super::model::{KEY_TAKEN, NAME_TAKEN, Product};
use crate::schema::products;

/// The product, deleted or not.
pub(crate) async fn find(mut conn: &Conn, tenant: TenantId, id: ProductId) -> Result<Option<Product>, Problem> {
    Ok(products::table.find((tenant, id)).select(Product::as_select()).first(&mut conn).await.optional()?)
}

/// One page in the order of creation, with one row more to tell whether there is another page.
pub(crate) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    query: &ProductQuery,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Product>, Problem> {
    let mut rows = products::table.filter(products::tenant_id.eq(tenant)).select(Product::as_select()).into_boxed();
    if !query.includes_deleted() {
        rows = rows.filter(products::deleted_at.is_null());
    }
    if let Some(key) = &query.external_key {
        rows = rows.filter(products::external_key.eq(key));
    }
    if let Some(last) = after.and_then(|cursor| cursor.key::<ProductId>(0)) {
        rows = rows.filter(products::id.gt(last));
    }
    Ok(rows.order(products::id).limit(limit + 1).load(&mut conn).await?)
}

/// How many there are, deleted ones left out unless asked for.
pub(crate) async fn count(mut conn: &Conn, tenant: TenantId, query: &ProductQuery) -> Result<i64, Problem> {
    let mut rows = products::table.filter(products::tenant_id.eq(tenant)).count().into_boxed();
    if !query.includes_deleted() {
        rows = rows.filter(products::deleted_at.is_null());
    }
    if let Some(key) = &query.external_key {
        rows = rows.filter(products::external_key.eq(key));
    }
    Ok(rows.get_result(&mut conn).await?)
}

/// The product, locked until the transaction ends.
pub(crate) async fn fetch_for_change(tx: &mut Tx, id: ProductId) -> Result<Option<Product>, Problem> {
    let row = products::table.find((tx.tenant(), id)).select(Product::as_select()).for_update();
    Ok(row.first(&mut tx.conn()).await.optional()?)
}

pub(crate) async fn insert(tx: &mut Tx, product: &Product) -> Result<(), Problem> {
    let insert = diesel::insert_into(products::table).values(product);
    insert.execute(&mut tx.conn()).await.map_err(refused)?;
    Ok(())
}

pub(crate) async fn update(tx: &mut Tx, product: &Product) -> Result<(), Problem> {
    let row = products::table.find((product.tenant_id, product.id));
    diesel::update(row).set(product).execute(&mut tx.conn()).await.map_err(refused)?;
    Ok(())
}

fn refused(error: diesel::result::Error) -> Problem {
    match &error {
        diesel::result::Error::DatabaseError(_, info) if info.constraint_name() == Some("products_external_key_key") => {
            KEY_TAKEN.detail("Another product of this tenant has this externalKey; GET /catalog/v1/products?externalKey=… finds it.")
        }
        _ => on_constraint("products_name_key", NAME_TAKEN.detail("Another product has this name. Choose another, or rename that one."))(error),
    }
}
