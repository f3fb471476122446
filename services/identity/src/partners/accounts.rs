//! Service accounts over HTTP.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use contracts::identity::partners::{
    API_KEY_REVOKED, SERVICE_ACCOUNT_CHANGED, SERVICE_ACCOUNT_CREATED, SERVICE_ACCOUNT_DELETED, ServiceAccountView,
};
use db::{Db, Tx};
use kernel::{Check, Cursor, Field, Page, PageQuery, Problem, ServiceAccountId};
use serde::Deserialize;
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::{AccountStatus, ServiceAccount, store};
use crate::grants;
use crate::patterns::may_give;
use crate::permissions::{ServiceAccountRead, ServiceAccountWrite};

const LIST: &str = "service-accounts";

/// A new service account.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Nightly export", "permissions": ["catalog:*:read", "adoption:*:read"] }))]
pub(crate) struct CreateServiceAccount {
    /// Unique in the tenant.
    name: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// Patterns of what it may do.
    permissions: Vec<String>,
}

/// A change of a service account.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "status": "SUSPENDED" }))]
pub(crate) struct ServiceAccountPatch {
    /// Unique in the tenant.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Field<String>,
    /// What it is for.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Field<String>,
    /// Replaces the patterns.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    permissions: Field<Vec<String>>,
    /// ACTIVE or SUSPENDED.
    #[serde(default)]
    #[schema(value_type = Option<AccountStatus>)]
    status: Field<AccountStatus>,
}

/// Paging.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PartnerQuery {
    /// Rows per page, 1 to 200 (default 50).
    pub(super) limit: Option<u16>,
    /// `nextCursor` of the page before.
    pub(super) cursor: Option<String>,
}

/// Make a service account
///
/// For a partner's program. It cannot do more than its maker may. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "service-accounts", request_body = CreateServiceAccount, security(("bearer" = [ServiceAccountWrite::NAME])), responses((status = 201, body = ServiceAccountView), (status = 409, description = "The name is taken.")))]
#[post("/service-accounts")]
pub(crate) async fn create_service_account(
    who: Allow<ServiceAccountWrite>,
    db: Data<Db>,
    Body(command): Body<CreateServiceAccount>,
) -> Answer {
    who.has_just_signed_in()?;
    let CreateServiceAccount { name, description, permissions } = command;
    who.write(&db, async |tx| {
        let account = ServiceAccount {
            tenant_id: tx.tenant(),
            id: ServiceAccountId::fresh(),
            version: 1,
            name,
            description,
            permissions,
            status: AccountStatus::Active,
            created_at: tx.now(),
            updated_at: tx.now(),
        };
        let mut check = Check::new();
        account.check(&mut check);
        check.finish()?;
        may_give(&who.permissions, &account.patterns())?;
        store::insert_account(tx, &account).await?;
        tx.announce(&SERVICE_ACCOUNT_CREATED, None, &account.view()).await?;
        Reply::created(&account.view(), "/identity/v1/service-accounts")
    })
    .await
}

/// List service accounts
///
/// In the order they were made.
#[utoipa::path(tag = "service-accounts", params(PartnerQuery), security(("bearer" = [ServiceAccountRead::NAME])), responses((status = 200, body = Page<ServiceAccountView>)))]
#[get("/service-accounts")]
pub(crate) async fn list_service_accounts(
    who: Allow<ServiceAccountRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<PartnerQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, LIST)?);
    who.read(&db, async |conn| {
        let after = after.and_then(|cursor| cursor.key::<ServiceAccountId>(0));
        let rows = store::accounts(conn, who.tenant, after, limit).await?;
        let page = Cursor::page(rows, limit, &context.config.keys, LIST, |row| vec![row.id.to_string().into()]);
        Reply::ok(&page.map(|row| row.view()))
    })
    .await
}

