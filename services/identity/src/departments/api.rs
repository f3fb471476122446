//! Departments over HTTP.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use contracts::identity::{DEPARTMENT_CHANGED, DEPARTMENT_CREATED, DEPARTMENT_DELETED, DepartmentView};
use db::Db;
use kernel::{Cursor, DepartmentId, Page, PageQuery, Problem};
use serde::Deserialize;
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::model::{CreateDepartment, Department, DepartmentPatch};
use super::store;
use crate::permissions::{DepartmentRead, DepartmentWrite};

const COLLECTION: &str = "/identity/v1/departments";

/// Filters of the list of departments.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DepartmentQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// Also return the exact `total`.
    count: Option<bool>,
    /// Those right under this one. Repeat for more.
    #[serde(default)]
    pub(super) parent_id: Vec<DepartmentId>,
    /// Only those at the top.
    pub(super) top: Option<bool>,
    /// Only the department with this key.
    pub(super) external_key: Option<String>,
}

/// Make a department
///
/// At the top, or within another one; a tree has at most 20 levels. An `externalKey` makes the call repeatable.
#[utoipa::path(tag = "departments", request_body = CreateDepartment, security(("bearer" = [DepartmentWrite::NAME])), responses((status = 201, body = DepartmentView), (status = 409, description = "The name or the external key is taken.")))]
#[post("/departments")]
pub(super) async fn create_department(
    who: Allow<DepartmentWrite>,
    db: Data<Db>,
    Body(command): Body<CreateDepartment>,
) -> Answer {
    who.write(&db, async |tx| {
        let department = Department::create(command, tx.tenant(), tx.now())?;
        store::tree_for_change(tx).await?.may_place(department.id, department.parent_id)?;
        store::insert(tx, &department).await?;
        let view = DepartmentView::from(department);
        tx.announce(&DEPARTMENT_CREATED, None, &view).await?;
        Reply::created(&view, COLLECTION)
    })
    .await
}

/// List departments
///
/// In the order they were made; `parentId` walks down the tree.
#[utoipa::path(tag = "departments", params(DepartmentQuery), security(("bearer" = [DepartmentRead::NAME])), responses((status = 200, body = Page<DepartmentView>)))]
#[get("/departments")]
pub(super) async fn list_departments(
    who: Allow<DepartmentRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<DepartmentQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, "departments")?);
    who.read(&db, async |conn| {
        let after = after.and_then(|cursor| cursor.key::<DepartmentId>(0));
        let rows = store::page(conn, who.tenant, &query, after, limit).await?;
        let mut page =
            Cursor::page(rows, limit, &context.config.keys, "departments", |row| vec![row.id.to_string().into()]);
        if query.count == Some(true) {
            page.total = Some(store::count(conn, who.tenant, &query).await?);
        }
        Reply::ok(&page.map(DepartmentView::from))
    })
    .await
}

/// Show a department
///
/// With the one it is part of.
#[utoipa::path(tag = "departments", security(("bearer" = [DepartmentRead::NAME])), responses((status = 200, body = DepartmentView)))]
#[get("/departments/{departmentId}")]
pub(super) async fn show_department(who: Allow<DepartmentRead>, db: Data<Db>, Path(id): Path<DepartmentId>) -> Answer {
    who.read(&db, async |conn| {
        let department = store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("department"))?;
        Reply::show(&DepartmentView::from(department))
    })
    .await
}

/// Change a department
///
/// A JSON merge patch. Another `parentId` moves it with all that is under it: never into itself, and never below the
/// twentieth level. `If-Match` is honoured when sent.
#[utoipa::path(tag = "departments", request_body = DepartmentPatch, security(("bearer" = [DepartmentWrite::NAME])), responses((status = 200, body = DepartmentView), (status = 409, description = "The name or the external key is taken."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/departments/{departmentId}")]
pub(super) async fn change_department(
    who: Allow<DepartmentWrite>,
    db: Data<Db>,
    Path(id): Path<DepartmentId>,
    Body(patch): Body<DepartmentPatch>,
) -> Answer {
    who.write(&db, async |tx| {
        // The tree's lock comes before the row's, as everywhere: two moves wait for each other and do not deadlock.
        let tree = if patch.parent_id.is_absent() { None } else { Some(store::tree_for_change(tx).await?) };
        let before = store::fetch_for_change(tx, id).await?;
        who.expect_version(before.version)?;
        let after = before.clone().change(patch, tx.now())?;
        if let Some(tree) = tree {
            tree.may_place(id, after.parent_id)?;
        }
        store::update(tx, &after).await?;
        let view = DepartmentView::from(after);
        tx.announce(&DEPARTMENT_CHANGED, Some(&before.into()), &view).await?;
        Reply::show(&view)
    })
    .await
}

/// Delete a department
///
/// Refused while others are within it, or members or job roles belong to it.
#[utoipa::path(tag = "departments", security(("bearer" = [DepartmentWrite::NAME])), responses((status = 204, description = "Deleted."), (status = 409, description = "Something belongs to it."), (status = 412, description = "Somebody else changed it.")))]
#[delete("/departments/{departmentId}")]
pub(super) async fn delete_department(
    who: Allow<DepartmentWrite>,
    db: Data<Db>,
    Path(id): Path<DepartmentId>,
) -> Answer {
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, id).await?;
        who.expect_version(before.version)?;
        store::delete(tx, id).await?;
        let before = DepartmentView::from(before);
        let gone = DepartmentView { version: before.version + 1, ..before.clone() };
        tx.announce(&DEPARTMENT_DELETED, Some(&before), &gone).await?;
        Ok(Reply::done())
    })
    .await
}
