//! The statements of service accounts and their keys.

use auth::{Revocation, Revoked};
use db::{Conn, Tx, on_constraint};
use diesel::prelude::*;
use diesel::sql_types::{Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{ApiKeyId, Problem, ServiceAccountId, SessionId, TenantId, Timestamp, UserId};

use super::{AccountStatus, ApiKey, NAME_TAKEN, ServiceAccount};
use crate::schema::{api_keys, service_accounts};

pub(super) async fn account(
    mut conn: &Conn,
    tenant: TenantId,
    id: ServiceAccountId,
) -> Result<Option<ServiceAccount>, Problem> {
    let row = service_accounts::table.find((tenant, id)).filter(service_accounts::status.ne(AccountStatus::Deleted));
    Ok(row.select(ServiceAccount::as_select()).first(&mut conn).await.optional()?)
}

pub(super) async fn lock_account(tx: &mut Tx, id: ServiceAccountId) -> Result<ServiceAccount, Problem> {
    let row =
        service_accounts::table.find((tx.tenant(), id)).filter(service_accounts::status.ne(AccountStatus::Deleted));
    let found = row.select(ServiceAccount::as_select()).for_update().first(&mut tx.conn()).await.optional()?;
    found.ok_or_else(|| Problem::not_found("service account"))
}

/// Keeps an account until the transaction ends; `None` when there is no such account.
pub(crate) async fn lock(tx: &mut Tx, id: ServiceAccountId) -> Result<Option<ServiceAccountId>, Problem> {
    let row =
        service_accounts::table.find((tx.tenant(), id)).filter(service_accounts::status.ne(AccountStatus::Deleted));
    Ok(row.select(service_accounts::id).for_update().first(&mut tx.conn()).await.optional()?)
}

pub(super) async fn accounts(
    mut conn: &Conn,
    tenant: TenantId,
    after: Option<ServiceAccountId>,
    limit: i64,
) -> Result<Vec<ServiceAccount>, Problem> {
    let mut rows = service_accounts::table
        .filter(service_accounts::tenant_id.eq(tenant))
        .filter(service_accounts::status.ne(AccountStatus::Deleted))
        .select(ServiceAccount::as_select())
        .into_boxed();
    if let Some(after) = after {
        rows = rows.filter(service_accounts::id.gt(after));
    }
    Ok(rows.order(service_accounts::id).limit(limit + 1).load(&mut conn).await?)
}

pub(super) async fn insert_account(tx: &mut Tx, account: &ServiceAccount) -> Result<(), Problem> {
    let insert = diesel::insert_into(service_accounts::table).values(account);
    insert.execute(&mut tx.conn()).await.map_err(name_taken())?;
    Ok(())
}

pub(super) async fn update_account(tx: &mut Tx, account: &ServiceAccount) -> Result<(), Problem> {
    let row = service_accounts::table.find((account.tenant_id, account.id));
    diesel::update(row).set(account).execute(&mut tx.conn()).await.map_err(name_taken())?;
    Ok(())
}

fn name_taken() -> impl FnOnce(diesel::result::Error) -> Problem {
    let how = "Another service account of this tenant has this name.";
    on_constraint("service_accounts_name_key", NAME_TAKEN.detail(how).at("/name", "TAKEN", how))
}

pub(super) async fn keys_of(
    mut conn: &Conn,
    tenant: TenantId,
    account: ServiceAccountId,
    after: Option<ApiKeyId>,
    limit: i64,
) -> Result<Vec<ApiKey>, Problem> {
    let mut rows = api_keys::table
        .filter(api_keys::tenant_id.eq(tenant))
        .filter(api_keys::service_account_id.eq(account))
        .select(ApiKey::as_select())
        .into_boxed();
    if let Some(after) = after {
        rows = rows.filter(api_keys::id.gt(after));
    }
    Ok(rows.order(api_keys::id).limit(limit + 1).load(&mut conn).await?)
}

/// How many keys of an account count.
pub(super) async fn count_live_keys(tx: &mut Tx, account: ServiceAccountId) -> Result<i64, Problem> {
    let live = api_keys::table
        .filter(api_keys::tenant_id.eq(tx.tenant()))
        .filter(api_keys::service_account_id.eq(account))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(tx.now())));
    Ok(live.count().get_result(&mut tx.conn()).await?)
}

pub(super) async fn key(
    mut conn: &Conn,
    tenant: TenantId,
    account: ServiceAccountId,
    id: ApiKeyId,
) -> Result<Option<ApiKey>, Problem> {
    let row = api_keys::table.find((tenant, id)).filter(api_keys::service_account_id.eq(account));
    Ok(row.select(ApiKey::as_select()).first(&mut conn).await.optional()?)
}