/// Show a service account
///
/// With what it may do.
#[utoipa::path(tag = "service-accounts", security(("bearer" = [ServiceAccountRead::NAME])), responses((status = 200, body = ServiceAccountView)))]
#[get("/service-accounts/{serviceAccountId}")]
pub(crate) async fn show_service_account(
    who: Allow<ServiceAccountRead>,
    db: Data<Db>,
    Path(id): Path<ServiceAccountId>,
) -> Answer {
    who.read(&db, async |conn| {
        let account = store::account(conn, who.tenant, id).await?;
        Reply::show(&account.ok_or_else(|| Problem::not_found("service account"))?.view())
    })
    .await
}

/// Change a service account
///
/// Tokens that its keys have got so far stop counting at once. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "service-accounts", request_body = ServiceAccountPatch, security(("bearer" = [ServiceAccountWrite::NAME])), responses((status = 200, body = ServiceAccountView), (status = 409, description = "The name is taken."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/service-accounts/{serviceAccountId}")]
pub(crate) async fn change_service_account(
    who: Allow<ServiceAccountWrite>,
    db: Data<Db>,
    Path(id): Path<ServiceAccountId>,
    Body(patch): Body<ServiceAccountPatch>,
) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        let before = store::lock_account(tx, id).await?;
        who.expect_version(before.version)?;
        may_give(&who.permissions, &before.patterns())?;
        let mut after = ServiceAccount { version: before.version + 1, updated_at: tx.now(), ..before.clone() };
        let mut check = Check::new();
        check.not_null("/name", patch.name.set(&mut after.name));
        check.not_null("/description", patch.description.set(&mut after.description));
        check.not_null("/permissions", patch.permissions.set(&mut after.permissions));
        check.not_null("/status", patch.status.set(&mut after.status));
        check.that(after.status != AccountStatus::Deleted, "/status", "DELETED", || {
            "use DELETE to delete it".to_owned()
        });
        after.check(&mut check);
        check.finish()?;
        may_give(&who.permissions, &after.patterns())?;
        store::update_account(tx, &after).await?;
        tx.announce(&SERVICE_ACCOUNT_CHANGED, Some(&before.view()), &after.view()).await?;
        Reply::show(&after.view())
    })
    .await
}

/// Delete a service account
///
/// Its keys and their tokens stop counting at once. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "service-accounts", security(("bearer" = [ServiceAccountWrite::NAME])), responses((status = 204, description = "Deleted.")))]
#[delete("/service-accounts/{serviceAccountId}")]
pub(crate) async fn delete_service_account(
    who: Allow<ServiceAccountWrite>,
    db: Data<Db>,
    Path(id): Path<ServiceAccountId>,
) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        let before = store::lock_account(tx, id).await?;
        who.expect_version(before.version)?;
        may_give(&who.permissions, &before.patterns())?;
        let status = AccountStatus::Deleted;
        let after = ServiceAccount { version: before.version + 1, updated_at: tx.now(), status, ..before.clone() };
        store::update_account(tx, &after).await?;
        let ended: Vec<_> = store::revoke_keys(tx, id).await?.iter().map(super::ApiKey::view).collect();
        tx.announce_all(&API_KEY_REVOKED, ended.iter().map(|key| (None, key))).await?;
        grants::forget(tx, id.0).await?;
        tx.announce(&SERVICE_ACCOUNT_DELETED, Some(&before.view()), &after.view()).await?;
        Ok(Reply::done())
    })
    .await
}

/// Raises the version of an account because something about its rights changed: tokens from before stop counting.
pub(crate) async fn touch(tx: &mut Tx, id: ServiceAccountId) -> Result<(), Problem> {
    let before = store::lock_account(tx, id).await?;
    let after = ServiceAccount { version: before.version + 1, updated_at: tx.now(), ..before.clone() };
    store::update_account(tx, &after).await?;
    tx.announce(&SERVICE_ACCOUNT_CHANGED, Some(&before.view()), &after.view()).await
}
