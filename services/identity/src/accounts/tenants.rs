//! Tenants.

use auth::{Revocation, Revoked};
use contracts::identity::TenantView;
use db::{Conn, Tx, on_constraint};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::problem::ProblemKind;
use kernel::{Problem, TenantId, Timestamp};

use crate::schema::tenants;

/// A domain is one tenant's.
static DOMAIN_TAKEN: ProblemKind = ProblemKind::new("TENANT_DOMAIN_TAKEN", 409, "Another tenant has this domain");

kernel::text_enum! {
    /// Whether a tenant can be used.
    pub enum TenantStatus {
        /// It can.
        Active = "ACTIVE",
        /// The platform's operator has stopped it.
        Suspended = "SUSPENDED",
        /// Its deletion was asked for; an owner may still take that back.
        Closing = "CLOSING",
        /// What it held has been removed.
        Deleted = "DELETED",
    }
}

/// A row of `tenants`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = tenants, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) created_at: Timestamp,
    pub(crate) domain: Option<String>,
    pub(crate) status: TenantStatus,
    pub(crate) primary_color: String,
    pub(crate) secondary_color: String,
    pub(crate) logo_hash: Option<String>,
    pub(crate) closed_at: Option<Timestamp>,
    pub(crate) deletion_due_at: Option<Timestamp>,
}

impl Tenant {
    /// A new, active tenant in the platform's colours.
    pub(crate) fn new(id: TenantId, name: String, now: Timestamp) -> Self {
        Self {
            id,
            version: 1,
            name,
            created_at: now,
            domain: None,
            status: TenantStatus::Active,
            primary_color: "#3B82F6".to_owned(),
            secondary_color: "#1A1F2E".to_owned(),
            logo_hash: None,
            closed_at: None,
            deletion_due_at: None,
        }
    }
}

impl From<&Tenant> for TenantView {
    fn from(tenant: &Tenant) -> Self {
        Self {
            id: tenant.id,
            version: tenant.version,
            name: tenant.name.clone(),
            domain: tenant.domain.clone(),
            status: tenant.status.to_string(),
            primary_color: tenant.primary_color.clone(),
            secondary_color: tenant.secondary_color.clone(),
            logo: tenant.logo_hash.as_ref().map(|hash| format!("/identity/v1/tenant/logo?v={hash}")),
            closed_at: tenant.closed_at,
            deletion_due_at: tenant.deletion_due_at,
            created_at: tenant.created_at,
        }
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

/// Several of them.
pub(crate) async fn some(mut conn: &Conn, ids: &[TenantId]) -> Result<Vec<Tenant>, Problem> {
    Ok(tenants::table.filter(tenants::id.eq_any(ids)).select(Tenant::as_select()).load(&mut conn).await?)
}

/// The tenant that a domain belongs to.
pub(crate) async fn of_domain(mut conn: &Conn, domain: &str) -> Result<Option<Tenant>, Problem> {
    let row = tenants::table.filter(tenants::domain_folded.eq(domain.trim().to_lowercase()));
    Ok(row.select(Tenant::as_select()).first(&mut conn).await.optional()?)
}

pub(crate) async fn fetch_for_change(tx: &mut Tx) -> Result<Tenant, Problem> {
    let row = tenants::table.find(tx.tenant()).select(Tenant::as_select()).for_update();
    row.first(&mut tx.conn()).await.optional()?.ok_or_else(|| Problem::not_found("tenant"))
}

pub(crate) async fn insert(tx: &mut Tx, tenant: &Tenant) -> Result<(), Problem> {
    diesel::insert_into(tenants::table).values(tenant).execute(&mut tx.conn()).await?;
    Ok(())
}

pub(crate) async fn update(tx: &mut Tx, tenant: &Tenant) -> Result<(), Problem> {
    let taken = on_constraint("tenants_domain_folded_key", DOMAIN_TAKEN.detail("Another tenant has this domain."));
    diesel::update(tenants::table.find(tenant.id)).set(tenant).execute(&mut tx.conn()).await.map_err(taken)?;
    Ok(())
}

/// The tenants that were closed since a moment: tokens from before do not count.
pub(crate) async fn closed_since(mut conn: &Conn, since: Timestamp) -> Result<Vec<Revoked>, Problem> {
    let closed = tenants::table.filter(tenants::closed_at.gt(since)).select((tenants::id, tenants::closed_at));
    let rows: Vec<(TenantId, Option<Timestamp>)> = closed.load(&mut conn).await?;
    let revoked = |(id, at): (_, Option<_>)| Some(Revoked { what: Revocation::Tenant(id), not_before: at? });
    Ok(rows.into_iter().filter_map(revoked).collect())
}