pub(super) async fn lock_key(tx: &mut Tx, account: ServiceAccountId, id: ApiKeyId) -> Result<ApiKey, Problem> {
    let row = api_keys::table.find((tx.tenant(), id)).filter(api_keys::service_account_id.eq(account));
    let found = row.select(ApiKey::as_select()).for_update().first(&mut tx.conn()).await.optional()?;
    found.ok_or_else(|| Problem::not_found("API key"))
}

pub(super) async fn insert_key(tx: &mut Tx, key: &ApiKey) -> Result<(), Problem> {
    diesel::insert_into(api_keys::table).values(key).execute(&mut tx.conn()).await?;
    Ok(())
}

pub(super) async fn update_key(tx: &mut Tx, key: &ApiKey) -> Result<(), Problem> {
    diesel::update(api_keys::table.find((key.tenant_id, key.id))).set(key).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Ends every key of an account; returns those that counted.
pub(super) async fn revoke_keys(tx: &mut Tx, account: ServiceAccountId) -> Result<Vec<ApiKey>, Problem> {
    let live = api_keys::table
        .filter(api_keys::tenant_id.eq(tx.tenant()))
        .filter(api_keys::service_account_id.eq(account))
        .filter(api_keys::revoked_at.is_null());
    Ok(diesel::update(live)
        .set((api_keys::revoked_at.eq(tx.now()), api_keys::version.eq(api_keys::version + 1)))
        .returning(ApiKey::as_returning())
        .get_results(&mut tx.conn())
        .await?)
}

/// The tenant and the id of the key with a prefix: past the wall, for a caller whose tenant is not known yet.
pub(super) async fn by_prefix(mut conn: &Conn, prefix: &str) -> Result<Option<(TenantId, ApiKeyId)>, Problem> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        tenant_id: TenantId,
        #[diesel(sql_type = SqlUuid)]
        id: ApiKeyId,
    }
    let found = diesel::sql_query("select tenant_id, id from tenant_of_key($1)").bind::<Text, _>(prefix);
    Ok(found.get_result::<Row>(&mut conn).await.optional()?.map(|row| (row.tenant_id, row.id)))
}

/// A key and its account, in their tenant.
pub(super) async fn with_account(
    mut conn: &Conn,
    tenant: TenantId,
    id: ApiKeyId,
) -> Result<Option<(ApiKey, ServiceAccount)>, Problem> {
    let accounts = service_accounts::table.on(service_accounts::tenant_id
        .eq(api_keys::tenant_id)
        .and(service_accounts::id.eq(api_keys::service_account_id)));
    let row = api_keys::table.inner_join(accounts).filter(api_keys::tenant_id.eq(tenant)).filter(api_keys::id.eq(id));
    Ok(row.select((ApiKey::as_select(), ServiceAccount::as_select())).first(&mut conn).await.optional()?)
}

/// Notes that a key was used. No event: it happens every few minutes for each key.
pub(super) async fn note_use(tx: &mut Tx, id: ApiKeyId, from: &str) -> Result<(), Problem> {
    diesel::update(api_keys::table.find((tx.tenant(), id)))
        .set((api_keys::last_used_at.eq(tx.now()), api_keys::last_used_from.eq(from)))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// Keys that ended since a moment, in every tenant.
pub(crate) async fn keys_revoked_since(mut conn: &Conn, since: Timestamp) -> Result<Vec<Revoked>, Problem> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: SessionId,
        #[diesel(sql_type = Timestamptz)]
        revoked_at: Timestamp,
    }
    let rows = diesel::sql_query("select id, revoked_at from keys_revoked_since($1)").bind::<Timestamptz, _>(since);
    let revoked = |row: Row| Revoked { what: Revocation::Session(row.id), not_before: row.revoked_at };
    Ok(rows.load::<Row>(&mut conn).await?.into_iter().map(revoked).collect())
}

/// Accounts whose rights changed since a moment, in every tenant.
pub(crate) async fn accounts_changed_since(mut conn: &Conn, since: Timestamp) -> Result<Vec<Revoked>, Problem> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        tenant_id: TenantId,
        #[diesel(sql_type = SqlUuid)]
        id: UserId,
        #[diesel(sql_type = Timestamptz)]
        changed_at: Timestamp,
    }
    let rows = diesel::sql_query("select tenant_id, id, changed_at from accounts_changed_since($1)");
    let rows = rows.bind::<Timestamptz, _>(since).load::<Row>(&mut conn).await?;
    let revoked = |row: Row| Revoked { what: Revocation::Member(row.tenant_id, row.id), not_before: row.changed_at };
    Ok(rows.into_iter().map(revoked).collect())
}
