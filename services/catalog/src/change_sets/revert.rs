//! Taking a change set back: by the rules of single commands, in one transaction, under the owner's lock.

use contracts::catalog::{ProductView, SolutionView, TaskOrderView};
use db::Tx;
use kernel::problem::PERMISSION_DENIED;
use kernel::{Problem, TaskId};
use serde_json::Value;
use web::Allow;

use super::model::{ChangeSet, EntityType, Fields};
use super::store;
use super::undo::{OVERLAPPED, States, TOO_LARGE, Undo, Undos, command};
use crate::owners::{self, Owner, Under};
use crate::permissions::{CatalogAdmin, CatalogWrite};
use crate::{attributes, parts, products, solution_tasks, solutions, tasks};

/// More items than these are not taken back while the caller waits.
const MOST_ITEMS: i64 = 5_000;

/// Makes everything that a change set changed what it was.
///
/// # Errors
/// 409 when something has changed since, naming it; what single commands refuse.
pub(super) async fn revert(tx: &mut Tx, who: &Allow<CatalogWrite>, set: &ChangeSet) -> Result<(), Problem> {
    if i64::from(set.items) > MOST_ITEMS {
        let (items, how) = (set.items, "import a workbook of the state before instead");
        return Err(
            TOO_LARGE.detail(format!("It has {items} items and {MOST_ITEMS} can be taken back at once; {how}."))
        );
    }
    let owner = set.owner();
    let mut undos = Undos::of(store::items(tx, set.tenant_id, set.id, None, MOST_ITEMS).await?);
    if let Some(deletes) = undos.deletes(owner) {
        return keep_or_delete(tx, who, set, deletes).await;
    }
    let under = owners::enter(tx, who, owner, "change set").await?;
    undos.against(&states(tx, &under, &undos).await?)?;
    parts::undo::undo(tx, &under, &mut undos).await?;
    tasks::undo(tx, &under, undos.take(EntityType::Task)).await?;
    attributes::undo(tx, &under, undos.take(EntityType::TelemetryAttribute)).await?;
    for (_, undo) in undos.take(EntityType::SolutionTaskOrder) {
        solution_tasks::undo(tx, &under, ids(undo, "taskIds")?).await?;
    }
    for (_, undo) in undos.take(EntityType::Product).into_iter().chain(undos.take(EntityType::Solution)) {
        if let Undo::PutBack(before, _) = undo {
            own_fields(tx, who, owner, before).await?;
        }
    }
    Ok(())
}

/// What the change set was about, as it is now.
async fn states(tx: &mut Tx, under: &Under, undos: &Undos) -> Result<States, Problem> {
    let mut now = States::default();
    parts::undo::states(tx, under, &mut now).await?;
    let tasks = tasks::store::named(tx, under.tenant, &undos.ids::<TaskId>(EntityType::Task)).await?;
    now.add(EntityType::Task, tasks.into_iter().map(contracts::catalog::TaskView::from))?;
    let attributes = attributes::store::named(tx, under.tenant, &undos.ids(EntityType::TelemetryAttribute)).await?;
    now.add(EntityType::TelemetryAttribute, attributes.into_iter().map(contracts::catalog::AttributeView::from))?;
    match under.owner {
        Owner::Product(id) => {
            let row = products::store::find(tx, under.tenant, id).await?;
            now.add(EntityType::Product, row.map(ProductView::from))?;
        }
        Owner::Solution(id) => {
            let row = solutions::store::find(tx, under.tenant, id).await?;
            now.add(EntityType::Solution, row.map(SolutionView::from))?;
            let order = solution_tasks::find(tx, under.tenant, id).await?;
            now.add(EntityType::SolutionTaskOrder, order.map(TaskOrderView::from))?;
        }
    }
    Ok(now)
}

/// Deletes an owner that the change set made or restored, or restores one that it deleted.
async fn keep_or_delete(tx: &mut Tx, who: &Allow<CatalogWrite>, set: &ChangeSet, deletes: bool) -> Result<(), Problem> {
    let owner = set.owner();
    if !owners::scope(who, tx, owner.kind(), CatalogAdmin::NAME).await?.includes(owner.id()) {
        return Err(PERMISSION_DENIED.detail(format!("This needs the permission {} here.", CatalogAdmin::NAME)));
    }
    owners::hold(tx, owner).await?;
    if store::is_followed(tx, owner, set.id).await? {
        let noun = owner.noun();
        return Err(OVERLAPPED.detail(format!("The {noun}, or something under it, has changed since.")));
    }
    match owner {
        Owner::Product(id) => products::set_deleted(tx, id, deletes).await,
        Owner::Solution(id) => solutions::set_deleted(tx, id, deletes).await,
    }
}

/// Puts back what an owner says about itself.
async fn own_fields(tx: &mut Tx, who: &Allow<CatalogWrite>, owner: Owner, mut before: Fields) -> Result<(), Problem> {
    let missing = || Problem::not_found(owner.noun());
    match owner {
        Owner::Product(id) => {
            let row = products::store::find(tx, tx.tenant(), id).await?.ok_or_else(missing)?;
            products::import(tx, row, command(before, &[])?).await?;
        }
        Owner::Solution(id) => {
            let mut row = solutions::store::find(tx, tx.tenant(), id).await?.ok_or_else(missing)?;
            let bundle = before.remove("productIds");
            if !before.is_empty() {
                row = solutions::import(tx, row, command(before, &[])?).await?;
            }
            if let Some(bundle) = bundle {
                let bundle: Vec<_> = serde_json::from_value(bundle).map_err(Problem::internal)?;
                let known = solutions::known(tx, who, &row, &bundle).await?;
                solutions::assign(tx, row, bundle, &known).await?;
            }
        }
    }
    Ok(())
}

/// The ids that a field held before; none when there was none.
fn ids(undo: Undo, field: &str) -> Result<Vec<TaskId>, Problem> {
    match undo {
        Undo::PutBack(mut before, _) => match before.remove(field).unwrap_or_default() {
            Value::Null => Ok(Vec::new()),
            ids => serde_json::from_value(ids).map_err(Problem::internal),
        },
        Undo::Remove(_) | Undo::BringBack(_) => Ok(Vec::new()),
    }
}
