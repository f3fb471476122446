//! Roles over HTTP.

use std::slice::from_ref;

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use contracts::identity::{ROLE_CHANGED, ROLE_CREATED, ROLE_DELETED, RoleView};
use db::Db;
use kernel::{Check, Field, Page, Problem, RoleId};
use serde::Deserialize;
use web::{Allow, Answer, Body, Path, Reply};

use super::{BUILT_IN, Role, store};
use crate::patterns::may_give;
use crate::permissions::{RoleRead, RoleWrite};
use crate::{grants, members};

/// A new role.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "CATALOG_EDITOR", "description": "Edits products", "permissions": ["catalog:product:*"] }))]
pub(crate) struct CreateRole {
    /// A-Z, 0-9 and _.
    name: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// Patterns: `domain:resource:action`, each word a name or `*`.
    permissions: Vec<String>,
}

/// A change of a role.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "permissions": ["catalog:*:read"] }))]
pub(crate) struct RolePatch {
    /// A-Z, 0-9 and _.
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
}

/// List roles
///
/// By name; a tenant has few.
#[utoipa::path(tag = "roles", security(("bearer" = [RoleRead::NAME])), responses((status = 200, body = Page<RoleView>)))]
#[get("/roles")]
pub(crate) async fn list_roles(who: Allow<RoleRead>, db: Data<Db>) -> Answer {
    who.read(&db, async |conn| {
        let roles = store::all(conn, who.tenant).await?;
        Reply::ok(&Page { items: roles.into_iter().map(RoleView::from).collect(), next_cursor: None, total: None })
    })
    .await
}

/// Make a role
///
/// It cannot allow more than its maker may. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "roles", request_body = CreateRole, security(("bearer" = [RoleWrite::NAME])), responses((status = 201, body = RoleView), (status = 409, description = "The name is taken.")))]
#[post("/roles")]
pub(crate) async fn create_role(who: Allow<RoleWrite>, db: Data<Db>, Body(command): Body<CreateRole>) -> Answer {
    let CreateRole { name, description, permissions } = command;
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        let role = Role {
            tenant_id: tx.tenant(),
            id: RoleId::fresh(),
            version: 1,
            name,
            description,
            permissions,
            built_in: false,
            created_at: tx.now(),
            updated_at: tx.now(),
        };
        role.check(Check::new())?;
        may_give(&who.permissions, &role.patterns())?;
        store::insert(tx, &role).await?;
        let view = RoleView::from(role);
        tx.announce(&ROLE_CREATED, None, &view).await?;
        Reply::created(&view, "/identity/v1/roles")
    })
    .await
}

/// Show a role
///
/// With its patterns.
#[utoipa::path(tag = "roles", security(("bearer" = [RoleRead::NAME])), responses((status = 200, body = RoleView)))]
#[get("/roles/{roleId}")]
pub(crate) async fn show_role(who: Allow<RoleRead>, db: Data<Db>, Path(id): Path<RoleId>) -> Answer {
    who.read(&db, async |conn| {
        let role = store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("role"))?;
        Reply::show(&RoleView::from(role))
    })
    .await
}

/// Change a role
///
/// Built-in roles stay as they are. When it allows other things than before, the tokens of its members stop counting at
/// once: they refresh and go on with what the role allows now. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "roles", request_body = RolePatch, security(("bearer" = [RoleWrite::NAME])), responses((status = 200, body = RoleView), (status = 409, description = "Built in, or the name is taken."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/roles/{roleId}")]
pub(crate) async fn change_role(
    who: Allow<RoleWrite>,
    db: Data<Db>,
    Path(id): Path<RoleId>,
    Body(patch): Body<RolePatch>,
) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, id).await?.ok_or_else(|| Problem::not_found("role"))?;
        who.expect_version(before.version)?;
        own(&before)?;
        may_give(&who.permissions, &before.patterns())?;
        let RolePatch { name, description, permissions } = patch;
        let mut after = Role { version: before.version + 1, updated_at: tx.now(), ..before.clone() };
        let mut check = Check::new();
        check.not_null("/name", name.set(&mut after.name));
        check.not_null("/description", description.set(&mut after.description));
        check.not_null("/permissions", permissions.set(&mut after.permissions));
        after.check(check)?;
        may_give(&who.permissions, &after.patterns())?;
        store::update(tx, &after).await?;
        if after.permissions != before.permissions {
            let holders = members::holders(tx, id).await?;
            members::touch(tx, &holders).await?;
        }
        let view = RoleView::from(after);
        tx.announce(&ROLE_CHANGED, Some(&before.into()), &view).await?;
        Reply::show(&view)
    })
    .await
}

/// Delete a role
///
/// Its grants go with it. Refused while members hold it; built-in roles stay. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "roles", security(("bearer" = [RoleWrite::NAME])), responses((status = 204, description = "Deleted."), (status = 409, description = "Built in, or members hold it.")))]
#[delete("/roles/{roleId}")]
pub(crate) async fn delete_role(who: Allow<RoleWrite>, db: Data<Db>, Path(id): Path<RoleId>) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        let role = store::fetch_for_change(tx, id).await?.ok_or_else(|| Problem::not_found("role"))?;
        who.expect_version(role.version)?;
        own(&role)?;
        may_give(&who.permissions, &role.patterns())?;
        grants::may_give_roles(tx, &who.permissions, from_ref(&role.name)).await?;
        store::delete(tx, &role).await?;
        grants::forget(tx, id.0).await?;
        let gone = RoleView::from(Role { version: role.version + 1, ..role.clone() });
        tx.announce(&ROLE_DELETED, Some(&role.into()), &gone).await?;
        Ok(Reply::done())
    })
    .await
}

fn own(role: &Role) -> Result<(), Problem> {
    if role.built_in { Err(BUILT_IN.detail("Make a role of your own with the patterns you need.")) } else { Ok(()) }
}
