//! The tasks of a solution in one order: its own and those of its products, interleaved as somebody has put them.
//!
//! Only what was put is kept. Tasks come and go with their owners; those that the order does not name stand behind those it
//! does, the solution's own first, then each product's in the bundle's order.

use std::collections::HashMap;

use actix_web::web::Data;
use actix_web::{get, put};
use contracts::catalog::{LicenseLevel, SOLUTION_TASKS_ORDERED, TaskOrderView};
use db::{Conn, Db, Tx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Check, Cursor, Hundredths, Page, PageQuery, Problem, ProductId, SolutionId, TaskId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use web::{Allow, Answer, Body, Context, Path, Query, Reply};
use workbook::{Change, Item, TaskPlace};

use crate::order;
use crate::owners::{Owner, OwnerKind, Under, enter, may};
use crate::permissions::{CatalogRead, CatalogWrite};
use crate::schema::{solution_task_orders, solutions, tasks};

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(show_task_order).service(order_solution_tasks);
}

/// The most tasks that are put into one order: an event carries all of them.
const MOST_TASKS: usize = 5_000;

/// A row of `solution_task_orders`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = solution_task_orders, check_for_backend(diesel::pg::Pg))]
pub(crate) struct TaskOrder {
    tenant_id: TenantId,
    solution_id: SolutionId,
    version: i64,
    revision: i64,
    task_ids: Vec<TaskId>,
    updated_at: Timestamp,
}

/// A task at its place among all tasks of a solution.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct SolutionTaskView {
    /// Its place, from 1.
    sequence_number: usize,
    /// The task.
    task_id: TaskId,
    /// What is to be done.
    name: String,
    /// Whose it is: the solution's own, or one of its products'.
    source_type: OwnerKind,
    /// The product that it comes from; null when it is the solution's own.
    product_id: Option<ProductId>,
    /// Percent of its owner's whole.
    weight: Hundredths,
    /// The licence level that includes it.
    license_level: LicenseLevel,
}

/// A task as this list needs it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = tasks, check_for_backend(diesel::pg::Pg))]
struct Step {
    id: TaskId,
    owner_kind: OwnerKind,
    owner_id: Uuid,
    name: String,
    weight: Hundredths,
    license_level: LicenseLevel,
}

/// Which rows.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StepQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// The new order.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OrderSolutionTasks {
    /// Every live task of the solution and of its products that are not deleted, once; up to 5,000.
    task_ids: Vec<TaskId>,
}

/// List all tasks of a solution
///
/// Its own and those of its products that are not deleted, in one order.
#[utoipa::path(tag = "solutions", params(StepQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = Page<SolutionTaskView>)))]
#[get("/solutions/{solutionId}/task-order")]
async fn show_task_order(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path(id): Path<SolutionId>,
    Query(query): Query<StepQuery>,
) -> Answer {
    let list = format!("solution {id} tasks");
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, &list)?);
    who.read(&db, async |conn| {
        may(&who, conn, id.into(), "solution").await?;
        let steps = steps(conn, who.tenant, id).await?;
        let order = find(conn, who.tenant, id).await?.map(|order| order.task_ids).unwrap_or_default();
        let after = after.and_then(|after| after.key::<usize>(0)).unwrap_or(0);
        let page = in_order(steps, &order).into_iter().skip(after).take(usize::try_from(limit + 1).unwrap_or(1));
        let key = |step: &SolutionTaskView| vec![json!(step.sequence_number)];
        Reply::ok(&Cursor::page(page.collect(), limit, &context.config.keys, &list, key))
    })
    .await
}

/// Put all tasks of a solution into one order
///
/// The whole list. The order that the tasks have within their own product stays as it is.
#[utoipa::path(tag = "solutions", request_body = OrderSolutionTasks, security(("bearer" = [CatalogWrite::NAME])), responses((status = 200, body = TaskOrderView), (status = 409, description = "The solution is deleted.")))]
#[put("/solutions/{solutionId}/task-order")]
async fn order_solution_tasks(
    who: Allow<CatalogWrite>,
    db: Data<Db>,
    Path(id): Path<SolutionId>,
    Body(OrderSolutionTasks { task_ids }): Body<OrderSolutionTasks>,
) -> Answer {
    let mut check = Check::new();
    check.that(task_ids.len() <= MOST_TASKS, "/taskIds", "TOO_MANY", || format!("give {MOST_TASKS} at most"));
    check.finish()?;
    who.write(&db, async |tx| {
        let under = enter(tx, &who, id.into(), "solution").await?;
        let line: Vec<TaskId> = steps(tx, under.tenant, id).await?.iter().map(|step| step.id).collect();
        order::check("/taskIds", &line, &task_ids)?;
        Reply::show(&put(tx, &under, id, task_ids).await?)
    })
    .await
}

/// The tasks of a solution that somebody has put in their places, as rows of a workbook.
pub(crate) async fn placed(conn: &Conn, tenant: TenantId, id: SolutionId) -> Result<Vec<TaskPlace>, Problem> {
    let Some(TaskOrder { task_ids, .. }) = find(conn, tenant, id).await? else { return Ok(Vec::new()) };
    let names = steps(conn, tenant, id).await?.into_iter().map(|step| (step.id, step.name));
    let mut names: HashMap<TaskId, String> = names.collect();
    let there = task_ids.into_iter().filter_map(|id| Some((id, names.remove(&id)?)));
    Ok((1..).zip(there).map(|(order, (id, name))| TaskPlace { id: Some(id), name, order: Some(order) }).collect())
}

