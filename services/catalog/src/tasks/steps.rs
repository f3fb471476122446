//! Steps that several commands take inside their transaction.

use contracts::catalog::{TASK_CHANGED, TASK_REORDERED, TaskView};
use db::{Conn, Tx};
use kernel::{Problem, TaskId};
use web::Allow;

use super::model::Task;
use super::store;
use crate::order;
use crate::owners::{self, Under};
use crate::permissions::{CatalogRead, CatalogWrite};

/// The task, deleted or not, under the lock of its owner. `noun` is what was asked for.
pub(crate) async fn enter(
    tx: &mut Tx,
    who: &Allow<CatalogWrite>,
    id: TaskId,
    noun: &'static str,
) -> Result<(Under, Task), Problem> {
    let missing = || Problem::not_found(noun);
    let owner = store::owner_of(tx.conn(), tx.tenant(), id).await?.ok_or_else(missing)?;
    let under = owners::enter(tx, who, owner, noun).await?;
    let task = store::find(tx.conn(), tx.tenant(), id).await?.ok_or_else(missing)?;
    Ok((under, task))
}

/// Refuses a caller who may not see a task: 404 with the noun of what they asked for.
pub(crate) async fn may_see(
    who: &Allow<CatalogRead>,
    conn: &Conn,
    id: TaskId,
    noun: &'static str,
) -> Result<(), Problem> {
    if who.holds_wholly() {
        return Ok(());
    }
    let owner = store::owner_of(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found(noun))?;
    owners::may(who, conn, owner, noun).await
}

/// Raises a task's version because something that belongs to it changed.
pub(crate) async fn touch(tx: &mut Tx, under: &Under, before: Task) -> Result<(), Problem> {
    let after = before.clone().touched(under);
    store::update(tx, &after).await?;
    tx.announce(&TASK_CHANGED, Some(&before.into()), &after.into()).await
}

/// Makes room at `place` for a task, or closes the gap it left when it has no place any more: the owner's other live
/// tasks are numbered around it.
pub(super) async fn settle_around(tx: &mut Tx, under: &Under, id: TaskId, place: Option<i32>) -> Result<(), Problem> {
    let mut others = store::line(tx.conn(), under.tenant, under.owner).await?;
    others.retain(|task| task.id != id);
    let ids = order::ids(&others);
    let order = place.map_or_else(|| ids.clone(), |place| order::with(&ids, id, place));
    settle(tx, under, &others, &order).await
}

/// Gives tasks the places they have in `order`.
pub(super) async fn settle(tx: &mut Tx, under: &Under, tasks: &[Task], order: &[TaskId]) -> Result<(), Problem> {
    let moves = order::moves(tasks, order, under);
    let moved: Vec<TaskId> = moves.iter().map(|(_, after)| after.id).collect();
    store::renumber(tx, under, &moved, order).await?;
    let views: Vec<(TaskView, TaskView)> = moves.into_iter().map(|(old, new)| (old.into(), new.into())).collect();
    tx.announce_all(&TASK_REORDERED, views.iter().map(|(old, new)| (Some(old), new))).await
}
