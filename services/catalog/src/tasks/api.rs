//! Tasks over HTTP.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use contracts::catalog::{TASK_CHANGED, TASK_CREATED, TASK_DELETED, TASK_RESTORED, TaskView};
use db::{Conn, Db};
use kernel::{Cursor, Page, Problem, TaskId, TenantId};
use serde_json::json;
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::body::{CreateTask, ReorderTasks, TaskPatch, TaskQuery};
use super::model::Task;
use super::steps::{enter, settle, settle_around};
use super::{links, store};
use crate::order;
use crate::owners::{self, Owner, must_exist};
use crate::permissions::{CatalogRead, CatalogWrite};

const COLLECTION: &str = "/catalog/v1/tasks";

/// Make a task
///
/// At the end of its owner's line, unless `sequenceNumber` names a place; then the tasks from there on move up by one.
/// Refused when the owner's tasks would weigh more than 100 together.
#[utoipa::path(tag = "tasks", request_body = CreateTask, security(("bearer" = [CatalogWrite::NAME])), responses((status = 201, body = TaskView), (status = 409, description = "The external key is taken, or the owner is deleted."), (status = 422, description = "A field is not acceptable, or the weights would pass 100.")))]
#[post("/tasks")]
pub(super) async fn create_task(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    owner: Owner,
    Body(command): Body<CreateTask>,
) -> Answer {
    who.write(&db, async |tx| {
        let under = owners::enter(tx, &who, owner, owner.noun()).await?;
        let standing = store::standing(tx, &under, None).await?;
        let task = Task::create(command, &under, standing)?;
        links::check(tx, &under, [&task].into_iter()).await?;
        store::insert(tx, &task).await?;
        if task.sequence_number <= standing.tasks {
            settle_around(tx, &under, task.id, Some(task.sequence_number)).await?;
        }
        let view = TaskView::from(task);
        tx.announce(&TASK_CREATED, None, &view).await?;
        Reply::created(&view, COLLECTION)
    })
    .await
}

/// List tasks
///
/// In the owner's order.
#[utoipa::path(tag = "tasks", params(TaskQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = Page<TaskView>)))]
#[get("/tasks")]
pub(super) async fn list_tasks(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    context: Data<Context>,
    owner: Owner,
    Query(query): Query<TaskQuery>,
) -> Answer {
    who.read(&db, async |conn| {
        owners::may(&who, conn, owner, owner.noun()).await?;
        list(conn, &context, who.tenant, owner, &query).await
    })
    .await
}

/// A page of an owner's tasks.
pub(crate) async fn list(
    conn: &Conn,
    context: &Context,
    tenant: TenantId,
    owner: Owner,
    query: &TaskQuery,
) -> Result<Reply, Problem> {
    let (limit, after) = query.window(context)?;
    let rows = store::page(conn, tenant, owner, query, after, limit).await?;
    if rows.is_empty() {
        must_exist(conn, tenant, owner).await?;
    }
    let key = |row: &Task| vec![json!(row.sequence_number), json!(row.id)];
    let mut page = Cursor::page(rows, limit, &context.config.keys, TaskQuery::LIST, key);
    if query.counts() {
        page.total = Some(store::count(conn, tenant, owner, query).await?);
    }
    Reply::ok(&page.map(TaskView::from))
}

/// Show a task
///
/// Deleted tasks are shown too, with `deletedAt`.
#[utoipa::path(tag = "tasks", security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = TaskView)))]
#[get("/tasks/{taskId}")]
pub(super) async fn show_task(who: Allow<CatalogRead>, db: Data<Db>, Path(id): Path<TaskId>) -> Answer {
    who.read(&db, async |conn| {
        let task = store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("task"))?;
        owners::may(&who, conn, Owner::of(task.owner_kind, task.owner_id), "task").await?;
        Reply::show(&TaskView::from(task))
    })
    .await
}

