//! The statements of customers.

use contracts::identity::LockedType;
use db::{Conn, Tx, on_constraint};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use grants::Scope;
use kernel::{Cursor, CustomerId, Problem, TenantId};

use super::model::{Customer, CustomerQuery, KEY_TAKEN};
use crate::schema::customers;

/// The customer, deleted or not.
pub(crate) async fn find(mut conn: &Conn, tenant: TenantId, id: CustomerId) -> Result<Option<Customer>, Problem> {
    Ok(customers::table.find((tenant, id)).select(Customer::as_select()).first(&mut conn).await.optional()?)
}

/// The customer, unless it is deleted.
///
/// # Errors
/// 404 when there is none.
pub(crate) async fn find_present(conn: &Conn, tenant: TenantId, id: CustomerId) -> Result<Customer, Problem> {
    let found = find(conn, tenant, id).await?.filter(|customer| customer.deleted_at.is_none());
    found.ok_or_else(|| Problem::not_found("customer who is not deleted"))
}

/// One page in the order of creation, with one row more to tell whether there is another page.
pub(crate) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    of: (&CustomerQuery, &Scope),
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Customer>, Problem> {
    let mut rows = listed(tenant, of).select(Customer::as_select());
    if let Some(last) = after.and_then(|cursor| cursor.key::<CustomerId>(0)) {
        rows = rows.filter(customers::id.gt(last));
    }
    Ok(rows.order(customers::id).limit(limit + 1).load(&mut conn).await?)
}

/// How many the whole list has.
pub(crate) async fn count(mut conn: &Conn, tenant: TenantId, of: (&CustomerQuery, &Scope)) -> Result<i64, Problem> {
    Ok(listed(tenant, of).count().get_result(&mut conn).await?)
}

/// The customer, locked until the transaction ends; 423 when somebody else is editing it.
pub(crate) async fn fetch_for_change(tx: &mut Tx, id: CustomerId) -> Result<Customer, Problem> {
    let row = customers::table.find((tx.tenant(), id)).select(Customer::as_select()).for_update();
    let customer = row.first(&mut tx.conn()).await.optional()?.ok_or_else(|| Problem::not_found("customer"))?;
    locks::refuse_others(tx, LockedType::Customer, id.0).await?;
    Ok(customer)
}

/// The customer, kept as it is until the transaction ends: others may hold it too, nobody may change it; 423 when somebody
/// else is editing it.
pub(crate) async fn hold(tx: &mut Tx, id: CustomerId) -> Result<Customer, Problem> {
    let customer = hold_all(tx, &[id]).await?.pop().ok_or_else(|| Problem::not_found("customer"))?;
    locks::refuse_others(tx, LockedType::Customer, id.0).await?;
    Ok(customer)
}

/// Refuses to go on with something of a customer who is deleted.
pub(crate) async fn require_present(conn: &Conn, tenant: TenantId, id: CustomerId) -> Result<(), Problem> {
    find(conn, tenant, id).await?.ok_or_else(|| Problem::not_found("customer"))?.require_present()
}

/// Those of some customers that there are, kept as they are until the transaction ends, whoever is editing them.
pub(crate) async fn hold_all(tx: &mut Tx, ids: &[CustomerId]) -> Result<Vec<Customer>, Problem> {
    let rows = customers::table.filter(customers::tenant_id.eq(tx.tenant())).filter(customers::id.eq_any(ids));
    Ok(rows.order(customers::id).select(Customer::as_select()).for_share().load(&mut tx.conn()).await?)
}

pub(crate) async fn insert(tx: &mut Tx, customer: &Customer) -> Result<(), Problem> {
    let insert = diesel::insert_into(customers::table).values(customer);
    insert.execute(&mut tx.conn()).await.map_err(refused)?;
    Ok(())
}

pub(crate) async fn update(tx: &mut Tx, customer: &Customer) -> Result<(), Problem> {
    let row = customers::table.find((customer.tenant_id, customer.id));
    diesel::update(row).set(customer).execute(&mut tx.conn()).await.map_err(refused)?;
    Ok(())
}

fn listed<'a>(tenant: TenantId, (query, scope): (&'a CustomerQuery, &'a Scope)) -> customers::BoxedQuery<'a, Pg> {
    let mut rows = customers::table.filter(customers::tenant_id.eq(tenant)).into_boxed();
    if let Scope::Some(customers) = scope {
        rows = rows.filter(customers::id.eq_any(customers));
    }
    if !query.includes_deleted() {
        rows = rows.filter(customers::deleted_at.is_null());
    }
    if let Some(words) = query.q.as_deref().map(str::trim).filter(|words| !words.is_empty()) {
        let pattern = format!("%{}%", words.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        let in_key = customers::external_key.ilike(pattern.clone());
        let in_description = customers::description.ilike(pattern.clone());
        rows = rows.filter(customers::name.ilike(pattern).or(in_key).or(in_description));
    }
    if let Some(key) = &query.external_key {
        rows = rows.filter(customers::external_key.eq(key));
    }
    rows
}

fn refused(error: diesel::result::Error) -> Problem {
    let how = "GET /adoption/v1/customers?externalKey=…&deleted=include finds the customer that has it.";
    on_constraint("customers_external_key_key", KEY_TAKEN.detail(how))(error)
}
