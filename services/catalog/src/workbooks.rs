//! A product or a solution as a workbook: all that hangs on it, at one moment.

use db::{Conn, Json};
use kernel::{Problem, TaskId, TenantId};
use uuid::Uuid;
use workbook::{BundledProduct, Info, Resource, Workbook};

use crate::owners::{Owner, OwnerKind};
use crate::{attributes, parts, products, solution_tasks, solutions, tasks};

impl From<OwnerKind> for workbook::OwnerKind {
    fn from(kind: OwnerKind) -> Self {
        match kind {
            OwnerKind::Product => Self::Product,
            OwnerKind::Solution => Self::Solution,
        }
    }
}

impl From<workbook::OwnerKind> for OwnerKind {
    fn from(kind: workbook::OwnerKind) -> Self {
        match kind {
            workbook::OwnerKind::Product => Self::Product,
            workbook::OwnerKind::Solution => Self::Solution,
        }
    }
}

/// The workbook of an owner: some ten statements, however much there is.
///
/// # Errors
/// 404 when there is no such owner.
pub(crate) async fn read(conn: &Conn, tenant: TenantId, owner: Owner) -> Result<Workbook, Problem> {
    let mut workbook = Workbook { kind: owner.kind().into(), ..Workbook::default() };
    let missing = || Problem::not_found(owner.noun());
    let (name, description, external_key, resources) = match owner {
        Owner::Product(id) => {
            let row = products::store::find(conn, tenant, id).await?.ok_or_else(missing)?;
            (row.name, row.description, row.external_key, row.resources)
        }
        Owner::Solution(id) => {
            let row = solutions::store::find(conn, tenant, id).await?.ok_or_else(missing)?;
            let products = products::of_solution(conn, tenant, id).await?;
            let bundled = (1..).zip(products).map(|(order, product)| BundledProduct {
                id: Some(product.id),
                name: product.name,
                order: Some(order),
                description: product.description,
            });
            workbook.products = Some(bundled.collect());
            workbook.task_order = Some(solution_tasks::placed(conn, tenant, id).await?.into_iter().collect());
            (row.name, row.description, row.external_key, row.resources)
        }
    };
    let Json(resources) = resources;
    let resources = resources.into_iter().map(|resource| Resource { label: resource.label, url: resource.url });
    workbook.resources = Some(resources.collect());
    workbook.info = Some([Info { id: Some(owner.id()), name, description, external_key }].into_iter().collect());
    let names = parts::sheets::read(conn, tenant, owner, &mut workbook).await?;
    let tasks = tasks::sheets::read(conn, tenant, owner, &names).await?;
    workbook.telemetry = Some(attributes::sheets::read(conn, tenant, owner, &tasks).await?.into_iter().collect());
    workbook.tasks = Some(tasks.into_iter().collect());
    Ok(workbook)
}

/// Adds to a workbook those of `ids` that are deleted tasks of its owner, with their telemetry attributes: they can come back.
/// Answers with their ids.
pub(crate) async fn recall(
    conn: &Conn,
    tenant: TenantId,
    owner: Owner,
    workbook: &mut Workbook,
    ids: &[Uuid],
) -> Result<Vec<Uuid>, Problem> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let names = parts::sheets::names(conn, tenant, owner).await?;
    let ids: Vec<TaskId> = ids.iter().copied().map(TaskId::from).collect();
    let deleted = tasks::sheets::read_deleted(conn, tenant, owner, &ids, &names).await?;
    let attributes = attributes::sheets::read_deleted(conn, tenant, &deleted).await?;
    let ids = deleted.iter().filter_map(|task| task.id).map(Uuid::from).collect();
    workbook.telemetry.get_or_insert_default().extend(attributes);
    workbook.tasks.get_or_insert_default().extend(deleted);
    Ok(ids)
}
