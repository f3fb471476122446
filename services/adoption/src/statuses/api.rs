//! Statuses over HTTP.

use actix_web::web::Data;
use actix_web::{get, patch, post};
use contracts::adoption::{CustomerTaskView, StatusSource, TaskNoteView};
use db::Db;
use kernel::{Cursor, CustomerTaskId, Page, PageQuery, PlanId, Problem};
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::history::{HistoryQuery, StatusChange, StatusChangeView, WriteNote};
use super::model::{Changed, SetStatus, SetStatuses, StatusesView, require_all, require_unretired};
use super::steps::{note, settle};
use super::store;
use crate::access::{self, Thing};
use crate::permissions::{PlanRead, TaskWrite};
use crate::{customer_tasks, customers, plans};

/// Set the status of a customer task
///
/// Any status may follow any other. What a person has set, telemetry does not change; setting `NOT_STARTED` hands the task
/// back to telemetry, whose latest facts then count at once. `If-Match` is honoured when sent.
#[utoipa::path(tag = "customer tasks", request_body = SetStatus, security(("bearer" = [TaskWrite::NAME])), responses((status = 200, body = CustomerTaskView), (status = 409, description = "The task is retired."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/customer-tasks/{customerTaskId}")]
pub(super) async fn set_status(
    who: Allow<TaskWrite>,
    db: Data<Db>,
    Path(id): Path<CustomerTaskId>,
    Body(command): Body<SetStatus>,
) -> Answer {
    let command = command.checked()?;
    who.write(&db, async |tx| {
        access::may(&who, tx, Thing::Task(id)).await?;
        let missing = || Problem::not_found("customer task");
        let plan = plans::fetch_of_task_for_change(tx, id).await?.ok_or_else(missing)?;
        let task = customer_tasks::fetch_for_change(tx, id).await?.ok_or_else(missing)?;
        who.expect_version(task.version)?;
        customers::require_present(tx, tx.tenant(), plan.customer_id).await?;
        require_unretired(&task)?;
        let Some(changed) = Changed::by_person(&task, &command, tx.actor().person(), tx.now()) else {
            return Reply::show(&CustomerTaskView::from(task));
        };
        let view = CustomerTaskView::from(changed.after.clone());
        settle(tx, plan, vec![changed]).await?;
        Reply::show(&view)
    })
    .await
}

/// Set the status of several tasks of a plan
///
/// The same rules as for one, for all of them or none, and the plan's sums are computed once.
#[utoipa::path(tag = "customer tasks", request_body = SetStatuses, security(("bearer" = [TaskWrite::NAME])), responses((status = 200, body = StatusesView)))]
#[post("/plans/{planId}/tasks/bulk-status")]
pub(super) async fn set_statuses(
    who: Allow<TaskWrite>,
    db: Data<Db>,
    Path(id): Path<PlanId>,
    Body(command): Body<SetStatuses>,
) -> Answer {
    let (ids, command) = command.checked()?;
    who.write(&db, async |tx| {
        access::may(&who, tx, Thing::Plan(id)).await?;
        let plan = plans::fetch_for_change(tx, id).await?;
        customers::require_present(tx, tx.tenant(), plan.customer_id).await?;
        let tasks = customer_tasks::fetch_many_for_change(tx, id, &ids).await?;
        require_all(&ids, &tasks)?;
        let (by, now) = (tx.actor().person(), tx.now());
        let (mut views, mut changes) = (Vec::new(), Vec::new());
        for task in tasks {
            let changed = Changed::by_person(&task, &command, by, now);
            views.push(changed.as_ref().map_or(task, |changed| changed.after.clone()).into());
            changes.extend(changed);
        }
        let plan = settle(tx, plan, changes).await?;
        Reply::ok(&StatusesView { plan: plan.into(), tasks: views })
    })
    .await
}

/// Write a note on a customer task
///
/// It is added to the task's history and stays there; the status stays as it is, and so does who has set it.
#[utoipa::path(tag = "customer tasks", request_body = WriteNote, security(("bearer" = [TaskWrite::NAME])), responses((status = 201, body = TaskNoteView)))]
#[post("/customer-tasks/{customerTaskId}/notes")]
pub(super) async fn write_note(
    who: Allow<TaskWrite>,
    db: Data<Db>,
    Path(id): Path<CustomerTaskId>,
    Body(command): Body<WriteNote>,
) -> Answer {
    let text = command.checked()?;
    who.write(&db, async |tx| {
        access::may(&who, tx, Thing::Task(id)).await?;
        let missing = || Problem::not_found("customer task");
        // Under the plan's lock, as all that is done to its tasks.
        let plan = plans::fetch_of_task_for_change(tx, id).await?.ok_or_else(missing)?;
        customers::require_present(tx, tx.tenant(), plan.customer_id).await?;
        let task = customer_tasks::find(tx, tx.tenant(), id).await?.ok_or_else(missing)?;
        let entry = StatusChange::noted(&task, (StatusSource::Manual, tx.actor().person()), text, tx.now());
        let view = entry.note_of(&task);
        note(tx, &[(entry, task)]).await?;
        Ok(Reply::ok(&view)?.with_status(201))
    })
    .await
}

/// Show the history of a customer task
///
/// Each time that its status was set and each note, as it happened, the oldest entry first.
#[utoipa::path(tag = "customer tasks", params(HistoryQuery), security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = Page<StatusChangeView>)))]
#[get("/customer-tasks/{customerTaskId}/history")]
pub(super) async fn list_status_changes(
    who: Allow<PlanRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path(id): Path<CustomerTaskId>,
    Query(query): Query<HistoryQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, "status_changes")?);
    who.read(&db, async |conn| {
        access::may(&who, conn, Thing::Task(id)).await?;
        customer_tasks::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("customer task"))?;
        let rows = store::history(conn, who.tenant, id, after, limit).await?;
        let mut page =
            Cursor::page(rows, limit, &context.config.keys, "status_changes", |row| vec![row.id.to_string().into()]);
        if query.count == Some(true) {
            page.total = Some(store::count(conn, who.tenant, id).await?);
        }
        Reply::ok(&page.map(StatusChangeView::from))
    })
    .await
}