/// Change a task
///
/// A JSON merge patch: what is left out stays, `null` clears. `If-Match` is required: several people edit tasks at once.
#[utoipa::path(tag = "tasks", request_body = TaskPatch, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = TaskView), (status = 409, description = "The task is deleted, or the external key is taken."), (status = 412, description = "Somebody else changed it."), (status = 428, description = "`If-Match` is missing.")))]
#[patch("/tasks/{taskId}")]
pub(super) async fn change_task(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    Path(id): Path<TaskId>,
    Body(patch): Body<TaskPatch>,
) -> Answer {
    who.write(&db, async |tx| {
        let (under, before) = enter(tx, &who, id, "task").await?;
        let before = before.live()?;
        who.require_version(before.version)?;
        let others = store::standing(tx, &under, Some(id)).await?;
        let after = before.clone().change(patch, &under, others)?;
        links::check(tx, &under, [&after].into_iter()).await?;
        store::update(tx, &after).await?;
        if after.sequence_number != before.sequence_number {
            settle_around(tx, &under, id, Some(after.sequence_number)).await?;
        }
        let view = TaskView::from(after);
        tx.announce(&TASK_CHANGED, Some(&before.into()), &view).await?;
        Reply::show(&view)
    })
    .await
}

/// Delete a task
///
/// It can be restored. The tasks after it move down by one.
#[utoipa::path(tag = "tasks", security(("bearer" = [CatalogWrite::NAME])), responses((status = 204, description = "Deleted."), (status = 412, description = "Somebody else changed it.")))]
#[delete("/tasks/{taskId}")]
pub(super) async fn delete_task(who: Allow<CatalogWrite>, db: Data<Db>, Path(id): Path<TaskId>) -> Answer {
    who.write(&db, async |tx| {
        let (under, before) = enter(tx, &who, id, "task").await?;
        who.expect_version(before.version)?;
        if before.deleted_at.is_none() {
            let after = before.clone().delete(&under);
            store::update(tx, &after).await?;
            settle_around(tx, &under, id, None).await?;
            tx.announce(&TASK_DELETED, Some(&before.into()), &after.into()).await?;
        }
        Ok(Reply::done())
    })
    .await
}

/// Restore a deleted task
///
/// At the end of its owner's line. Refused when its weight no longer fits under 100, or another task has taken its external
/// key.
#[utoipa::path(tag = "tasks", security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = TaskView), (status = 409, description = "Its external key is taken now, or the owner is deleted."), (status = 422, description = "Its weight no longer fits.")))]
#[post("/tasks/{taskId}/restore")]
pub(super) async fn restore_task(who: Allow<CatalogWrite>, db: Data<Db>, Path(id): Path<TaskId>) -> Answer {
    who.write(&db, async |tx| {
        let (under, before) = enter(tx, &who, id, "task").await?;
        who.expect_version(before.version)?;
        if before.deleted_at.is_none() {
            return Reply::show(&TaskView::from(before));
        }
        let others = store::standing(tx, &under, None).await?;
        let after = before.clone().restore(&under, others)?;
        store::update(tx, &after).await?;
        let view = TaskView::from(after);
        tx.announce(&TASK_RESTORED, Some(&before.into()), &view).await?;
        Reply::show(&view)
    })
    .await
}

/// Reorder tasks
///
/// Names every task of the owner that is not deleted; they are numbered 1 to n in that order, all at once.
#[utoipa::path(tag = "tasks", request_body = ReorderTasks, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = Page<TaskView>)))]
#[post("/tasks/reorder")]
pub(super) async fn reorder_tasks(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    owner: Owner,
    Body(ReorderTasks { task_ids }): Body<ReorderTasks>,
) -> Answer {
    who.write(&db, async |tx| {
        let under = owners::enter(tx, &who, owner, owner.noun()).await?;
        let rows = store::line(tx.conn(), under.tenant, owner).await?;
        order::check("/taskIds", &order::ids(&rows), &task_ids)?;
        settle(tx, &under, &rows, &task_ids).await?;
        let items = store::line(tx.conn(), under.tenant, owner).await?;
        Reply::ok(&Page { items, next_cursor: None, total: None }.map(TaskView::from))
    })
    .await
}
