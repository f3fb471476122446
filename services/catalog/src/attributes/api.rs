//! Telemetry attributes over HTTP.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use contracts::catalog::{
    AttributeView, TELEMETRY_ATTRIBUTE_CHANGED, TELEMETRY_ATTRIBUTE_CREATED, TELEMETRY_ATTRIBUTE_DELETED,
};
use db::{Db, Tx};
use kernel::{AttributeId, Cursor, Page, Problem, TaskId};
use serde_json::json;
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::model::{Attribute, AttributePatch, CreateAttribute};
use super::store;
use crate::lists::ListQuery;
use crate::owners::Under;
use crate::permissions::{CatalogRead, CatalogWrite};
use crate::tasks;
use crate::tasks::model::Task;

const NOUN: &str = "telemetry attribute";
const COLLECTION: &str = "/catalog/v1/telemetry-attributes";

/// Make a telemetry attribute
///
/// The criterion is kept and returned in its canonical form. The task gets a new version with it.
#[utoipa::path(tag = "telemetry-attributes", request_body = CreateAttribute, security(("bearer" = [CatalogWrite::NAME])), responses((status = 201, body = AttributeView), (status = 409, description = "The name or the external key is taken, or the task is deleted.")))]
#[post("/tasks/{taskId}/telemetry-attributes")]
pub(super) async fn create_attribute(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    Path(task): Path<TaskId>,
    Body(command): Body<CreateAttribute>,
) -> Answer {
    who.write(&db, async |tx| {
        let (under, task) = tasks::enter(tx, &who, task, "task").await?;
        let task = task.live()?;
        let place = store::next_place(tx, task.id).await?;
        let attribute = Attribute::create(command, tx.tenant(), task.id, place, tx.now())?;
        store::insert(tx, &attribute).await?;
        tasks::touch(tx, &under, task).await?;
        let view = AttributeView::from(attribute);
        tx.announce(&TELEMETRY_ATTRIBUTE_CREATED, None, &view).await?;
        Reply::created(&view, COLLECTION)
    })
    .await
}

/// List the telemetry attributes of a task
///
/// In the task's order.
#[utoipa::path(tag = "telemetry-attributes", params(ListQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = Page<AttributeView>)))]
#[get("/tasks/{taskId}/telemetry-attributes")]
pub(super) async fn list_telemetry_attributes(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path(task): Path<TaskId>,
    Query(query): Query<ListQuery>,
) -> Answer {
    let (limit, after) = query.window(&context, COLLECTION)?;
    who.read(&db, async |conn| {
        tasks::may_see(&who, conn, task, "task").await?;
        let rows = store::page(conn, who.tenant, task, &query, after, limit).await?;
        if rows.is_empty() {
            tasks::store::find(conn, who.tenant, task).await?.ok_or_else(|| Problem::not_found("task"))?;
        }
        let key = |row: &Attribute| vec![json!(row.display_order), json!(row.id)];
        let mut page = Cursor::page(rows, limit, &context.config.keys, COLLECTION, key);
        if query.counts() {
            page.total = Some(store::count(conn, who.tenant, task, &query).await?);
        }
        Reply::ok(&page.map(AttributeView::from))
    })
    .await
}

/// Show a telemetry attribute
///
/// With its type and the criterion that its values are held against.
#[utoipa::path(tag = "telemetry-attributes", security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = AttributeView)))]
#[get("/telemetry-attributes/{attributeId}")]
pub(super) async fn show_attribute(who: Allow<CatalogRead>, db: Data<Db>, Path(id): Path<AttributeId>) -> Answer {
    who.read(&db, async |conn| {
        let attribute = store::find(conn, who.tenant, id).await?.ok_or_else(missing)?;
        tasks::may_see(&who, conn, attribute.task_id, NOUN).await?;
        Reply::show(&AttributeView::from(attribute))
    })
    .await
}

/// Change a telemetry attribute
///
/// A JSON merge patch: what is left out stays, `null` clears. Another `dataType` must fit the criterion.
/// `If-Match` is honoured when sent.
#[utoipa::path(tag = "telemetry-attributes", request_body = AttributePatch, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = AttributeView), (status = 409, description = "The name or the external key is taken, or the task is deleted."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/telemetry-attributes/{attributeId}")]
pub(super) async fn change_attribute(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    Path(id): Path<AttributeId>,
    Body(patch): Body<AttributePatch>,
) -> Answer {
    who.write(&db, async |tx| {
        let (under, task, before) = enter(tx, &who, id).await?;
        who.expect_version(before.version)?;
        let after = before.clone().change(patch, tx.now())?;
        store::update(tx, &after).await?;
        tasks::touch(tx, &under, task).await?;
        let view = AttributeView::from(after);
        tx.announce(&TELEMETRY_ATTRIBUTE_CHANGED, Some(&before.into()), &view).await?;
        Reply::show(&view)
    })
    .await
}

/// Delete a telemetry attribute
///
/// For good. Plans that have a copy of it keep it until they are synchronised.
#[utoipa::path(tag = "telemetry-attributes", security(("bearer" = [CatalogWrite::NAME])), responses((status = 204, description = "Deleted."), (status = 409, description = "The task is deleted.")))]
#[delete("/telemetry-attributes/{attributeId}")]
pub(super) async fn delete_attribute(who: Allow<CatalogWrite>, db: Data<Db>, Path(id): Path<AttributeId>) -> Answer {
    who.write(&db, async |tx| {
        let (under, task, before) = enter(tx, &who, id).await?;
        who.expect_version(before.version)?;
        store::delete(tx, &before).await?;
        tasks::touch(tx, &under, task).await?;
        let last = before.clone().touched(tx.now());
        tx.announce(&TELEMETRY_ATTRIBUTE_DELETED, Some(&before.into()), &last.into()).await?;
        Ok(Reply::done())
    })
    .await
}

/// The attribute and its task, under the lock of the task's owner.
async fn enter(tx: &mut Tx, who: &Allow<CatalogWrite>, id: AttributeId) -> Result<(Under, Task, Attribute), Problem> {
    let named = store::find(tx.conn(), tx.tenant(), id).await?.ok_or_else(missing)?;
    let (under, task) = tasks::enter(tx, who, named.task_id, NOUN).await?;
    let attribute = store::find(tx.conn(), tx.tenant(), id).await?.ok_or_else(missing)?;
    Ok((under, task.live()?, attribute))
}

fn missing() -> Problem {
    Problem::not_found(NOUN)
}
