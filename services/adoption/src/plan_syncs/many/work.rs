//! What is done for an operation: a job for the whole of it, and one for some plans at a time.

use std::cell::RefCell;
use std::rc::Rc;

use contracts::adoption::{OperationStatus, SYNC_OPERATION_FINISHED};
use contracts::catalog::{Blueprint, OwnerId};
use db::Tx;
use jobs::{Job, Kind};
use kernel::{Actor, ActorKind, ApiKeyId, PlanId, Problem, ServiceAccountId, SessionId, SyncOperationId, UserId};
use serde::{Deserialize, Serialize};

use super::model::OperationPlanState;
use super::store;
use crate::assignments;
use crate::plan_syncs::steps;
use crate::plans::{self, Plan};

/// The job of an operation: it gives its plans their jobs, and comes back until all are through.
const OPERATION: &str = "plan-syncs";
/// The job of some of its plans.
const PLANS: &str = "plan-syncs.plans";
/// Plans of a job: many share the cost of its commit, and nobody waits long for one of them.
const AT_ONCE: usize = 25;
/// How long the first waits before it looks again.
const LOOK_AGAIN: chrono::Duration = chrono::Duration::seconds(1);
/// How long an operation that has ended can be looked at.
const REMEMBERED: chrono::Duration = chrono::Duration::days(30);
/// How often a plan is tried that fails through no fault of its own.
const TRIES: i32 = 5;

/// The turn of some plans in an operation.
#[derive(Serialize, Deserialize)]
struct Turn {
    operation: SyncOperationId,
    plans: Vec<PlanId>,
    by: Option<Asker>,
}

/// An operation that is to begin or to go on.
#[derive(Serialize, Deserialize)]
struct Whole {
    operation: SyncOperationId,
    by: Option<Asker>,
}

/// Who asked for an operation. Its plans change in their name, so that a lock of somebody else keeps them out as well.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Asker {
    Person { user: UserId, session: SessionId },
    Program { account: ServiceAccountId, key: ApiKeyId },
}

impl Asker {
    fn of(actor: &Actor) -> Option<Self> {
        match actor.kind {
            ActorKind::User { user, session } => Some(Self::Person { user, session }),
            ActorKind::Client { account, key } => Some(Self::Program { account, key }),
            ActorKind::Service(_) => None,
        }
    }

    fn kind(self) -> ActorKind {
        match self {
            Self::Person { user, session } => ActorKind::User { user, session },
            Self::Program { account, key } => ActorKind::Client { account, key },
        }
    }
}

/// The blueprint that was last read: the plans of one product come one after the other.
type LastRead = Rc<RefCell<Option<((SyncOperationId, OwnerId), Rc<Blueprint>)>>>;

/// The kinds of jobs.
pub(crate) fn kinds() -> Vec<Kind> {
    let last_read = LastRead::default();
    vec![
        Kind::new(OPERATION, |tx, job| Box::pin(go_on(tx, job))),
        Kind::new(PLANS, move |tx, job| Box::pin(take_turn(tx, job, Rc::clone(&last_read)))),
    ]
}

/// Has an operation done, for whoever acts.
pub(super) async fn begin(tx: &mut Tx, operation: SyncOperationId) -> Result<(), Problem> {
    let whole = Whole { operation, by: Asker::of(tx.actor()) };
    jobs::schedule(tx, OPERATION, &operation.to_string(), &whole, tx.now()).await
}

