//! Taking a change set back: by the rules of single commands, in one transaction, under the owner's lock.

use contracts::catalog::{AttributeView, ProductView, SolutionView, TaskOrderView, TaskView};
use db::{Conn, Tx};
use kernel::{AttributeId, Problem, TaskId};
use serde_json::Value;

use super::model::{ChangeSet, EntityType, Fields};
use super::store;
use super::undo::{OVERLAPPED, Overlaps, REFUSED, REVERTED, Undo, Undos, command};
use crate::later::FEW_CHANGES;
use crate::owners::{self, Authority, Owner, Under, denied};
use crate::permissions::CatalogAdmin;
use crate::statements::AT_ONCE;
use crate::tasks::{self, links};
use crate::{attributes, parts, products, solution_tasks, solutions};

/// Items that are read at once.
const MANY: i64 = 1_000;

/// Whether the caller should not wait for it.
pub(super) async fn takes_long(conn: &Conn, set: &ChangeSet) -> Result<bool, Problem> {
    let has_few = usize::try_from(set.items).is_ok_and(|items| items <= FEW_CHANGES);
    Ok(!has_few && deletes_owner(conn, set).await?.is_none())
}

/// Makes everything that a change set changed what it was.
///
/// # Errors
/// 409 when something has changed since, naming it, or a rule stands against it; what single commands refuse.
pub(super) async fn revert(tx: &mut Tx, authority: &Authority, set: &ChangeSet) -> Result<(), Problem> {
    undo(tx, authority, set).await.map_err(|problem| {
        if problem.kind().status != 422 {
            return problem;
        }
        // The caller has sent no field that could be mended.
        let refused = REFUSED.detail(problem.text().to_owned());
        problem.errors().iter().fold(refused, |refused, error| refused.at(&error.pointer, "REFUSED", &error.detail))
    })
}

async fn undo(tx: &mut Tx, authority: &Authority, set: &ChangeSet) -> Result<(), Problem> {
    if let Some(deletes) = deletes_owner(tx, set).await? {
        return keep_or_delete(tx, authority, set, deletes).await;
    }
    let owner = set.owner();
    let under = owners::raise(tx, owner, "change set").await?;
    let mut undos = undos(tx, set).await?;
    against_now(tx, &under, &mut undos).await?;
    parts::undo::undo(tx, &under, &mut undos).await?;
    tasks::undo(tx, &under, undos.take(EntityType::Task)).await?;
    attributes::undo(tx, &under, undos.take(EntityType::TelemetryAttribute)).await?;
    for (_, undo) in undos.take(EntityType::SolutionTaskOrder) {
        solution_tasks::undo(tx, &under, ids(undo, "taskIds")?).await?;
    }
    for (_, undo) in undos.take(EntityType::Product).into_iter().chain(undos.take(EntityType::Solution)) {
        if let Undo::PutBack(before, _) = undo {
            own_fields(tx, authority, owner, before).await?;
        }
    }
    Ok(())
}

/// Whether taking it back deletes its owner, whatever else the change set did, or brings it back; none when it does neither.
async fn deletes_owner(conn: &Conn, set: &ChangeSet) -> Result<Option<bool>, Problem> {
    let owner = set.owner();
    Ok(Undos::of(store::items_of(conn, set, owner.id()).await?).deletes(owner))
}

/// What taking a change set back does. Its items are read some at a time.
async fn undos(conn: &Conn, set: &ChangeSet) -> Result<Undos, Problem> {
    let mut undos = Undos::default();
    let mut last = 0;
    loop {
        let some = store::items(conn, set.tenant_id, set.id, last, MANY).await?;
        let Some(item) = some.last() else { break };
        last = item.position;
        undos.add(some);
    }
    undos.leave_what_moves();
    Ok(undos)
}

/// Leaves what is to be done, as things stand now.
///
/// # Errors
/// 409 naming each field that has changed since; 409 when nothing is left to be done.
async fn against_now(tx: &mut Tx, under: &Under, undos: &mut Undos) -> Result<(), Problem> {
    let mut overlaps = Overlaps::default();
    parts::undo::against_now(tx, under, undos, &mut overlaps).await?;
    for ids in undos.ids(EntityType::Task).chunks(AT_ONCE) {
        let named: Vec<TaskId> = ids.iter().copied().map(TaskId).collect();
        let rows = tasks::store::named(tx, under.tenant, &named).await?;
        undos.against(EntityType::Task, ids, rows.into_iter().map(TaskView::from), &mut overlaps)?;
    }
    for ids in undos.ids(EntityType::TelemetryAttribute).chunks(AT_ONCE) {
        let named: Vec<AttributeId> = ids.iter().copied().map(AttributeId).collect();
        let rows = attributes::store::named(tx, under.tenant, &named).await?;
        let views = rows.into_iter().map(AttributeView::from);
        undos.against(EntityType::TelemetryAttribute, ids, views, &mut overlaps)?;
    }
    let own = [under.owner.id()];
    match under.owner {
        Owner::Product(id) => {
            let row = products::store::find(tx, under.tenant, id).await?;
            undos.against(EntityType::Product, &own, row.map(ProductView::from), &mut overlaps)?;
        }
        Owner::Solution(id) => {
            let row = solutions::store::find(tx, under.tenant, id).await?;
            undos.against(EntityType::Solution, &own, row.map(SolutionView::from), &mut overlaps)?;
            let order = solution_tasks::find(tx, under.tenant, id).await?;
            undos.against(EntityType::SolutionTaskOrder, &own, order.map(TaskOrderView::from), &mut overlaps)?;
        }
    }
    against_what_hangs(tx, under, undos, &mut overlaps).await?;
    overlaps.finish()?;
    if undos.is_empty() { Err(REVERTED.detail("Nothing of it is left to be taken back.")) } else { Ok(()) }
}

/// What was made goes with all that hangs on it: nothing may that came by a later change.
async fn against_what_hangs(tx: &mut Tx, under: &Under, undos: &Undos, overlaps: &mut Overlaps) -> Result<(), Problem> {
    let naming = links::outcomes::naming(tx, under, &undos.made(EntityType::Outcome)).await?;
    undos.let_go(naming, "outcomeIds", overlaps);
    let naming = links::releases::naming(tx, under, &undos.made(EntityType::Release)).await?;
    undos.let_go(naming, "releaseIds", overlaps);
    let naming = links::tags::naming(tx, under, &undos.made(EntityType::Tag)).await?;
    undos.let_go(naming, "tagIds", overlaps);
    let attributes = attributes::store::of_tasks(tx, under.tenant, &undos.made(EntityType::Task)).await?;
    undos.go_with_tasks(attributes.into_iter().map(|row| row.id), overlaps);
    Ok(())
}

/// Deletes an owner that the change set made or restored, or restores one that it deleted.
async fn keep_or_delete(tx: &mut Tx, authority: &Authority, set: &ChangeSet, deletes: bool) -> Result<(), Problem> {
    let owner = set.owner();
    if !authority.administers(owner) {
        return Err(denied(CatalogAdmin::NAME));
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
async fn own_fields(tx: &mut Tx, authority: &Authority, owner: Owner, mut before: Fields) -> Result<(), Problem> {
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
                solutions::assign(tx, authority, row, bundle).await?;
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
