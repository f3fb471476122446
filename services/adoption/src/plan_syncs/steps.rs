//! What happens to plans inside somebody's transaction: to one, or to many with the same few statements.

use std::collections::{BTreeMap, BTreeSet};

use contracts::adoption::{
    CUSTOMER_TASK_ADDED, CUSTOMER_TASK_CHANGED, CUSTOMER_TASK_REMOVED, CUSTOMER_TASK_RETIRED, CustomerTaskView,
    PLAN_PROGRESSED, PLAN_SYNC_UNDONE, PLAN_SYNCED, PlanSyncedView, PlanView,
};
use contracts::catalog::Blueprint;
use contracts::identity::LockedType;
use db::{Json, Tx};
use kernel::{PlanId, PlanSyncId, Problem, SyncOperationId, UserId};
use locks::Held;

use super::due::Due;
use super::model::{PlanSync, nothing_to_undo};
use super::moves::Moves;
use super::store::{self, synced_for_change};
use crate::assignments::{self, Assignment};
use crate::customer_tasks::{self, CustomerTask};
use crate::plans::{self, Plan};
use crate::statuses::{self, Changed};
use crate::{customers, revisions, solution_plans};

/// A plan of a customer who is present, locked until the transaction ends, and what it is a plan of.
pub(super) struct Entered {
    pub(super) plan: Plan,
    pub(super) assignment: Assignment,
}

/// Locks a plan of a customer who is present.
///
/// # Errors
/// 409 when the customer is deleted, 423 when somebody else is editing it or the plan.
pub(super) async fn enter(tx: &mut Tx, id: PlanId) -> Result<Entered, Problem> {
    let missing = || Err(Problem::not_found("plan"));
    enter_all(tx, &[id]).await?.pop().map_or_else(missing, |(_, entered)| entered)
}

/// Locks those of some plans that there are, or says why one is not to be changed: see [`enter`].
pub(super) async fn enter_all(tx: &mut Tx, ids: &[PlanId]) -> Result<Vec<(PlanId, Result<Entered, Problem>)>, Problem> {
    let assignments = plans::assignments_of(tx, tx.tenant(), ids).await?;
    let assignments = assignments::fetch_many_for_change(tx, &assignments).await?;
    let customers: BTreeSet<_> = assignments.iter().map(|assignment| assignment.customer_id).collect();
    let customers = customers::hold_all(tx, &Vec::from_iter(customers)).await?;
    let plans = plans::fetch_all_for_change(tx, ids).await?;
    let edited = customers.iter().map(|customer| customer.id.0).collect::<Vec<_>>();
    let edited_customers = Held::by_others(tx, LockedType::Customer, &edited).await?;
    let edited = plans.iter().map(|plan| plan.id.0).collect::<Vec<_>>();
    let edited_plans = Held::by_others(tx, LockedType::Plan, &edited).await?;
    let mut assignments: BTreeMap<_, _> = assignments.into_iter().map(|known| (known.id, known)).collect();
    let mut enter = |plan: Plan| {
        let missing = || Problem::not_found("plan");
        edited_customers.refuse(plan.customer_id.0)?;
        let customer = customers.iter().find(|customer| customer.id == plan.customer_id);
        customer.ok_or_else(missing)?.require_present()?;
        edited_plans.refuse(plan.id.0)?;
        let assignment = assignments.remove(&plan.assignment_id).ok_or_else(missing)?;
        Ok(Entered { plan, assignment })
    };
    Ok(plans.into_iter().map(|plan| (plan.id, enter(plan))).collect())
}

/// What is due in some plans that were entered, each with what it is to follow.
///
/// # Errors
/// For a plan: 409 when it has seen a later state of the catalog.
pub(super) async fn due_all(
    tx: &mut Tx,
    entered: Vec<(Entered, &Blueprint)>,
) -> Result<Vec<(PlanId, Result<Due, Problem>)>, Problem> {
    let (plans, following): (Vec<_>, Vec<_>) =
        entered.into_iter().map(|(Entered { plan, assignment }, of)| (plan, (assignment, of))).unzip();
    let synced = synced_for_change(tx, plans).await?;
    let due = synced
        .into_iter()
        .zip(following)
        .map(|(plan, (assignment, blueprint))| (plan.plan.id, Due::of(plan, &assignment, blueprint, tx.now())));
    Ok(due.collect())
}

/// What is due in a plan that was entered.
///
/// # Errors
/// 409 when the plan has seen a later state of the catalog.
pub(super) async fn due(tx: &mut Tx, entered: Entered, blueprint: &Blueprint) -> Result<Due, Problem> {
    let missing = || Err(Problem::not_found("plan"));
    due_all(tx, vec![(entered, blueprint)]).await?.pop().map_or_else(missing, |(_, due)| due)
}

