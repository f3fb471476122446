//! The statements of members.

use auth::Patterns;
use db::{Conn, Tx, on_constraint};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{MembershipId, Problem, RoleId, TenantId, UserId};

use super::{ALREADY_MEMBER, Member, MemberStatus};
use crate::accounts::users::User;
use crate::job_roles;
use crate::roles::OWNER;
use crate::schema::{member_roles, members, roles, users};

/// What an active member may do; `None` for everybody else.
pub(crate) async fn permissions_of(
    mut conn: &Conn,
    tenant: TenantId,
    user: UserId,
) -> Result<Option<Patterns>, Problem> {
    let rows: Vec<(MembershipId, Option<Vec<String>>)> = members::table
        .left_join(
            member_roles::table
                .on(member_roles::tenant_id.eq(members::tenant_id).and(member_roles::member_id.eq(members::id))),
        )
        .left_join(
            roles::table.on(roles::tenant_id.eq(member_roles::tenant_id).and(roles::id.eq(member_roles::role_id))),
        )
        .select((members::id, roles::permissions.nullable()))
        .filter(members::tenant_id.eq(tenant))
        .filter(members::user_id.eq(user))
        .filter(members::status.eq(MemberStatus::Active))
        .load(&mut conn)
        .await?;
    let [(member, _), ..] = rows.as_slice() else { return Ok(None) };
    let by_jobs = job_roles::patterns_of_member(conn, tenant, *member).await?;
    let by_roles = rows.into_iter().filter_map(|(_, permissions)| permissions).flatten();
    Ok(Some(Patterns::new(by_roles.chain(by_jobs))))
}

/// The membership of a person.
pub(crate) async fn id_of(mut conn: &Conn, tenant: TenantId, user: UserId) -> Result<Option<MembershipId>, Problem> {
    let row = members::table.filter(members::tenant_id.eq(tenant)).filter(members::user_id.eq(user));
    Ok(row.select(members::id).first(&mut conn).await.optional()?)
}

/// Keeps a person's membership until the transaction ends; `None` when they are no member.
pub(crate) async fn lock_of_user(tx: &mut Tx, user: UserId) -> Result<Option<MembershipId>, Problem> {
    let row = members::table.filter(members::tenant_id.eq(tx.tenant())).filter(members::user_id.eq(user));
    Ok(row.select(members::id).for_update().first(&mut tx.conn()).await.optional()?)
}

/// A member with person and role names.
pub(crate) async fn find(
    conn: &Conn,
    tenant: TenantId,
    id: MembershipId,
) -> Result<Option<(Member, User, Vec<String>)>, Problem> {
    let mut found = page(conn, tenant, Some(&[id]), None, 1).await?;
    Ok(found.pop())
}

/// The member, locked until the transaction ends.
pub(crate) async fn fetch_for_change(tx: &mut Tx, id: MembershipId) -> Result<Member, Problem> {
    let row = members::table.find((tx.tenant(), id)).select(Member::as_select()).for_update();
    row.first(&mut tx.conn()).await.optional()?.ok_or_else(|| Problem::not_found("member"))
}

/// The members who hold a role.
pub(crate) async fn holders(tx: &mut Tx, role: RoleId) -> Result<Vec<MembershipId>, Problem> {
    let rows = member_roles::table
        .select(member_roles::member_id)
        .filter(member_roles::tenant_id.eq(tx.tenant()))
        .filter(member_roles::role_id.eq(role));
    Ok(rows.load(&mut tx.conn()).await?)
}

/// Raises the version of some members; returns them as they are now.
pub(crate) async fn touch(tx: &mut Tx, ids: &[MembershipId]) -> Result<Vec<(Member, User, Vec<String>)>, Problem> {
    let tenant = tx.tenant();
    let touched = members::table.filter(members::tenant_id.eq(tenant)).filter(members::id.eq_any(ids));
    diesel::update(touched)
        .set((
            members::version.eq(members::version + 1),
            members::updated_at.eq(tx.now()),
            members::rights_changed_at.eq(tx.now()),
        ))
        .execute(&mut tx.conn())
        .await?;
    page(tx, tenant, Some(ids), None, i64::try_from(ids.len()).unwrap_or(i64::MAX)).await
}

