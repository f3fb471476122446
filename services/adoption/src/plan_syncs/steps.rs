//! What happens to a plan inside somebody's transaction.

use contracts::adoption::{
    CUSTOMER_TASK_ADDED, CUSTOMER_TASK_CHANGED, CUSTOMER_TASK_REMOVED, CUSTOMER_TASK_RETIRED, CustomerTaskView,
    PLAN_PROGRESSED, PLAN_SYNC_UNDONE, PLAN_SYNCED, PlanSyncedView,
};
use contracts::catalog::Blueprint;
use db::{Json, Tx};
use kernel::{PlanSyncId, Problem, SyncOperationId, UserId};

use super::due::Due;
use super::model::{PlanSync, nothing_to_undo};
use super::moves::Moves;
use super::store;
use crate::customer_tasks::{self, CustomerTask};
use crate::plans::{self, Plan};
use crate::statuses::{self, Changed};
use crate::{assignments, customers, revisions, solution_plans};

/// What is due in a locked plan.
///
/// # Errors
/// 409 when the plan has seen a later state of the catalog.
pub(super) async fn due(tx: &mut Tx, plan: Plan, blueprint: &Blueprint) -> Result<Due, Problem> {
    let missing = || Problem::not_found("assignment");
    let assignment = assignments::find(tx, tx.tenant(), plan.assignment_id).await?.ok_or_else(missing)?;
    Due::of(store::synced_for_change(tx, plan).await?, &assignment, blueprint, tx.now())
}

/// Makes a locked plan equal to the catalog, and tells; `None` when it is already. The sums of its solution plan are left to
/// whoever changes several of its plans: they come last.
///
/// # Errors
/// 409 when the plan has seen a later state of the catalog.
pub(crate) async fn sync(tx: &mut Tx, plan: Plan, blueprint: &Blueprint) -> Result<Option<PlanSyncedView>, Problem> {
    revisions::learn(tx, plan.owner(), blueprint.revision()).await?;
    let due = due(tx, plan, blueprint).await?;
    if due.is_nothing() {
        return Ok(None);
    }
    let by = tx.actor().person();
    make(tx, due, (by, None)).await.map(Some)
}

/// Makes a plan equal to the catalog, remembers what it takes to undo that, and tells; its solution plan follows.
pub(super) async fn apply(
    tx: &mut Tx,
    due: Due,
    by: (Option<UserId>, Option<SyncOperationId>),
) -> Result<PlanSyncedView, Problem> {
    let synced = make(tx, due, by).await?;
    solution_plans::roll_up(tx, synced.plan.solution_plan_id).await?;
    Ok(synced)
}

async fn make(
    tx: &mut Tx,
    due: Due,
    (by, operation_id): (Option<UserId>, Option<SyncOperationId>),
) -> Result<PlanSyncedView, Problem> {
    let counts = due.counts().into();
    let Due { plan: before, sync } = due;
    let mut after = before.apply(&sync);
    let synced_before = std::mem::replace(&mut after.plan.last_synced_at, tx.now());
    let plan = settle(tx, Moves::between(before, after, tx.now())).await?;
    let sync = PlanSync {
        tenant_id: tx.tenant(),
        id: PlanSyncId::fresh(),
        plan_id: plan.id,
        plan_version: plan.version,
        operation_id,
        at: tx.now(),
        synced_by: by,
        catalog_revision: plan.catalog_revision,
        counts,
        changes: Json(sync.changes),
        synced_before,
        undone_at: None,
        undone_by: None,
    };
    store::insert(tx, &sync).await?;
    let view = PlanSyncedView { plan: plan.into(), sync: sync.into() };
    tx.announce(&PLAN_SYNCED, None, &view).await?;
    Ok(view)
}

/// Takes back the last sync of a locked plan that is not undone yet, and tells. What was done since stays.
///
/// # Errors
/// 409 when there is none.
pub(super) async fn undo(tx: &mut Tx, plan: Plan) -> Result<PlanSyncedView, Problem> {
    let mut sync = store::latest(tx, plan.id).await?.ok_or_else(nothing_to_undo)?;
    let before = store::synced_for_change(tx, plan).await?;
    let mut after = before.undo(&sync.changes.0, tx.now());
    after.plan.last_synced_at = sync.synced_before;
    let plan = settle(tx, Moves::between(before, after, tx.now())).await?;
    (sync.undone_at, sync.undone_by) = (Some(tx.now()), tx.actor().person());
    store::mark_undone(tx, &sync).await?;
    let view = PlanSyncedView { plan: plan.into(), sync: sync.into() };
    tx.announce(&PLAN_SYNC_UNDONE, None, &view).await?;
    solution_plans::roll_up(tx, view.plan.solution_plan_id).await?;
    Ok(view)
}

/// Writes what moves: the plan, its tasks, their history and how they stand to the catalog; and tells of each.
async fn settle(tx: &mut Tx, moves: Moves) -> Result<Plan, Problem> {
    let Moves { before, after, added, changed, removed, stances } = moves;
    plans::update(tx, &after).await?;
    customer_tasks::rewrite(tx, changed.iter().map(|moved| &moved.after)).await?;
    customer_tasks::insert_all(tx, &added).await?;
    let history: Vec<_> = changed.iter().flat_map(|moved| moved.history.iter().cloned()).collect();
    statuses::append(tx, &history).await?;
    store::keep(tx, stances).await?;
    if !removed.is_empty() {
        customer_tasks::remove(tx, removed.iter().map(|task| task.id).collect()).await?;
    }
    tell(tx, added, changed, removed).await?;
    if before.progress != after.progress {
        tx.announce(&PLAN_PROGRESSED, Some(&before.into()), &after.clone().into()).await?;
    }
    Ok(after)
}

/// Tells of tasks that enter a plan, change, are retired or leave.
async fn tell(
    tx: &mut Tx,
    added: Vec<CustomerTask>,
    changed: Vec<Changed>,
    removed: Vec<CustomerTask>,
) -> Result<(), Problem> {
    let added: Vec<_> = added.into_iter().map(CustomerTaskView::from).collect();
    tx.announce_all(&CUSTOMER_TASK_ADDED, added.iter().map(|task| (None, task))).await?;
    let (retired, changed): (Vec<_>, Vec<_>) =
        changed.into_iter().partition(|moved| moved.after.is_retired() && !moved.before.is_retired());
    for (event, moved) in [(&CUSTOMER_TASK_RETIRED, retired), (&CUSTOMER_TASK_CHANGED, changed)] {
        let views: Vec<(CustomerTaskView, CustomerTaskView)> =
            moved.into_iter().map(|Changed { before, after, history: _ }| (before.into(), after.into())).collect();
        tx.announce_all(event, views.iter().map(|(before, after)| (Some(before), after))).await?;
    }
    let last = |task: CustomerTask| CustomerTaskView { version: task.version + 1, ..task.into() };
    let removed: Vec<_> = removed.into_iter().map(|task| (CustomerTaskView::from(task.clone()), last(task))).collect();
    tx.announce_all(&CUSTOMER_TASK_REMOVED, removed.iter().map(|(before, last)| (Some(before), last))).await
}

/// The plan of a customer who is present, locked until the transaction ends.
///
/// # Errors
/// 409 when the customer is deleted, 423 when somebody else is editing it or the plan.
pub(super) async fn enter(tx: &mut Tx, known: &Plan) -> Result<Plan, Problem> {
    customers::hold(tx, known.customer_id).await?.require_present()?;
    plans::fetch_for_change(tx, known.id).await
}
