//! The statements of departments.

use db::{Conn, Tx};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use kernel::{DepartmentId, MembershipId, Problem, TenantId};

use super::api::DepartmentQuery;
use super::model::{Department, HAS_CHILDREN, HAS_JOB_ROLES, HAS_MEMBERS, KEY_TAKEN, NAME_TAKEN};
use super::tree::Tree;
use crate::schema::{department_members, departments, members};

pub(super) async fn find(mut conn: &Conn, tenant: TenantId, id: DepartmentId) -> Result<Option<Department>, Problem> {
    Ok(departments::table.find((tenant, id)).select(Department::as_select()).first(&mut conn).await.optional()?)
}

/// One page in the order of creation, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    query: &DepartmentQuery,
    after: Option<DepartmentId>,
    limit: i64,
) -> Result<Vec<Department>, Problem> {
    let mut rows = listed(tenant, query).select(Department::as_select());
    if let Some(after) = after {
        rows = rows.filter(departments::id.gt(after));
    }
    Ok(rows.order(departments::id).limit(limit + 1).load(&mut conn).await?)
}

/// How many the whole list has.
pub(super) async fn count(mut conn: &Conn, tenant: TenantId, query: &DepartmentQuery) -> Result<i64, Problem> {
    Ok(listed(tenant, query).count().get_result(&mut conn).await?)
}

/// The tenant's tree, which nobody else changes until the transaction ends. The lock comes first and by itself: what is
/// read after it is what stands.
pub(super) async fn tree_for_change(tx: &mut Tx) -> Result<Tree, Problem> {
    diesel::sql_query("select pg_advisory_xact_lock(hashtextextended('departments ' || $1, 0))")
        .bind::<Text, _>(tx.tenant().to_string())
        .execute(&mut tx.conn())
        .await?;
    let rows = departments::table.filter(departments::tenant_id.eq(tx.tenant()));
    let rows = rows.select((departments::id, departments::parent_id));
    Ok(Tree::new(rows.load::<(DepartmentId, Option<DepartmentId>)>(&mut tx.conn()).await?))
}

pub(super) async fn fetch_for_change(tx: &mut Tx, id: DepartmentId) -> Result<Department, Problem> {
    let row = departments::table.find((tx.tenant(), id)).select(Department::as_select()).for_update();
    row.first(&mut tx.conn()).await.optional()?.ok_or_else(|| Problem::not_found("department"))
}

pub(super) async fn insert(tx: &mut Tx, department: &Department) -> Result<(), Problem> {
    let insert = diesel::insert_into(departments::table).values(department);
    insert.execute(&mut tx.conn()).await.map_err(refused)?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, department: &Department) -> Result<(), Problem> {
    let row = departments::table.find((department.tenant_id, department.id));
    diesel::update(row).set(department).execute(&mut tx.conn()).await.map_err(refused)?;
    Ok(())
}

pub(super) async fn delete(tx: &mut Tx, id: DepartmentId) -> Result<(), Problem> {
    diesel::delete(departments::table.find((tx.tenant(), id))).execute(&mut tx.conn()).await.map_err(refused)?;
    Ok(())
}

/// Refuses what is not a department, and keeps those that are from being deleted until the transaction ends.
pub(crate) async fn must_exist(tx: &mut Tx, pointer: &str, ids: &[DepartmentId]) -> Result<(), Problem> {
    let rows = departments::table.filter(departments::tenant_id.eq(tx.tenant())).filter(departments::id.eq_any(ids));
    let known: Vec<DepartmentId> =
        rows.select(departments::id).order(departments::id).for_key_share().load(&mut tx.conn()).await?;
    let Some(index) = ids.iter().position(|id| !known.contains(id)) else { return Ok(()) };
    Err(Problem::field(format!("{pointer}/{index}"), "UNKNOWN_DEPARTMENT", "is not a department of this tenant"))
}

/// A page of the members of a department, in the order they joined the tenant.
pub(super) async fn members_of(
    mut conn: &Conn,
    (tenant, id): (TenantId, DepartmentId),
    after: Option<MembershipId>,
    limit: i64,
) -> Result<Vec<MembershipId>, Problem> {
    let mut rows = department_members::table
        .select(department_members::member_id)
        .filter(department_members::tenant_id.eq(tenant))
        .filter(department_members::department_id.eq(id))
        .into_boxed();
    if let Some(after) = after {
        rows = rows.filter(department_members::member_id.gt(after));
    }
    Ok(rows.order(department_members::member_id).limit(limit + 1).load(&mut conn).await?)
}

/// The departments of a member.
pub(super) async fn of_member(
    mut conn: &Conn,
    tenant: TenantId,
    member: MembershipId,
) -> Result<Vec<DepartmentId>, Problem> {
    let rows = department_members::table
        .select(department_members::department_id)
        .filter(department_members::tenant_id.eq(tenant))
        .filter(department_members::member_id.eq(member));
    Ok(rows.order(department_members::department_id).load(&mut conn).await?)
}

/// Replaces the departments of a member.
pub(super) async fn set_of_member(tx: &mut Tx, member: MembershipId, ids: &[DepartmentId]) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let own = department_members::table
        .filter(department_members::tenant_id.eq(tenant))
        .filter(department_members::member_id.eq(member));
    diesel::delete(own).execute(&mut tx.conn()).await?;
    let row = |id: &DepartmentId| {
        (
            department_members::tenant_id.eq(tenant),
            department_members::department_id.eq(*id),
            department_members::member_id.eq(member),
        )
    };
    let rows: Vec<_> = ids.iter().map(row).collect();
    diesel::insert_into(department_members::table).values(rows).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Raises a member's version, and no more: their rights are as before, and their tokens go on counting.
pub(super) async fn raise_member(tx: &mut Tx, id: MembershipId) -> Result<(), Problem> {
    let raise = diesel::update(members::table.find((tx.tenant(), id))).set(members::version.eq(members::version + 1));
    raise.execute(&mut tx.conn()).await?;
    Ok(())
}

fn listed(tenant: TenantId, query: &DepartmentQuery) -> departments::BoxedQuery<'_, Pg> {
    let mut rows = departments::table.filter(departments::tenant_id.eq(tenant)).into_boxed();
    if !query.parent_id.is_empty() {
        rows = rows.filter(departments::parent_id.eq_any(&query.parent_id));
    }
    if query.top == Some(true) {
        rows = rows.filter(departments::parent_id.is_null());
    }
    if let Some(key) = &query.external_key {
        rows = rows.filter(departments::external_key.eq(key));
    }
    rows
}

fn refused(error: Error) -> Problem {
    let constraint = match &error {
        Error::DatabaseError(_, info) => info.constraint_name().unwrap_or_default(),
        _ => "",
    };
    match constraint {
        "departments_name_key" => NAME_TAKEN.detail("Choose another name, or another parent."),
        "departments_external_key_key" => {
            KEY_TAKEN.detail("GET /identity/v1/departments?externalKey=… finds the department that has it.")
        }
        "departments_parent_id_fkey" => HAS_CHILDREN.detail("Move or delete the departments within it first."),
        "department_members_department_id_fkey" => HAS_MEMBERS.detail("Give its members other departments first."),
        "job_role_departments_department_id_fkey" => {
            HAS_JOB_ROLES.detail("Take it out of the departments of its job roles first.")
        }
        _ => error.into(),
    }
}
