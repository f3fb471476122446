//! What happens to statuses inside somebody's transaction.

use contracts::adoption::{CUSTOMER_TASK_CHANGED, CustomerTaskView, TASK_NOTE_CREATED, TaskNoteView};
use contracts::telemetry::TaskFacts;
use db::Tx;
use kernel::Problem;

use super::history::StatusChange;
use super::model::Changed;
use super::store;
use crate::customer_tasks::{self, CustomerTask, Facts};
use crate::plans::{self, Plan};

/// Writes what became of some tasks of a locked plan: the tasks, their history, the plan's sums; and tells of each.
pub(crate) async fn settle(tx: &mut Tx, plan: Plan, changed: Vec<Changed>) -> Result<Plan, Problem> {
    customer_tasks::update(tx, changed.iter().map(|task| &task.after)).await?;
    let (mut entries, mut told) = (Vec::new(), Vec::new());
    for Changed { before, after, history } in changed.into_iter().filter(|task| !task.history.is_empty()) {
        entries.extend(history);
        told.push((CustomerTaskView::from(before), CustomerTaskView::from(after)));
    }
    if told.is_empty() {
        return Ok(plan);
    }
    store::append(tx, &entries).await?;
    tx.announce_all(&CUSTOMER_TASK_CHANGED, told.iter().map(|(before, after)| (Some(before), after))).await?;
    plans::recompute(tx, plan).await
}

/// Adds notes to the histories of tasks of locked plans, and tells of each.
pub(crate) async fn note(tx: &mut Tx, notes: &[(StatusChange, CustomerTask)]) -> Result<(), Problem> {
    let entries: Vec<_> = notes.iter().map(|(entry, _)| entry.clone()).collect();
    store::append(tx, &entries).await?;
    let views: Vec<TaskNoteView> = notes.iter().map(|(entry, task)| entry.note_of(task)).collect();
    tx.announce_all(&TASK_NOTE_CREATED, views.iter().map(|view| (None, view))).await
}

/// Hears what telemetry tells about a task. A task that is gone is nobody's concern, and old news changes nothing.
pub(crate) async fn hear(tx: &mut Tx, told: &TaskFacts) -> Result<(), Problem> {
    let Some(plan) = plans::fetch_of_task_for_change(tx, told.customer_task_id).await? else { return Ok(()) };
    let Some(task) = customer_tasks::fetch_for_change(tx, told.customer_task_id).await? else { return Ok(()) };
    let Some(changed) = Changed::by_telemetry(&task, Facts::from(told), tx.now()) else { return Ok(()) };
    settle(tx, plan, vec![changed]).await?;
    Ok(())
}
