//! Customers over HTTP.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use contracts::adoption::{CUSTOMER_CHANGED, CUSTOMER_CREATED, CUSTOMER_DELETED, CUSTOMER_RESTORED, CustomerView};
use db::Db;
use kernel::{Cursor, CustomerId, Page, PageQuery, Problem};
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::model::{CreateCustomer, Customer, CustomerPatch, CustomerQuery};
use super::store;
use crate::access::{self, Thing};
use crate::health;
use crate::permissions::{CustomerAdmin, CustomerRead, CustomerWrite};

const COLLECTION: &str = "/adoption/v1/customers";

/// Make a customer
///
/// Names may repeat; an `externalKey` makes the call repeatable.
#[utoipa::path(tag = "customers", request_body = CreateCustomer, security(("bearer" = [CustomerWrite::NAME])), responses((status = 201, body = CustomerView), (status = 409, description = "The external key is taken.")))]
#[post("/customers")]
pub(super) async fn create_customer(
    who: Allow<CustomerWrite>,
    db: Data<Db>,
    Body(command): Body<CreateCustomer>,
) -> Answer {
    who.write(&db, async |tx| {
        access::may_make(&who, tx).await?;
        let customer = Customer::create(command, tx.tenant(), tx.now())?;
        store::insert(tx, &customer).await?;
        health::keep_daily(tx).await?;
        let view = CustomerView::from(customer);
        tx.announce(&CUSTOMER_CREATED, None, &view).await?;
        Reply::created(&view, COLLECTION)
    })
    .await
}

/// List customers
///
/// In the order they were made.
#[utoipa::path(tag = "customers", params(CustomerQuery), security(("bearer" = [CustomerRead::NAME])), responses((status = 200, body = Page<CustomerView>)))]
#[get("/customers")]
pub(super) async fn list_customers(
    who: Allow<CustomerRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<CustomerQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, "customers")?);
    who.read(&db, async |conn| {
        let scope = access::scope(&who, conn).await?;
        let rows = store::page(conn, who.tenant, (&query, &scope), after, limit).await?;
        let mut page =
            Cursor::page(rows, limit, &context.config.keys, "customers", |row| vec![row.id.to_string().into()]);
        if query.count == Some(true) {
            page.total = Some(store::count(conn, who.tenant, (&query, &scope)).await?);
        }
        Reply::ok(&page.map(CustomerView::from))
    })
    .await
}

/// Show a customer
///
/// Deleted customers are shown too, with `deletedAt`.
#[utoipa::path(tag = "customers", security(("bearer" = [CustomerRead::NAME])), responses((status = 200, body = CustomerView)))]
#[get("/customers/{customerId}")]
pub(super) async fn show_customer(who: Allow<CustomerRead>, db: Data<Db>, Path(id): Path<CustomerId>) -> Answer {
    who.read(&db, async |conn| {
        access::may(&who, conn, Thing::Customer(id)).await?;
        let customer = store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("customer"))?;
        Reply::show(&CustomerView::from(customer))
    })
    .await
}

/// Change a customer
///
/// A JSON merge patch: what is left out stays, `null` clears. `If-Match` is honoured when sent.
#[utoipa::path(tag = "customers", request_body = CustomerPatch, security(("bearer" = [CustomerWrite::NAME])), responses((status = 200, body = CustomerView), (status = 409, description = "The external key is taken."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/customers/{customerId}")]
pub(super) async fn change_customer(
    who: Allow<CustomerWrite>,
    db: Data<Db>,
    Path(id): Path<CustomerId>,
    Body(patch): Body<CustomerPatch>,
) -> Answer {
    who.write(&db, async |tx| {
        access::may(&who, tx, Thing::Customer(id)).await?;
        let before = store::fetch_for_change(tx, id).await?;
        before.require_present()?;
        who.expect_version(before.version)?;
        let after = before.clone().change(patch, tx.now())?;
        store::update(tx, &after).await?;
        let view = CustomerView::from(after);
        tx.announce(&CUSTOMER_CHANGED, Some(&before.into()), &view).await?;
        Reply::show(&view)
    })
    .await
}

/// Delete a customer
///
/// It can be restored; its assignments and plans stay as they are.
#[utoipa::path(tag = "customers", security(("bearer" = [CustomerAdmin::NAME])), responses((status = 204, description = "Deleted.")))]
#[delete("/customers/{customerId}")]
pub(super) async fn delete_customer(who: Allow<CustomerAdmin>, db: Data<Db>, Path(id): Path<CustomerId>) -> Answer {
    who.write(&db, async |tx| {
        access::may(&who, tx, Thing::Customer(id)).await?;
        let before = store::fetch_for_change(tx, id).await?;
        who.expect_version(before.version)?;
        if before.deleted_at.is_none() {
            let after = before.clone().delete(tx.now());
            store::update(tx, &after).await?;
            tx.announce(&CUSTOMER_DELETED, Some(&before.into()), &after.into()).await?;
        }
        Ok(Reply::done())
    })
    .await
}

/// Restore a deleted customer
///
/// It comes back as it was, with its assignments.
#[utoipa::path(tag = "customers", security(("bearer" = [CustomerAdmin::NAME])), responses((status = 200, body = CustomerView)))]
#[post("/customers/{customerId}/restore")]
pub(super) async fn restore_customer(who: Allow<CustomerAdmin>, db: Data<Db>, Path(id): Path<CustomerId>) -> Answer {
    who.write(&db, async |tx| {
        access::may(&who, tx, Thing::Customer(id)).await?;
        let before = store::fetch_for_change(tx, id).await?;
        who.expect_version(before.version)?;
        if before.deleted_at.is_none() {
            return Reply::show(&CustomerView::from(before));
        }
        let after = before.clone().restore(tx.now());
        store::update(tx, &after).await?;
        health::keep_daily(tx).await?;
        let view = CustomerView::from(after);
        tx.announce(&CUSTOMER_RESTORED, Some(&before.into()), &view).await?;
        Reply::show(&view)
    })
    .await
}
