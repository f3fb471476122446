//! Products: what a vendor sells and a customer adopts.
//!
//! A product's name and external key are unique among those that are not deleted. Deleting keeps the row; restoring
//! brings it back unless one of them was given away meanwhile. Everything under a product raises its `revision`.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use contracts::catalog::{PRODUCT_CHANGED, PRODUCT_CREATED, PRODUCT_DELETED, PRODUCT_RESTORED, ProductView, Resource};
use db::{Conn, Db, Json};
use diesel::dsl::{array_position, sql};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::problem::{Problem, ProblemKind};
use kernel::{Check, Page, ProductId, SolutionId, TenantId, Timestamp};
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Allow, Answer, Body, Context, Path, Query};

use crate::owners::{CreateOwner, Owner, OwnerPatch, OwnerQuery, owner_noun};
use crate::permissions::{CatalogAdmin, CatalogRead, CatalogWrite};
use crate::refusals::Refusal;
use crate::schema::{products, solutions};

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create_product)
        .service(list_products)
        .service(show_product)
        .service(change_product)
        .service(delete_product)
        .service(restore_product);
}

/// A row of `products`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = products, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Product {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: ProductId,
    pub(crate) version: i64,
    pub(crate) revision: i64,
    pub(crate) external_key: Option<String>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) resources: Json<Vec<Resource>>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) deleted_at: Option<Timestamp>,
}

static NAME_TAKEN: ProblemKind = ProblemKind::new("PRODUCT_NAME_TAKEN", 409, "Another product has this name");
static KEY_TAKEN: ProblemKind =
    ProblemKind::new("PRODUCT_EXTERNAL_KEY_TAKEN", 409, "Another product has this external key");

/// What two products of a tenant cannot share.
static REFUSALS: &[Refusal] = &[
    ("products_name_key", &NAME_TAKEN, "Choose another name, or rename the product that has it first."),
    ("products_external_key_key", &KEY_TAKEN, "GET /catalog/v1/products?externalKey=… finds the product that has it."),
];

owner_noun! {
    Product, "product", in products, by ProductId, shown as ProductView, at "/catalog/v1/products";
    made with {};
    told by PRODUCT_CREATED, PRODUCT_CHANGED, PRODUCT_DELETED, PRODUCT_RESTORED;
}

/// Those of `ids` that are products and not deleted.
pub(crate) async fn live_among(
    mut conn: &Conn,
    tenant: TenantId,
    ids: &[ProductId],
) -> Result<Vec<ProductId>, Problem> {
    let rows = products::table.filter(products::tenant_id.eq(tenant)).filter(products::id.eq_any(ids));
    Ok(rows.filter(products::deleted_at.is_null()).select(products::id).load(&mut conn).await?)
}

/// The products of a solution, deleted or not, in the solution's order.
pub(crate) async fn of_solution(mut conn: &Conn, tenant: TenantId, id: SolutionId) -> Result<Vec<Product>, Problem> {
    let bundled = products::tenant_id.eq(solutions::tenant_id).and(sql::<Bool>("products.id = any(product_ids)"));
    let rows = solutions::table.find((tenant, id)).inner_join(products::table.on(bundled));
    let place = array_position::<Array<SqlUuid>, SqlUuid, _, _>(solutions::product_ids, products::id);
    Ok(rows.order(place).select(Product::as_select()).load(&mut conn).await?)
}

impl From<Product> for ProductView {
    fn from(row: Product) -> Self {
        let Product {
            tenant_id: _,
            id,
            version,
            revision,
            external_key,
            name,
            description,
            resources: Json(resources),
            created_at,
            updated_at,
            deleted_at,
        } = row;
        Self { id, version, revision, external_key, name, description, resources, created_at, updated_at, deleted_at }
    }
}

/// Make a product
///
/// The name must be unique among the tenant's products that are not deleted.
#[utoipa::path(tag = "products", request_body = CreateOwner, security(("bearer" = [CatalogWrite::NAME])), responses((status = 201, body = ProductView), (status = 409, description = "The name or the external key is taken.")))]
#[post("/products")]
async fn create_product(who: Allow<CatalogWrite>, db: Data<Db>, Body(command): Body<CreateOwner>) -> Answer {
    commands::create(&who, &db, command).await
}

/// List products
///
/// In the order they were made, unless `sort` asks for another.
#[utoipa::path(tag = "products", params(OwnerQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = Page<ProductView>)))]
#[get("/products")]
async fn list_products(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<OwnerQuery>,
) -> Answer {
    commands::list(&who, &db, &context, &query).await
}

/// Show a product
///
/// Deleted products are shown too, with `deletedAt`.
#[utoipa::path(tag = "products", security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = ProductView)))]
#[get("/products/{productId}")]
async fn show_product(who: Allow<CatalogRead>, db: Data<Db>, Path(id): Path<ProductId>) -> Answer {
    commands::show(&who, &db, id).await
}

/// Change a product
///
/// A JSON merge patch: what is left out stays, `null` clears. `If-Match` is honoured when sent.
#[utoipa::path(tag = "products", request_body = OwnerPatch, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = ProductView), (status = 409, description = "The name or the external key is taken, or the product is deleted."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/products/{productId}")]
async fn change_product(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    Path(id): Path<ProductId>,
    Body(patch): Body<OwnerPatch>,
) -> Answer {
    commands::change(&who, &db, id, patch).await
}

/// Delete a product
///
/// It can be restored; plans made from it are not touched.
#[utoipa::path(tag = "products", security(("bearer" = [CatalogAdmin::NAME])), responses((status = 204, description = "Deleted.")))]
#[delete("/products/{productId}")]
async fn delete_product(who: Allow<CatalogAdmin>, db: Data<Db>, Path(id): Path<ProductId>) -> Answer {
    commands::delete(&who, &db, id).await
}

/// Restore a deleted product
///
/// Refused when another product has taken its name or its external key meanwhile.
#[utoipa::path(tag = "products", security(("bearer" = [CatalogAdmin::NAME])), responses((status = 200, body = ProductView), (status = 409, description = "Its name or its external key is taken now.")))]
#[post("/products/{productId}/restore")]
async fn restore_product(who: Allow<CatalogAdmin>, db: Data<Db>, Path(id): Path<ProductId>) -> Answer {
    commands::restore(&who, &db, id).await
}