/// Members in the order they joined: some of them, or a page after one.
pub(crate) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    only: Option<&[MembershipId]>,
    after: Option<MembershipId>,
    limit: i64,
) -> Result<Vec<(Member, User, Vec<String>)>, Problem> {
    let mut rows = members::table
        .inner_join(users::table.on(users::id.eq(members::user_id)))
        .select((Member::as_select(), User::as_select()))
        .filter(members::tenant_id.eq(tenant))
        .into_boxed();
    if let Some(only) = only {
        rows = rows.filter(members::id.eq_any(only));
    }
    if let Some(after) = after {
        rows = rows.filter(members::id.gt(after));
    }
    let people: Vec<(Member, User)> = rows.order(members::id).limit(limit.saturating_add(1)).load(&mut conn).await?;
    let ids: Vec<MembershipId> = people.iter().map(|(member, _)| member.id).collect();
    let names: Vec<(MembershipId, String)> = member_roles::table
        .inner_join(
            roles::table.on(roles::tenant_id.eq(member_roles::tenant_id).and(roles::id.eq(member_roles::role_id))),
        )
        .select((member_roles::member_id, roles::name))
        .filter(member_roles::tenant_id.eq(tenant))
        .filter(member_roles::member_id.eq_any(ids))
        .order(roles::name)
        .load(&mut conn)
        .await?;
    let roles_of = |id| names.iter().filter(|(member, _)| *member == id).map(|(_, name)| name.clone()).collect();
    Ok(people.into_iter().map(|(member, user)| (member.clone(), user, roles_of(member.id))).collect())
}

/// Adds a member with roles that exist.
pub(crate) async fn insert(tx: &mut Tx, member: &Member, role_names: &[String]) -> Result<(), Problem> {
    diesel::insert_into(members::table).values(member).execute(&mut tx.conn()).await.map_err(on_constraint(
        "members_user_id_key",
        ALREADY_MEMBER.detail("This person is a member already. Change the member instead."),
    ))?;
    set_roles(tx, member.id, role_names).await
}

pub(crate) async fn delete(tx: &mut Tx, id: MembershipId) -> Result<(), Problem> {
    diesel::delete(members::table.find((tx.tenant(), id))).execute(&mut tx.conn()).await?;
    Ok(())
}

pub(crate) async fn update(tx: &mut Tx, member: &Member) -> Result<(), Problem> {
    diesel::update(members::table.find((member.tenant_id, member.id))).set(member).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Replaces a member's roles.
pub(crate) async fn set_roles(tx: &mut Tx, member: MembershipId, names: &[String]) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let own = member_roles::table.filter(member_roles::tenant_id.eq(tenant)).filter(member_roles::member_id.eq(member));
    diesel::delete(own).execute(&mut tx.conn()).await?;
    let wanted = roles::table
        .select((roles::tenant_id, member.0.into_sql::<diesel::sql_types::Uuid>(), roles::id))
        .filter(roles::tenant_id.eq(tenant))
        .filter(roles::name.eq_any(names));
    diesel::insert_into(member_roles::table)
        .values(wanted)
        .into_columns((member_roles::tenant_id, member_roles::member_id, member_roles::role_id))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// Active owners besides one member, their rows locked: two owners cannot demote each other at the same moment.
pub(crate) async fn lock_other_owners(tx: &mut Tx, besides: MembershipId) -> Result<i64, Problem> {
    let owners = members::table
        .inner_join(
            member_roles::table
                .on(member_roles::tenant_id.eq(members::tenant_id).and(member_roles::member_id.eq(members::id))),
        )
        .inner_join(
            roles::table.on(roles::tenant_id.eq(member_roles::tenant_id).and(roles::id.eq(member_roles::role_id))),
        )
        .select(members::id)
        .filter(members::tenant_id.eq(tx.tenant()))
        .filter(members::status.eq(MemberStatus::Active))
        .filter(roles::name.eq(OWNER))
        .order(members::id)
        .for_update();
    let ids: Vec<MembershipId> = owners.load(&mut tx.conn()).await?;
    Ok(i64::try_from(ids.iter().filter(|id| **id != besides).count()).unwrap_or(i64::MAX))
}
