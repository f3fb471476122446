//! What is done for an operation: a job for the whole of it, and one for some plans at a time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use contracts::adoption::{OperationStatus, SYNC_OPERATION_FINISHED};
use contracts::catalog::{Blueprint, OwnerId};
use db::Tx;
use jobs::{Job, Kind};
use kernel::{Actor, ActorKind, ApiKeyId, PlanId, Problem, ServiceAccountId, SessionId, SyncOperationId, UserId};
use serde::{Deserialize, Serialize};

use super::model::{Became, OperationPlanState};
use super::store;
use crate::plan_syncs::steps::{self, Entered};

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

/// Syncs some plans: all of them with the same statements, or, after a fault of the platform, each by itself, so that one
/// hinders no other. One that cannot be synced as it stands has failed.
async fn take_turn(tx: &mut Tx, job: &Job, last_read: LastRead) -> Result<(), Problem> {
    let Turn { operation, plans, by } = job.payload()?;
    act_for(tx, by).await?;
    let together = if job.attempts > 1 { 1 } else { AT_ONCE };
    for plans in plans.chunks(together) {
        let outcome = tx.savepoint(async |tx| sync(tx, operation, plans, &last_read).await).await;
        let became = match (outcome, plans) {
            (Ok(became), _) => became,
            (Err(problem), [plan]) if problem.kind().status < 500 || job.attempts >= TRIES => {
                vec![(*plan, Err(problem))]
            }
            (Err(problem), _) => return Err(problem),
        };
        store::close(tx, operation, became).await?;
    }
    Ok(())
}

/// Makes plans equal to the catalog as the operation knows it; says what became of each, or why it could not be done.
async fn sync(
    tx: &mut Tx,
    operation: SyncOperationId,
    plans: &[PlanId],
    last_read: &LastRead,
) -> Result<Vec<Became>, Problem> {
    let mut became: BTreeMap<PlanId, _> = plans.iter().map(|id| (*id, Err(Problem::not_found("plan")))).collect();
    let (mut entered, mut blueprints) = (Vec::new(), Vec::new());
    for (id, plan) in steps::enter_all(tx, plans).await? {
        let following = match plan {
            Ok(plan) => {
                let blueprint = read(tx, operation, plan.plan.owner(), last_read).await?;
                blueprint.ok_or_else(|| plan.assignment.gone()).map(|blueprint| (plan, blueprint))
            }
            Err(problem) => Err(problem),
        };
        match following {
            // It follows a later state already.
            Ok((Entered { plan, .. }, blueprint)) if plan.catalog_revision > blueprint.revision() => {
                became.insert(id, Ok(OperationPlanState::Unchanged));
            }
            Ok((plan, blueprint)) => {
                entered.push(plan);
                blueprints.push(blueprint);
            }
            Err(problem) => {
                became.insert(id, Err(problem));
            }
        }
    }
    let following = entered.into_iter().zip(blueprints.iter().map(Rc::as_ref)).collect();
    let mut due = Vec::new();
    for (id, of_plan) in steps::due_all(tx, following).await? {
        let state = of_plan.map(|of_plan| {
            if of_plan.is_nothing() {
                return OperationPlanState::Unchanged;
            }
            due.push(of_plan);
            OperationPlanState::Synced
        });
        became.insert(id, state);
    }
    let by = tx.actor().person();
    steps::apply(tx, due, (by, Some(operation))).await?;
    Ok(became.into_iter().collect())
}

/// What an owner's plans are to follow; `None`: the catalog had it no more.
async fn read(
    tx: &mut Tx,
    operation: SyncOperationId,
    owner: OwnerId,
    last_read: &LastRead,
) -> Result<Option<Rc<Blueprint>>, Problem> {
    let key = (operation, owner);
    let known = last_read.borrow().as_ref().filter(|(known, _)| *known == key).map(|(_, read)| Rc::clone(read));
    if known.is_some() {
        return Ok(known);
    }
    let Some(read) = store::kept(tx, operation, owner).await?.map(Rc::new) else { return Ok(None) };
    *last_read.borrow_mut() = Some((key, Rc::clone(&read)));
    Ok(Some(read))
}

/// Goes on as whoever asked for the operation.
async fn act_for(tx: &mut Tx, by: Option<Asker>) -> Result<(), Problem> {
    let own = tx.actor().clone();
    let kind = by.map_or(own.kind.clone(), Asker::kind);
    tx.enter(Actor { kind, ..own }).await
}
