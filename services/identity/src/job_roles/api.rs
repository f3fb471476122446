//! Job roles over HTTP.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use contracts::identity::{JOB_ROLE_CHANGED, JOB_ROLE_CREATED, JOB_ROLE_DELETED, JobRoleView};
use db::{Conn, Db};
use kernel::{Cursor, DepartmentId, JobRoleId, Page, PageQuery, Problem};
use serde::Deserialize;
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::model::{CreateJobRole, JobRole, JobRolePatch};
use super::store;
use crate::patterns::may_give;
use crate::permissions::{JobRoleRead, JobRoleWrite};
use crate::{departments, members};

const COLLECTION: &str = "/identity/v1/job-roles";

/// Filters of the list of job roles.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct JobRoleQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// Also return the exact `total`.
    count: Option<bool>,
    /// Those of this department. Repeat for more.
    #[serde(default)]
    pub(super) department_id: Vec<DepartmentId>,
}

/// Make a job role
///
/// It cannot allow more than its maker may. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "job roles", request_body = CreateJobRole, security(("bearer" = [JobRoleWrite::NAME])), responses((status = 201, body = JobRoleView), (status = 409, description = "The name is taken.")))]
#[post("/job-roles")]
pub(super) async fn create_job_role(
    who: Allow<JobRoleWrite>,
    db: Data<Db>,
    Body(command): Body<CreateJobRole>,
) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        let (role, department_ids) = JobRole::create(command, tx.tenant(), tx.now())?;
        may_give(&who.permissions, &role.patterns())?;
        departments::must_exist(tx, "/departmentIds", &department_ids).await?;
        store::insert(tx, &role).await?;
        store::set_departments(tx, role.id, &department_ids).await?;
        let view = role.view(department_ids);
        tx.announce(&JOB_ROLE_CREATED, None, &view).await?;
        Reply::created(&view, COLLECTION)
    })
    .await
}

/// List job roles
///
/// In the order they were made.
#[utoipa::path(tag = "job roles", params(JobRoleQuery), security(("bearer" = [JobRoleRead::NAME])), responses((status = 200, body = Page<JobRoleView>)))]
#[get("/job-roles")]
pub(super) async fn list_job_roles(
    who: Allow<JobRoleRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<JobRoleQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, "job_roles")?);
    who.read(&db, async |conn: &Conn| {
        let after = after.and_then(|cursor| cursor.key::<JobRoleId>(0));
        let rows = store::page(conn, who.tenant, &query, after, limit).await?;
        let ids: Vec<JobRoleId> = rows.iter().map(|row| row.id).collect();
        let mut departments = store::departments_of(conn, who.tenant, &ids).await?;
        let mut page =
            Cursor::page(rows, limit, &context.config.keys, "job_roles", |row| vec![row.id.to_string().into()]);
        if query.count == Some(true) {
            page.total = Some(store::count(conn, who.tenant, &query).await?);
        }
        Reply::ok(&page.map(|row| {
            let own = departments.remove(&row.id).unwrap_or_default();
            row.view(own)
        }))
    })
    .await
}

/// Show a job role
///
/// With its patterns and departments.
#[utoipa::path(tag = "job roles", security(("bearer" = [JobRoleRead::NAME])), responses((status = 200, body = JobRoleView)))]
#[get("/job-roles/{jobRoleId}")]
pub(super) async fn show_job_role(who: Allow<JobRoleRead>, db: Data<Db>, Path(id): Path<JobRoleId>) -> Answer {
    who.read(&db, async |conn| {
        let role = store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("job role"))?;
        let departments = store::departments_of(conn, who.tenant, &[id]).await?.remove(&id).unwrap_or_default();
        Reply::show(&role.view(departments))
    })
    .await
}

/// Change a job role
///
/// A JSON merge patch. When it allows other things than before, the tokens of its members stop counting at once: they
/// refresh and go on with what it allows now. `If-Match` is honoured when sent.
/// Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "job roles", request_body = JobRolePatch, security(("bearer" = [JobRoleWrite::NAME])), responses((status = 200, body = JobRoleView), (status = 409, description = "The name is taken."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/job-roles/{jobRoleId}")]
pub(super) async fn change_job_role(
    who: Allow<JobRoleWrite>,
    db: Data<Db>,
    Path(id): Path<JobRoleId>,
    Body(patch): Body<JobRolePatch>,
) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        let (before, old_departments) = store::fetch_for_change(tx, id).await?;
        who.expect_version(before.version)?;
        may_give(&who.permissions, &before.patterns())?;
        let (after, departments) = before.clone().change(old_departments.clone(), patch, tx.now())?;
        may_give(&who.permissions, &after.patterns())?;
        departments::must_exist(tx, "/departmentIds", &departments).await?;
        store::update(tx, &after).await?;
        store::set_departments(tx, id, &departments).await?;
        if after.permissions != before.permissions {
            let holders = store::holders(tx, id).await?;
            members::touch(tx, &holders).await?;
        }
        let view = after.view(departments);
        tx.announce(&JOB_ROLE_CHANGED, Some(&before.view(old_departments)), &view).await?;
        Reply::show(&view)
    })
    .await
}

/// Delete a job role
///
/// Refused while members have it. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "job roles", security(("bearer" = [JobRoleWrite::NAME])), responses((status = 204, description = "Deleted."), (status = 409, description = "Members have it."), (status = 412, description = "Somebody else changed it.")))]
#[delete("/job-roles/{jobRoleId}")]
pub(super) async fn delete_job_role(who: Allow<JobRoleWrite>, db: Data<Db>, Path(id): Path<JobRoleId>) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        let (role, departments) = store::fetch_for_change(tx, id).await?;
        who.expect_version(role.version)?;
        may_give(&who.permissions, &role.patterns())?;
        store::delete(tx, id).await?;
        let before = role.view(departments);
        let gone = JobRoleView { version: before.version + 1, ..before.clone() };
        tx.announce(&JOB_ROLE_DELETED, Some(&before), &gone).await?;
        Ok(Reply::done())
    })
    .await
}