async fn go_on(tx: &mut Tx, job: &Job) -> Result<(), Problem> {
    let whole: Whole = job.payload()?;
    let (id, by, now) = (whole.operation, whole.by, tx.now());
    // A tenant that was forgotten has none any more.
    let Some(operation) = store::fetch_for_change(tx, id).await? else { return Ok(()) };
    act_for(tx, by).await?;
    let pending = store::pending(tx, id).await?;
    match operation.status {
        OperationStatus::Pending => {
            let turn = |plans: &[PlanId]| Turn { operation: id, plans: plans.to_vec(), by };
            let turns =
                (0..).zip(pending.chunks(AT_ONCE)).map(|(number, plans)| (format!("{id}:{number}"), turn(plans)));
            jobs::schedule_all(tx, PLANS, turns, now).await?;
            store::update(tx, &operation.begun(now)).await?;
        }
        OperationStatus::Running if pending.is_empty() => {
            let operation = operation.ended(now);
            store::update(tx, &operation).await?;
            store::forget(tx, id).await?;
            store::forget_old(tx, now - REMEMBERED).await?;
            let states = store::states(tx, tx.tenant(), id).await?;
            return tx.announce(&SYNC_OPERATION_FINISHED, None, &operation.view(&states)).await;
        }
        OperationStatus::Running => {}
        OperationStatus::Done => return Ok(()),
    }
    jobs::schedule(tx, OPERATION, &id.to_string(), &whole, now + LOOK_AGAIN).await
}

/// Syncs some plans, each by itself. One that cannot be synced as it stands has failed; when one meets a fault of the platform,
/// all of them are tried again.
async fn take_turn(tx: &mut Tx, job: &Job, last_read: LastRead) -> Result<(), Problem> {
    let Turn { operation, plans, by } = job.payload()?;
    act_for(tx, by).await?;
    for plan in plans {
        let outcome = tx.savepoint(async |tx| sync(tx, operation, plan, &last_read).await).await;
        let (state, problem) = match outcome {
            Ok(true) => (OperationPlanState::Synced, None),
            Ok(false) => (OperationPlanState::Unchanged, None),
            Err(problem) if problem.kind().status < 500 || job.attempts >= TRIES => {
                (OperationPlanState::Failed, Some(problem))
            }
            Err(problem) => return Err(problem),
        };
        store::close(tx, (operation, plan), state, problem.as_ref()).await?;
    }
    Ok(())
}

/// Makes a plan equal to the catalog as the operation knows it; says whether that changed anything.
async fn sync(tx: &mut Tx, operation: SyncOperationId, plan: PlanId, last_read: &LastRead) -> Result<bool, Problem> {
    let known = plans::find(tx, tx.tenant(), plan).await?.ok_or_else(|| Problem::not_found("plan"))?;
    let plan = steps::enter(tx, &known).await?;
    let blueprint = read(tx, operation, &plan, last_read).await?;
    if plan.catalog_revision > blueprint.revision() {
        return Ok(false);
    }
    let due = steps::due(tx, plan, &blueprint).await?;
    if due.is_nothing() {
        return Ok(false);
    }
    let by = tx.actor().person();
    steps::apply(tx, due, (by, Some(operation))).await?;
    Ok(true)
}

async fn read(
    tx: &mut Tx,
    operation: SyncOperationId,
    plan: &Plan,
    last_read: &LastRead,
) -> Result<Rc<Blueprint>, Problem> {
    let key = (operation, plan.owner());
    let known = last_read.borrow().as_ref().filter(|(known, _)| *known == key).map(|(_, read)| Rc::clone(read));
    if let Some(known) = known {
        return Ok(known);
    }
    let Some(read) = store::kept(tx, operation, plan.owner()).await? else {
        let missing = || Problem::not_found("plan");
        return Err(assignments::find(tx, tx.tenant(), plan.assignment_id).await?.ok_or_else(missing)?.gone());
    };
    let read = Rc::new(read);
    *last_read.borrow_mut() = Some((key, Rc::clone(&read)));
    Ok(read)
}

/// Goes on as whoever asked for the operation.
async fn act_for(tx: &mut Tx, by: Option<Asker>) -> Result<(), Problem> {
    let own = tx.actor().clone();
    let kind = by.map_or(own.kind.clone(), Asker::kind);
    tx.enter(Actor { kind, ..own }).await
}