/// Makes a locked plan equal to the catalog, and tells; `None` when it is already. The sums of its solution plan are left to
/// whoever changes several of its plans: they come last.
///
/// # Errors
/// 409 when the plan has seen a later state of the catalog.
pub(crate) async fn sync(tx: &mut Tx, plan: Plan, blueprint: &Blueprint) -> Result<Option<PlanSyncedView>, Problem> {
    revisions::learn(tx, plan.owner(), blueprint.revision()).await?;
    let missing = || Problem::not_found("assignment");
    let assignment = assignments::find(tx, tx.tenant(), plan.assignment_id).await?.ok_or_else(missing)?;
    let due = due(tx, Entered { plan, assignment }, blueprint).await?;
    if due.is_nothing() {
        return Ok(None);
    }
    let by = tx.actor().person();
    Ok(make(tx, vec![due], (by, None)).await?.pop())
}

/// Makes plans equal to the catalog, remembers what it takes to undo that, and tells; their solution plans follow.
pub(super) async fn apply(
    tx: &mut Tx,
    due: Vec<Due>,
    by: (Option<UserId>, Option<SyncOperationId>),
) -> Result<Vec<PlanSyncedView>, Problem> {
    let synced = make(tx, due, by).await?;
    let wholes: BTreeSet<_> = synced.iter().filter_map(|synced| synced.plan.solution_plan_id).collect();
    solution_plans::roll_up(tx, wholes).await?;
    Ok(synced)
}

async fn make(
    tx: &mut Tx,
    due: Vec<Due>,
    (by, operation_id): (Option<UserId>, Option<SyncOperationId>),
) -> Result<Vec<PlanSyncedView>, Problem> {
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let (mut moves, mut plans, mut syncs, mut assignments) = (Moves::default(), Vec::new(), Vec::new(), Vec::new());
    for due in due {
        let counts = due.counts().into();
        let Due { plan: before, sync, assignment } = due;
        assignments.push(assignment);
        let mut after = before.apply(&sync);
        let synced_before = std::mem::replace(&mut after.plan.last_synced_at, tx.now());
        let plan = moves.add(before, after, tx.now());
        syncs.push(PlanSync {
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
        });
        plans.push(plan);
    }
    settle(tx, moves).await?;
    assignments::follow(tx, assignments).await?;
    store::insert(tx, &syncs).await?;
    let views =
        plans.into_iter().zip(syncs).map(|(plan, sync)| PlanSyncedView { plan: plan.into(), sync: sync.into() });
    let views: Vec<_> = views.collect();
    tx.announce_all(&PLAN_SYNCED, views.iter().map(|view| (None, view))).await?;
    Ok(views)
}

/// Takes back the last sync of a locked plan that is not undone yet, and tells. What was done since stays. What the sync had
/// followed, the catalog or the customer's entitlement, is as it was: so the plan is behind from here on, at a revision
/// before the one that it was made equal to, also where only the entitlement had moved. A name that comes back is its
/// assignment's as well.
///
/// # Errors
/// 409 when there is none.
pub(super) async fn undo(tx: &mut Tx, Entered { plan, assignment }: Entered) -> Result<PlanSyncedView, Problem> {
    let mut sync = store::latest(tx, plan.id).await?.ok_or_else(nothing_to_undo)?;
    let before = synced_for_change(tx, vec![plan]).await?.pop().ok_or_else(|| Problem::not_found("plan"))?;
    let mut after = before.undo(&sync.changes.0, tx.now());
    after.plan.last_synced_at = sync.synced_before;
    after.plan.catalog_revision = after.plan.catalog_revision.min(sync.catalog_revision - 1);
    let mut moves = Moves::default();
    let plan = moves.add(before, after, tx.now());
    settle(tx, moves).await?;
    let named = Assignment { owner_name: plan.owner_name.clone(), ..assignment.clone() };
    assignments::follow(tx, vec![(assignment, named)]).await?;
    (sync.undone_at, sync.undone_by) = (Some(tx.now()), tx.actor().person());
    store::mark_undone(tx, &sync).await?;
    let view = PlanSyncedView { plan: plan.into(), sync: sync.into() };
    tx.announce(&PLAN_SYNC_UNDONE, None, &view).await?;
    solution_plans::roll_up(tx, view.plan.solution_plan_id).await?;
    Ok(view)
}

/// Writes what moves: the plans, their tasks, the tasks' history and how they stand to the catalog; and tells of each.
async fn settle(tx: &mut Tx, moves: Moves) -> Result<(), Problem> {
    let Moves { plans, added, changed, removed, stances } = moves;
    plans::update(tx, plans.iter().map(|(_, after)| after)).await?;
    customer_tasks::rewrite(tx, changed.iter().map(|moved| &moved.after)).await?;
    customer_tasks::insert_all(tx, &added).await?;
    let history: Vec<_> = changed.iter().flat_map(|moved| moved.history.iter().cloned()).collect();
    statuses::append(tx, &history).await?;
    store::keep(tx, stances).await?;
    if !removed.is_empty() {
        customer_tasks::remove(tx, removed.iter().map(|task| task.id).collect()).await?;
    }
    tell(tx, added, changed, removed).await?;
    let progressed = plans.into_iter().filter(|(before, after)| before.progress != after.progress);
    let views: Vec<(PlanView, PlanView)> = progressed.map(|(before, after)| (before.into(), after.into())).collect();
    tx.announce_all(&PLAN_PROGRESSED, views.iter().map(|(before, after)| (Some(before), after))).await
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
