//! The statements of roles.

use auth::Patterns;
use db::{Conn, Tx, on_constraint};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{MembershipId, Problem, RoleId, TenantId};

use super::built_in::BUILT_IN;
use super::{IN_USE, NAME_TAKEN, Role};
use crate::schema::{member_roles, roles};

/// Gives a new tenant its first roles.
pub(crate) async fn insert_built_in(tx: &mut Tx) -> Result<(), Problem> {
    let role = |(name, description, permissions): &(&str, &str, &[&str])| Role {
        tenant_id: tx.tenant(),
        id: RoleId::fresh(),
        version: 1,
        name: (*name).to_owned(),
        description: (*description).to_owned(),
        permissions: permissions.iter().map(|pattern| (*pattern).to_owned()).collect(),
        built_in: true,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    let rows: Vec<Role> = BUILT_IN.iter().map(role).collect();
    diesel::insert_into(roles::table).values(&rows).execute(&mut tx.conn()).await?;
    Ok(())
}

/// What some roles allow together; 422 when one of them does not exist.
pub(crate) async fn patterns_of(tx: &Tx, names: &[String]) -> Result<Patterns, Problem> {
    let rows: Vec<(String, Vec<String>)> = roles::table
        .select((roles::name, roles::permissions))
        .filter(roles::tenant_id.eq(tx.tenant()))
        .filter(roles::name.eq_any(names))
        .load(&mut tx.conn())
        .await?;
    if let Some(index) = names.iter().position(|name| !rows.iter().any(|(known, _)| known == name)) {
        return Err(Problem::field(
            format!("/roles/{index}"),
            "UNKNOWN_ROLE",
            "is not a role of this tenant; GET /identity/v1/roles lists them",
        ));
    }
    Ok(Patterns::new(rows.into_iter().flat_map(|(_, permissions)| permissions)))
}

/// The roles of a member, by name, each with what it allows.
pub(crate) async fn held_by(
    mut conn: &Conn,
    tenant: TenantId,
    member: MembershipId,
) -> Result<Vec<(String, Vec<String>)>, Problem> {
    let held = member_roles::tenant_id.eq(roles::tenant_id).and(member_roles::role_id.eq(roles::id));
    let rows = roles::table
        .inner_join(member_roles::table.on(held))
        .filter(member_roles::tenant_id.eq(tenant))
        .filter(member_roles::member_id.eq(member));
    Ok(rows.order(roles::name).select((roles::name, roles::permissions)).load(&mut conn).await?)
}

/// Those of some roles that exist.
pub(crate) async fn existing(tx: &Tx, names: &[String]) -> Result<Vec<String>, Problem> {
    let rows = roles::table.select(roles::name).filter(roles::tenant_id.eq(tx.tenant()));
    Ok(rows.filter(roles::name.eq_any(names)).order(roles::name).load(&mut tx.conn()).await?)
}

pub(crate) async fn all(mut conn: &Conn, tenant: TenantId) -> Result<Vec<Role>, Problem> {
    let rows = roles::table.filter(roles::tenant_id.eq(tenant)).select(Role::as_select()).order(roles::name);
    Ok(rows.load(&mut conn).await?)
}

pub(crate) async fn find(mut conn: &Conn, tenant: TenantId, id: RoleId) -> Result<Option<Role>, Problem> {
    Ok(roles::table.find((tenant, id)).select(Role::as_select()).first(&mut conn).await.optional()?)
}

pub(crate) async fn fetch_for_change(tx: &mut Tx, id: RoleId) -> Result<Option<Role>, Problem> {
    let row = roles::table.find((tx.tenant(), id)).select(Role::as_select()).for_update();
    Ok(row.first(&mut tx.conn()).await.optional()?)
}

/// Keeps a role until the transaction ends; `None` when there is no such role.
pub(crate) async fn lock(tx: &mut Tx, id: RoleId) -> Result<Option<RoleId>, Problem> {
    let row = roles::table.find((tx.tenant(), id)).select(roles::id).for_update();
    Ok(row.first(&mut tx.conn()).await.optional()?)
}

pub(crate) async fn insert(tx: &mut Tx, role: &Role) -> Result<(), Problem> {
    diesel::insert_into(roles::table).values(role).execute(&mut tx.conn()).await.map_err(name_taken())?;
    Ok(())
}

pub(crate) async fn update(tx: &mut Tx, role: &Role) -> Result<(), Problem> {
    diesel::update(roles::table.find((role.tenant_id, role.id)))
        .set(role)
        .execute(&mut tx.conn())
        .await
        .map_err(name_taken())?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut Tx, role: &Role) -> Result<(), Problem> {
    let held =
        on_constraint("member_roles_role_id_fkey", IN_USE.detail("Members hold this role. Give them others first."));
    diesel::delete(roles::table.find((role.tenant_id, role.id))).execute(&mut tx.conn()).await.map_err(held)?;
    Ok(())
}

fn name_taken() -> impl FnOnce(diesel::result::Error) -> Problem {
    on_constraint("roles_name_key", NAME_TAKEN.detail("Another role of this tenant has this name."))
}
