//! Products over HTTP.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use contracts::catalog::{PRODUCT_CHANGED, PRODUCT_CREATED, PRODUCT_DELETED, PRODUCT_RESTORED, ProductView};
use db::Db;
use kernel::{Cursor, Page, Problem, ProductId};
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::model::{CreateProduct, Product, ProductPatch};
use super::store;
use crate::owners::OwnerQuery;
use crate::permissions::{CatalogAdmin, CatalogRead, CatalogWrite};

const COLLECTION: &str = "/catalog/v1/products";

/// Make a product
///
/// The name must be unique among the tenant's products that are not deleted.
#[utoipa::path(tag = "products", request_body = CreateProduct, security(("bearer" = [CatalogWrite::NAME])), responses((status = 201, body = ProductView), (status = 409, description = "The name or the external key is taken.")))]
#[post("/products")]
pub(super) async fn create_product(who: Allow<CatalogWrite>, db: Data<Db>, Body(command): Body<CreateProduct>) -> Answer {
    who.write(&db, async |tx| {
        let product = Product::create(command, tx.tenant(), tx.now())?;
        store::insert(tx, &product).await?;
        let view = ProductView::from(product);
        tx.announce(&PRODUCT_CREATED, None, &view).await?;
        Reply::created(&view, COLLECTION)
    })
    .await
}

/// List products
///
/// In the order they were made, unless `sort` asks for another.
#[utoipa::path(tag = "products", params(OwnerQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = Page<ProductView>)))]
#[get("/products")]
pub(super) async fn list_products(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<OwnerQuery>,
) -> Answer {
    let (limit, after) = query.window(&context)?;
    let sort = query.sort();
    who.read(&db, async |conn| {
        let rows = store::page(conn, who.tenant, &query, after, limit).await?;
        let mut page =
            Cursor::page(rows, limit, &context.config.keys, sort.as_str(), |row| store::cursor_key(sort, row));
        if query.counts() {
            page.total = Some(store::count(conn, who.tenant, &query).await?);
        }
        Reply::ok(&page.map(ProductView::from))
    })
    .await
}

/// Show a product
///
/// Deleted products are shown too, with `deletedAt`.
#[utoipa::path(tag = "products", security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = ProductView)))]
#[get("/products/{productId}")]
pub(super) async fn show_product(who: Allow<CatalogRead>, db: Data<Db>, Path(id): Path<ProductId>) -> Answer {
    who.read(&db, async |conn| {
        let product = store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("product"))?;
        Reply::show(&ProductView::from(product))
    })
    .await
}

/// Change a product
///
/// A JSON merge patch: what is left out stays, `null` clears. `If-Match` is honoured when sent.
#[utoipa::path(tag = "products", request_body = ProductPatch, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = ProductView), (status = 409, description = "The name or the external key is taken."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/products/{productId}")]
pub(super) async fn change_product(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    Path(id): Path<ProductId>,
    Body(patch): Body<ProductPatch>,
) -> Answer {
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, id).await?.ok_or_else(|| Problem::not_found("product"))?;
        who.expect_version(before.version)?;
        let after = before.clone().change(patch, tx.now())?;
        store::update(tx, &after).await?;
        let view = ProductView::from(after);
        tx.announce(&PRODUCT_CHANGED, Some(&before.into()), &view).await?;
        Reply::show(&view)
    })
    .await
}

/// Delete a product
///
/// It can be restored; plans made from it are not touched.
#[utoipa::path(tag = "products", security(("bearer" = [CatalogAdmin::NAME])), responses((status = 204, description = "Deleted.")))]
#[delete("/products/{productId}")]
pub(super) async fn delete_product(who: Allow<CatalogAdmin>, db: Data<Db>, Path(id): Path<ProductId>) -> Answer {
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, id).await?.ok_or_else(|| Problem::not_found("product"))?;
        who.expect_version(before.version)?;
        if before.deleted_at.is_none() {
            let after = before.clone().delete(tx.now());
            store::update(tx, &after).await?;
            tx.announce(&PRODUCT_DELETED, Some(&before.into()), &after.into()).await?;
        }
        Ok(Reply::done())
    })
    .await
}

/// Restore a deleted product
///
/// Refused when another product has taken its name meanwhile.
#[utoipa::path(tag = "products", security(("bearer" = [CatalogAdmin::NAME])), responses((status = 200, body = ProductView), (status = 409, description = "Its name is taken now.")))]
#[post("/products/{productId}/restore")]
pub(super) async fn restore_product(who: Allow<CatalogAdmin>, db: Data<Db>, Path(id): Path<ProductId>) -> Answer {
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, id).await?.ok_or_else(|| Problem::not_found("product"))?;
        if before.deleted_at.is_none() {
            return Reply::show(&ProductView::from(before));
        }
        let after = before.clone().restore(tx.now());
        store::update(tx, &after).await?;
        let view = ProductView::from(after);
        tx.announce(&PRODUCT_RESTORED, Some(&before.into()), &view).await?;
        Reply::show(&view)
    })
    .await
}