/// Does what an import says of the order.
pub(crate) async fn import(tx: &mut Tx, under: &Under, changes: Vec<Change>) -> Result<(), Problem> {
    if changes.is_empty() {
        return Ok(());
    }
    let id = SolutionId(under.owner.id());
    let placed = placed(tx, under.tenant, id).await?;
    let mut others: Vec<TaskId> = placed.into_iter().filter_map(|place| place.id).collect();
    let mut wanted = Vec::new();
    for Change { before, after, .. } in changes {
        let place = |item: Option<Item>| item.map(TaskPlace::try_from).transpose().map_err(Problem::internal);
        let (before, after) = (place(before)?, place(after)?);
        let Some(id) = after.as_ref().or(before.as_ref()).and_then(|place| place.id) else { continue };
        others.retain(|other| *other != id);
        if let Some(TaskPlace { order, .. }) = after {
            wanted.push((order.unwrap_or(i32::MAX), id));
        }
    }
    put(tx, under, id, order::placed(&others, wanted)).await.map(drop)
}

/// Makes the order what it was before a change set.
pub(crate) async fn undo(tx: &mut Tx, under: &Under, task_ids: Vec<TaskId>) -> Result<(), Problem> {
    put(tx, under, SolutionId(under.owner.id()), task_ids).await.map(|_| ())
}

/// The tasks as they were put, then the others as they come.
fn in_order(steps: Vec<Step>, order: &[TaskId]) -> Vec<SolutionTaskView> {
    let places: HashMap<TaskId, usize> = order.iter().copied().zip(0..).collect();
    let mut steps: Vec<(usize, Step)> =
        steps.into_iter().map(|step| (places.get(&step.id).copied().unwrap_or(usize::MAX), step)).collect();
    // Stable: what the order does not name stays as it came.
    steps.sort_by_key(|(place, _)| *place);
    let view = |(sequence_number, (_, step)): (usize, (usize, Step))| {
        let Step { id, owner_kind, owner_id, name, weight, license_level } = step;
        let (product_id, _) = Owner::of(owner_kind, owner_id).ids();
        SolutionTaskView {
            sequence_number,
            task_id: id,
            name,
            source_type: owner_kind,
            product_id,
            weight,
            license_level,
        }
    };
    (1..).zip(steps).map(view).collect()
}

/// The live tasks of a solution and its products: its own first, then each product's in the bundle's order.
async fn steps(mut conn: &Conn, tenant: TenantId, id: SolutionId) -> Result<Vec<Step>, Problem> {
    let bundle = solutions::table.find((tenant, id)).select(solutions::product_ids);
    let bundle: Option<Vec<ProductId>> = bundle.first(&mut conn).await.optional()?;
    let bundle = bundle.ok_or_else(|| Problem::not_found("solution"))?;
    let live = crate::products::live_among(conn, tenant, &bundle).await?;
    let owners = std::iter::once(id.0).chain(bundle.iter().filter(|id| live.contains(id)).map(|id| id.0));
    let places: HashMap<Uuid, usize> = owners.zip(0..).collect();
    let rows = tasks::table.filter(tasks::tenant_id.eq(tenant)).filter(tasks::owner_id.eq_any(places.keys()));
    let rows = rows.filter(tasks::deleted_at.is_null()).order((tasks::owner_id, tasks::sequence_number));
    let mut steps: Vec<Step> = rows.select(Step::as_select()).load(&mut conn).await?;
    steps.sort_by_key(|step| places.get(&step.owner_id).copied());
    Ok(steps)
}

pub(crate) async fn find(mut conn: &Conn, tenant: TenantId, id: SolutionId) -> Result<Option<TaskOrder>, Problem> {
    let row = solution_task_orders::table.find((tenant, id)).select(TaskOrder::as_select());
    Ok(row.first(&mut conn).await.optional()?)
}

async fn put(
    tx: &mut Tx,
    under: &Under,
    solution_id: SolutionId,
    task_ids: Vec<TaskId>,
) -> Result<TaskOrderView, Problem> {
    let before = find(tx, under.tenant, solution_id).await?;
    let after = TaskOrder {
        tenant_id: under.tenant,
        solution_id,
        version: before.as_ref().map_or(0, |order| order.version) + 1,
        revision: under.revision,
        task_ids,
        updated_at: under.now,
    };
    let insert = diesel::insert_into(solution_task_orders::table).values(&after);
    let key = (solution_task_orders::tenant_id, solution_task_orders::solution_id);
    insert.on_conflict(key).do_update().set(&after).execute(&mut tx.conn()).await?;
    let view = TaskOrderView::from(after);
    tx.announce(&SOLUTION_TASKS_ORDERED, before.map(TaskOrderView::from).as_ref(), &view).await?;
    Ok(view)
}

impl From<TaskOrder> for TaskOrderView {
    fn from(row: TaskOrder) -> Self {
        let TaskOrder { tenant_id: _, solution_id, version, revision, task_ids, updated_at: _ } = row;
        Self { id: solution_id, solution_id, version, revision, task_ids }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_comes_first_and_the_rest_as_it_came() {
        let ids: Vec<TaskId> = (0..4).map(|_| TaskId::fresh()).collect();
        let step = |id: &TaskId| Step {
            id: *id,
            owner_kind: OwnerKind::Product,
            owner_id: Uuid::nil(),
            name: String::new(),
            weight: Hundredths::ZERO,
            license_level: LicenseLevel::Essential,
        };
        let order = [ids[2], TaskId::fresh(), ids[0]];
        let line = in_order(ids.iter().map(step).collect(), &order);
        assert_eq!(line.iter().map(|step| step.task_id).collect::<Vec<_>>(), [ids[2], ids[0], ids[1], ids[3]]);
        assert_eq!(line.iter().map(|step| step.sequence_number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    }
}
