//! The tenant over HTTP.

use actix_web::web::Data;
use actix_web::{delete, get, patch, put};
use contracts::identity::{TENANT_CHANGED, TenantView};
use db::{Db, Tx};
use kernel::{Check, Field, Problem};
use serde::Deserialize;
use web::{Allow, Answer, Body, RawBody, Reply};

use super::check;
use crate::accounts::pictures as stored;
use crate::accounts::tenants::{self, Tenant};
use crate::permissions::{TenantRead, TenantWrite};
use crate::pictures;

/// A change of the tenant.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Northwind", "primaryColor": "#0F766E" }))]
pub(crate) struct TenantPatch {
    /// 1 to 255 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Field<String>,
    /// The organisation's own domain; unique on the platform. null clears it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    domain: Field<String>,
    /// `#RRGGBB`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    primary_color: Field<String>,
    /// `#RRGGBB`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    secondary_color: Field<String>,
}

/// Show the tenant
///
/// The one of the session.
#[utoipa::path(tag = "tenant", security(("bearer" = [TenantRead::NAME])), responses((status = 200, body = TenantView)))]
#[get("/tenant")]
pub(crate) async fn show_tenant(who: Allow<TenantRead>, db: Data<Db>) -> Answer {
    who.read(&db, async |conn| {
        let tenant = tenants::find(conn, who.tenant).await?.ok_or_else(|| Problem::not_found("tenant"))?;
        Reply::show(&TenantView::from(&tenant))
    })
    .await
}

/// Change the tenant
///
/// Its name, domain and colours, as a JSON merge patch. `If-Match` is honoured when sent. The domain needs a sign-in not older
/// than 15 minutes: people join by it.
#[utoipa::path(tag = "tenant", request_body = TenantPatch, security(("bearer" = [TenantWrite::NAME])), responses((status = 200, body = TenantView), (status = 409, description = "Another tenant has this domain."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/tenant")]
pub(crate) async fn change_tenant(who: Allow<TenantWrite>, db: Data<Db>, Body(patch): Body<TenantPatch>) -> Answer {
    if !patch.domain.is_absent() {
        who.has_just_signed_in()?;
    }
    who.write(&db, async |tx| {
        let before = tenants::fetch_for_change(tx).await?;
        who.expect_version(before.version)?;
        let mut after = before.clone();
        let mut found = Check::new();
        found.not_null("/name", patch.name.set(&mut after.name));
        found.not_null("/primaryColor", patch.primary_color.set(&mut after.primary_color));
        found.not_null("/secondaryColor", patch.secondary_color.set(&mut after.secondary_color));
        patch.domain.set_option(&mut after.domain);
        check(&after, &mut found);
        found.finish()?;
        change(tx, &before, after).await
    })
    .await
}

/// Show the logo
///
/// The picture itself.
#[utoipa::path(tag = "tenant", security(("bearer" = [TenantRead::NAME])), responses((status = 200, description = "A picture.", content_type = "image/*"), (status = 404, description = "There is none.")))]
#[get("/tenant/logo")]
pub(crate) async fn show_logo(who: Allow<TenantRead>, db: Data<Db>) -> Answer {
    pictures::show(db.global(async |conn| stored::find(conn, who.tenant.0).await).await?, "logo")
}

/// Set the logo
///
/// Send the picture itself: PNG, JPEG, GIF or WebP, 512 KiB at most.
#[utoipa::path(tag = "tenant", request_body(content_type = "image/*", content = String), security(("bearer" = [TenantWrite::NAME])), responses((status = 200, body = TenantView), (status = 413, description = "Larger than 512 KiB.")))]
#[put("/tenant/logo")]
pub(crate) async fn set_logo(who: Allow<TenantWrite>, db: Data<Db>, body: RawBody) -> Answer {
    let picture = pictures::read(who.tenant.0, &body)?;
    who.write(&db, async |tx| {
        let before = tenants::fetch_for_change(tx).await?;
        who.expect_version(before.version)?;
        stored::put(tx, &picture).await?;
        let after = Tenant { logo_hash: Some(pictures::hash(&picture)), ..before.clone() };
        change(tx, &before, after).await
    })
    .await
}

/// Remove the logo
///
/// Done as well when there is none.
#[utoipa::path(tag = "tenant", security(("bearer" = [TenantWrite::NAME])), responses((status = 200, body = TenantView)))]
#[delete("/tenant/logo")]
pub(crate) async fn remove_logo(who: Allow<TenantWrite>, db: Data<Db>) -> Answer {
    who.write(&db, async |tx| {
        let before = tenants::fetch_for_change(tx).await?;
        who.expect_version(before.version)?;
        stored::delete(tx, who.tenant.0).await?;
        change(tx, &before, Tenant { logo_hash: None, ..before.clone() }).await
    })
    .await
}

async fn change(tx: &mut Tx, before: &Tenant, after: Tenant) -> Result<Reply, Problem> {
    let after = Tenant { version: before.version + 1, ..after };
    tenants::update(tx, &after).await?;
    let view = TenantView::from(&after);
    tx.announce(&TENANT_CHANGED, Some(&before.into()), &view).await?;
    Reply::show(&view)
}
