//! Tenants.

use contracts::identity::TenantView;
use db::{Conn, Tx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Problem, TenantId, Timestamp};

use crate::schema::tenants;

/// A row of `tenants`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = tenants, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) created_at: Timestamp,
}

impl From<Tenant> for TenantView {
    fn from(Tenant { id, version, name, created_at }: Tenant) -> Self {
        Self { id, version, name, created_at }
    }
}

/// The tenant, if there is one of that id. Callers pass the id of their own token only.
pub(crate) async fn find(mut conn: &Conn, id: TenantId) -> Result<Option<Tenant>, Problem> {
    Ok(tenants::table.find(id).select(Tenant::as_select()).first(&mut conn).await.optional()?)
}

/// Every tenant there is.
pub(crate) async fn ids(mut conn: &Conn) -> Result<Vec<TenantId>, Problem> {
    Ok(tenants::table.select(tenants::id).order(tenants::id).load(&mut conn).await?)
}

pub(crate) async fn fetch_for_change(tx: &mut Tx) -> Result<Option<Tenant>, Problem> {
    let row = tenants::table.find(tx.tenant()).select(Tenant::as_select()).for_update();
    Ok(row.first(&mut tx.conn()).await.optional()?)
}

pub(crate) async fn insert(tx: &mut Tx, tenant: &Tenant) -> Result<(), Problem> {
    diesel::insert_into(tenants::table).values(tenant).execute(&mut tx.conn()).await?;
    Ok(())
}

pub(crate) async fn update(tx: &mut Tx, tenant: &Tenant) -> Result<(), Problem> {
    diesel::update(tenants::table.find(tenant.id)).set(tenant).execute(&mut tx.conn()).await?;
    Ok(())
}
