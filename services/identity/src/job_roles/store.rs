//! The statements of job roles.

use std::collections::BTreeMap;

use auth::Patterns;
use db::{Conn, Tx, on_constraint};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{DepartmentId, JobRoleId, MembershipId, Problem, TenantId};

use super::api::JobRoleQuery;
use super::model::{IN_USE, JobRole, NAME_TAKEN};
use crate::schema::{job_role_departments, job_role_members, job_roles};

pub(super) async fn find(mut conn: &Conn, tenant: TenantId, id: JobRoleId) -> Result<Option<JobRole>, Problem> {
    Ok(job_roles::table.find((tenant, id)).select(JobRole::as_select()).first(&mut conn).await.optional()?)
}

/// One page in the order of creation, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    query: &JobRoleQuery,
    after: Option<JobRoleId>,
    limit: i64,
) -> Result<Vec<JobRole>, Problem> {
    let mut rows = listed(tenant, query).select(JobRole::as_select());
    if let Some(after) = after {
        rows = rows.filter(job_roles::id.gt(after));
    }
    Ok(rows.order(job_roles::id).limit(limit + 1).load(&mut conn).await?)
}

/// How many the whole list has.
pub(super) async fn count(mut conn: &Conn, tenant: TenantId, query: &JobRoleQuery) -> Result<i64, Problem> {
    Ok(listed(tenant, query).count().get_result(&mut conn).await?)
}

/// The departments of some job roles.
pub(super) async fn departments_of(
    mut conn: &Conn,
    tenant: TenantId,
    ids: &[JobRoleId],
) -> Result<BTreeMap<JobRoleId, Vec<DepartmentId>>, Problem> {
    let rows: Vec<(JobRoleId, DepartmentId)> = job_role_departments::table
        .select((job_role_departments::job_role_id, job_role_departments::department_id))
        .filter(job_role_departments::tenant_id.eq(tenant))
        .filter(job_role_departments::job_role_id.eq_any(ids))
        .load(&mut conn)
        .await?;
    let mut all: BTreeMap<JobRoleId, Vec<DepartmentId>> = BTreeMap::new();
    for (id, department) in rows {
        all.entry(id).or_default().push(department);
    }
    Ok(all)
}

/// The job role, locked until the transaction ends, with its departments.
pub(super) async fn fetch_for_change(tx: &mut Tx, id: JobRoleId) -> Result<(JobRole, Vec<DepartmentId>), Problem> {
    let row = job_roles::table.find((tx.tenant(), id)).select(JobRole::as_select()).for_update();
    let role = row.first(&mut tx.conn()).await.optional()?.ok_or_else(|| Problem::not_found("job role"))?;
    let departments = departments_of(tx, tx.tenant(), &[id]).await?.remove(&id).unwrap_or_default();
    Ok((role, departments))
}

pub(super) async fn insert(tx: &mut Tx, role: &JobRole) -> Result<(), Problem> {
    diesel::insert_into(job_roles::table).values(role).execute(&mut tx.conn()).await.map_err(name_taken())?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, role: &JobRole) -> Result<(), Problem> {
    let row = job_roles::table.find((role.tenant_id, role.id));
    diesel::update(row).set(role).execute(&mut tx.conn()).await.map_err(name_taken())?;
    Ok(())
}

pub(super) async fn delete(tx: &mut Tx, id: JobRoleId) -> Result<(), Problem> {
    let held = on_constraint("job_role_members_job_role_id_fkey", IN_USE.detail("Take it from its members first."));
    diesel::delete(job_roles::table.find((tx.tenant(), id))).execute(&mut tx.conn()).await.map_err(held)?;
    Ok(())
}

/// Replaces the departments of a job role.
pub(super) async fn set_departments(tx: &mut Tx, role: JobRoleId, ids: &[DepartmentId]) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let own = job_role_departments::table
        .filter(job_role_departments::tenant_id.eq(tenant))
        .filter(job_role_departments::job_role_id.eq(role));
    diesel::delete(own).execute(&mut tx.conn()).await?;
    let row = |id: &DepartmentId| {
        (
            job_role_departments::tenant_id.eq(tenant),
            job_role_departments::job_role_id.eq(role),
            job_role_departments::department_id.eq(*id),
        )
    };
    let rows: Vec<_> = ids.iter().map(row).collect();
    diesel::insert_into(job_role_departments::table).values(rows).execute(&mut tx.conn()).await?;
    Ok(())
}

