//! The statements of grants.

use contracts::identity::GrantSubject;
use db::{Conn, Tx, on_constraint};
use diesel::dsl::count;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{GrantId, Problem, TenantId, UserId};
use uuid::Uuid;

use super::api::GrantQuery;
use super::model::{EXISTS, Grant, TOO_MANY};
use crate::schema::{grants, member_roles, members, roles};

/// The most grants of one subject.
const MOST: i64 = 200;
/// The most roles of a tenant with grants: a token names those of its bearer.
const MOST_ROLES: i64 = 30;

pub(super) async fn find(mut conn: &Conn, tenant: TenantId, id: GrantId) -> Result<Option<Grant>, Problem> {
    Ok(grants::table.find((tenant, id)).select(Grant::as_select()).first(&mut conn).await.optional()?)
}

/// One page in the order of creation, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    query: &GrantQuery,
    after: Option<GrantId>,
    limit: i64,
) -> Result<Vec<Grant>, Problem> {
    let mut rows = listed(tenant, query).select(Grant::as_select());
    if let Some(after) = after {
        rows = rows.filter(grants::id.gt(after));
    }
    Ok(rows.order(grants::id).limit(limit + 1).load(&mut conn).await?)
}

/// How many the whole list has.
pub(super) async fn count_all(mut conn: &Conn, tenant: TenantId, query: &GrantQuery) -> Result<i64, Problem> {
    Ok(listed(tenant, query).count().get_result(&mut conn).await?)
}

fn listed(tenant: TenantId, query: &GrantQuery) -> grants::BoxedQuery<'_, Pg> {
    let mut rows = grants::table.filter(grants::tenant_id.eq(tenant)).into_boxed();
    if let Some(subject) = query.subject_id {
        rows = rows.filter(grants::subject_id.eq(subject));
    }
    if let Some(kind) = query.resource_type {
        rows = rows.filter(grants::resource_type.eq(kind));
    }
    if let Some(id) = query.resource_id {
        rows = rows.filter(grants::resource_id.eq(id));
    }
    rows
}

/// The grant, locked until the transaction ends.
pub(super) async fn fetch_for_change(tx: &mut Tx, id: GrantId) -> Result<Grant, Problem> {
    let row = grants::table.find((tx.tenant(), id)).select(Grant::as_select()).for_update();
    row.first(&mut tx.conn()).await.optional()?.ok_or_else(|| Problem::not_found("grant"))
}

pub(super) async fn insert(tx: &mut Tx, grant: &Grant) -> Result<(), Problem> {
    let how = "Change the level of the grant there is: GET /identity/v1/grants?subjectId=… finds it.";
    let taken = on_constraint("grants_subject_resource_key", EXISTS.detail(how));
    diesel::insert_into(grants::table).values(grant).execute(&mut tx.conn()).await.map_err(taken)?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, grant: &Grant) -> Result<(), Problem> {
    diesel::update(grants::table.find((grant.tenant_id, grant.id))).set(grant).execute(&mut tx.conn()).await?;
    Ok(())
}

pub(super) async fn delete(tx: &mut Tx, id: GrantId) -> Result<(), Problem> {
    diesel::delete(grants::table.find((tx.tenant(), id))).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Removes the grants of a subject and returns them.
pub(super) async fn delete_of(tx: &mut Tx, subject: Uuid) -> Result<Vec<Grant>, Problem> {
    let own = grants::table.filter(grants::tenant_id.eq(tx.tenant())).filter(grants::subject_id.eq(subject));
    Ok(diesel::delete(own).returning(Grant::as_returning()).get_results(&mut tx.conn()).await?)
}

/// Refuses one more grant of a subject with many, or of one more role when many have grants.
pub(super) async fn has_room(tx: &mut Tx, kind: GrantSubject, subject: Uuid) -> Result<(), Problem> {
    let all = grants::table.filter(grants::tenant_id.eq(tx.tenant()));
    let own: i64 = all.filter(grants::subject_id.eq(subject)).select(count(grants::id)).first(&mut tx.conn()).await?;
    if own >= MOST {
        return Err(TOO_MANY.detail(format!("One of them holds at most {MOST} grants. Grant all of a kind instead.")));
    }
    let others = all.filter(grants::subject_type.eq(GrantSubject::Role)).filter(grants::subject_id.ne(subject));
    let roles: i64 = others.select(count(grants::subject_id).aggregate_distinct()).first(&mut tx.conn()).await?;
    if kind == GrantSubject::Role && roles >= MOST_ROLES {
        return Err(TOO_MANY.detail(format!("At most {MOST_ROLES} roles of a tenant have grants.")));
    }
    Ok(())
}

/// Whether a subject has a grant, which stays until the transaction ends.
pub(super) async fn holds_any(tx: &mut Tx, subject: Uuid) -> Result<bool, Problem> {
    let own = grants::table.filter(grants::tenant_id.eq(tx.tenant())).filter(grants::subject_id.eq(subject));
    let one: Option<GrantId> = own.select(grants::id).limit(1).for_share().first(&mut tx.conn()).await.optional()?;
    Ok(one.is_some())
}

/// A person and the roles they have: whose grants concern them, as far as there are any.
pub(super) async fn subjects_of(mut conn: &Conn, tenant: TenantId, user: UserId) -> Result<Vec<Uuid>, Problem> {
    let rows =
        grants::table.filter(grants::tenant_id.eq(tenant)).filter(
            grants::subject_id.eq(user.0).or(grants::subject_id.eq_any(
                member_roles::table
                    .inner_join(members::table.on(
                        members::tenant_id.eq(member_roles::tenant_id).and(members::id.eq(member_roles::member_id)),
                    ))
                    .filter(member_roles::tenant_id.eq(tenant))
                    .filter(members::user_id.eq(user))
                    .select(member_roles::role_id),
            )),
        );
    Ok(rows.select(grants::subject_id).distinct().load(&mut conn).await?)
}

/// The grants of some subjects, in the order they were made.
pub(super) async fn of_subjects(mut conn: &Conn, tenant: TenantId, subjects: &[Uuid]) -> Result<Vec<Grant>, Problem> {
    let rows = grants::table.filter(grants::tenant_id.eq(tenant)).filter(grants::subject_id.eq_any(subjects));
    Ok(rows.order(grants::id).select(Grant::as_select()).load(&mut conn).await?)
}

/// The grants of roles, by name.
pub(super) async fn of_roles(mut conn: &Conn, tenant: TenantId, names: &[String]) -> Result<Vec<Grant>, Problem> {
    let named = roles::table.filter(roles::tenant_id.eq(tenant)).filter(roles::name.eq_any(names)).select(roles::id);
    let rows = grants::table.filter(grants::tenant_id.eq(tenant)).filter(grants::subject_id.eq_any(named));
    Ok(rows.select(Grant::as_select()).load(&mut conn).await?)
}

/// The grants that concern a person: their own and those of their roles.
pub(crate) async fn concerning(conn: &Conn, tenant: TenantId, user: UserId) -> Result<Vec<Grant>, Problem> {
    let subjects = subjects_of(conn, tenant, user).await?;
    of_subjects(conn, tenant, &subjects).await
}