/// What some job roles allow together, which stays so until the transaction ends; 422 when one of them does not exist.
pub(super) async fn patterns_of(tx: &mut Tx, ids: &[JobRoleId]) -> Result<Patterns, Problem> {
    let rows = job_roles::table.filter(job_roles::tenant_id.eq(tx.tenant())).filter(job_roles::id.eq_any(ids));
    let rows = rows.select((job_roles::id, job_roles::permissions)).order(job_roles::id).for_share();
    let rows: Vec<(JobRoleId, Vec<String>)> = rows.load(&mut tx.conn()).await?;
    if let Some(index) = ids.iter().position(|id| !rows.iter().any(|(known, _)| known == id)) {
        let how = "is not a job role of this tenant; GET /identity/v1/job-roles lists them";
        return Err(Problem::field(format!("/jobRoleIds/{index}"), "UNKNOWN_JOB_ROLE", how));
    }
    Ok(Patterns::new(rows.into_iter().flat_map(|(_, permissions)| permissions)))
}

/// What the job roles of a member allow.
pub(crate) async fn patterns_of_member(
    conn: &Conn,
    tenant: TenantId,
    member: MembershipId,
) -> Result<Vec<String>, Problem> {
    Ok(held_by(conn, tenant, member).await?.into_iter().flat_map(|(_, permissions)| permissions).collect())
}

/// The job roles of a member, by name, each with what it allows.
pub(crate) async fn held_by(
    mut conn: &Conn,
    tenant: TenantId,
    member: MembershipId,
) -> Result<Vec<(String, Vec<String>)>, Problem> {
    let held =
        job_role_members::tenant_id.eq(job_roles::tenant_id).and(job_role_members::job_role_id.eq(job_roles::id));
    let rows = job_roles::table
        .inner_join(job_role_members::table.on(held))
        .filter(job_role_members::tenant_id.eq(tenant))
        .filter(job_role_members::member_id.eq(member));
    Ok(rows.order(job_roles::name).select((job_roles::name, job_roles::permissions)).load(&mut conn).await?)
}

/// The members who have a job role.
pub(super) async fn holders(tx: &mut Tx, role: JobRoleId) -> Result<Vec<MembershipId>, Problem> {
    let rows = job_role_members::table
        .select(job_role_members::member_id)
        .filter(job_role_members::tenant_id.eq(tx.tenant()))
        .filter(job_role_members::job_role_id.eq(role));
    Ok(rows.load(&mut tx.conn()).await?)
}

/// The job roles of a member.
pub(super) async fn of_member(
    mut conn: &Conn,
    tenant: TenantId,
    member: MembershipId,
) -> Result<Vec<JobRoleId>, Problem> {
    let rows = job_role_members::table
        .select(job_role_members::job_role_id)
        .filter(job_role_members::tenant_id.eq(tenant))
        .filter(job_role_members::member_id.eq(member));
    Ok(rows.order(job_role_members::job_role_id).load(&mut conn).await?)
}

/// Replaces the job roles of a member.
pub(super) async fn set_of_member(tx: &mut Tx, member: MembershipId, ids: &[JobRoleId]) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let own = job_role_members::table
        .filter(job_role_members::tenant_id.eq(tenant))
        .filter(job_role_members::member_id.eq(member));
    diesel::delete(own).execute(&mut tx.conn()).await?;
    let row = |id: &JobRoleId| {
        (
            job_role_members::tenant_id.eq(tenant),
            job_role_members::job_role_id.eq(*id),
            job_role_members::member_id.eq(member),
        )
    };
    let rows: Vec<_> = ids.iter().map(row).collect();
    diesel::insert_into(job_role_members::table).values(rows).execute(&mut tx.conn()).await?;
    Ok(())
}

fn listed(tenant: TenantId, query: &JobRoleQuery) -> job_roles::BoxedQuery<'_, Pg> {
    let mut rows = job_roles::table.filter(job_roles::tenant_id.eq(tenant)).into_boxed();
    if !query.department_id.is_empty() {
        let found = job_role_departments::table
            .select(job_role_departments::job_role_id)
            .filter(job_role_departments::tenant_id.eq(tenant))
            .filter(job_role_departments::department_id.eq_any(&query.department_id));
        rows = rows.filter(job_roles::id.eq_any(found));
    }
    rows
}

fn name_taken() -> impl FnOnce(diesel::result::Error) -> Problem {
    on_constraint("job_roles_name_key", NAME_TAKEN.detail("Another job role of this tenant has this name."))
}
