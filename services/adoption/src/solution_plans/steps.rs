//! What happens to a solution plan inside somebody's transaction.

use std::collections::{BTreeMap, BTreeSet};

use contracts::adoption::{PlanSyncedView, SOLUTION_PLAN_CREATED, SOLUTION_PLAN_PROGRESSED, SolutionPlanView};
use contracts::catalog::OwnerId;
use contracts::identity::LockedType;
use db::Tx;
use kernel::{PlanId, Problem, SolutionPlanId};
use locks::Held;

use super::model::SolutionPlan;
use super::store;
use crate::assignments::{self, Assignment, Part};
use crate::bundles::Bundle;
use crate::plan_syncs;
use crate::plans::{self, Plan};

/// Writes the new assignment of a solution with the plan of its own tasks, its parts and the solution plan, and tells.
pub(crate) async fn begin(tx: &mut Tx, new: Assignment, bundle: &Bundle) -> Result<Assignment, Problem> {
    let id = SolutionPlanId::fresh();
    let new = Assignment { solution_plan_id: Some(id), ..new };
    let whole = assignments::begin(tx, new, Some(&bundle.owner)).await?;
    let (OwnerId::Solution(solution), Some(own)) = (whole.owner(), whole.plan_id) else {
        return Err(Problem::internal("the assignment of a solution has a plan"));
    };
    follow_parts(tx, &whole, id, bundle).await?;
    let sums = store::sums(tx, &[(id, own)]).await?.pop().ok_or_else(|| Problem::not_found("solution plan"))?;
    let plan = SolutionPlan::create(id, &whole, (solution, own, bundle.owner.revision()), sums, tx.now());
    store::insert(tx, &plan).await?;
    tx.announce(&SOLUTION_PLAN_CREATED, None, &plan.into()).await?;
    Ok(whole)
}

/// Makes a solution plan what its locked assignment and the catalog say, and tells; returns it before and after, and the syncs
/// of the plans that it had.
///
/// # Errors
/// 409 when a plan has seen a later state of the catalog, 423 when somebody else is editing one.
pub(crate) async fn follow(
    tx: &mut Tx,
    whole: &Assignment,
    id: SolutionPlanId,
    bundle: &Bundle,
) -> Result<((SolutionPlan, SolutionPlan), Vec<PlanSyncedView>), Problem> {
    let followed = whole.following(bundle.owner.name(), bundle.all());
    let missing = || Problem::not_found("solution plan");
    let whole = assignments::follow(tx, vec![(whole.clone(), followed)]).await?.pop().ok_or_else(missing)?;
    let synced = follow_parts(tx, &whole, id, bundle).await?;
    let moved = settle(tx, &[id], Some(bundle.owner.revision())).await?.pop().ok_or_else(missing)?;
    Ok((moved, synced))
}

/// Makes the sums of solution plans those of their parts, and their names what these have, and tells of those that changed.
/// Whoever has changed a plan does this last.
pub(crate) async fn roll_up(tx: &mut Tx, ids: impl IntoIterator<Item = SolutionPlanId>) -> Result<(), Problem> {
    settle(tx, &Vec::from_iter(ids), None).await?;
    Ok(())
}

/// Takes the parts out of a solution plan that is about to go with its assignment: those that came with it go, the others
/// stand alone again.
pub(crate) async fn take_apart(tx: &mut Tx, id: SolutionPlanId) -> Result<(), Problem> {
    let parts = assignments::fetch_parts_for_change(tx, &[id]).await?;
    let mut plans = hold(tx, parts.iter().filter_map(|part| part.plan_id)).await?;
    for part in parts {
        if part.came_along {
            assignments::remove(tx, part).await?;
        } else {
            let plan = part.plan_id.and_then(|plan| plans.remove(&plan));
            leave(tx, part, plan).await?;
        }
    }
    Ok(())
}

/// Has the parts, and the plan of the solution's own tasks, follow the solution's assignment and the catalog.
async fn follow_parts(
    tx: &mut Tx,
    whole: &Assignment,
    id: SolutionPlanId,
    bundle: &Bundle,
) -> Result<Vec<PlanSyncedView>, Problem> {
    let products: Vec<_> = bundle.products.iter().map(|product| product.owner_id().id()).collect();
    let known = assignments::candidates(tx, (tx.tenant(), whole.customer_id), id, &products).await?;
    let ids: Vec<_> = known.iter().map(|known| known.id).collect();
    let known = assignments::fetch_many_for_change(tx, &ids).await?;
    let (leaving, known): (Vec<_>, Vec<_>) = known.into_iter().partition(|known| known.has_left(id, bundle));
    let parts = assignments::parts(whole, id, bundle, &known, tx.now());
    let theirs = leaving.iter().chain(parts.iter().filter_map(|part| part.before.as_ref()));
    let theirs = theirs.filter_map(|known| known.plan_id);
    // All are locked before one is changed, so that whoever holds one of them can still come to its end.
    let mut plans = hold(tx, whole.plan_id.into_iter().chain(theirs)).await?;
    for part in leaving {
        let plan = part.plan_id.and_then(|plan| plans.remove(&plan));
        leave(tx, part, plan).await?;
    }
    let mut synced = Vec::new();
    if let Some(own) = whole.plan_id.and_then(|own| plans.remove(&own)) {
        synced.extend(plan_syncs::sync(tx, own, &bundle.owner).await?);
    }
    for part in parts {
        let plan = part.after.plan_id.and_then(|plan| plans.remove(&plan));
        synced.extend(enter(tx, id, part, plan).await?);
    }
    Ok(synced)
}

/// Writes a part: as a new assignment with its plan, as one that has a plan now, or as one whose plan is synced.
async fn enter(
    tx: &mut Tx,
    id: SolutionPlanId,
    Part { before, after, of }: Part<'_>,
    plan: Option<Plan>,
) -> Result<Option<PlanSyncedView>, Problem> {
    match (before, plan) {
        (None, _) => {
            assignments::begin(tx, after, Some(of)).await?;
            Ok(None)
        }
        (Some(before), None) => {
            assignments::plan(tx, before, after, of).await?;
            Ok(None)
        }
        (Some(before), Some(plan)) => {
            assignments::settle(tx, before, &after).await?;
            let plan = plans::join(tx, plan, Some(id)).await?;
            plan_syncs::sync(tx, plan, of).await
        }
    }
}

/// Lets a locked part go: the customer keeps it, with its plan, as it came through the solution.
async fn leave(tx: &mut Tx, part: Assignment, plan: Option<Plan>) -> Result<(), Problem> {
    if let Some(plan) = plan {
        plans::join(tx, plan, None).await?;
    }
    let after = part.clone().alone(tx.now());
    assignments::settle(tx, part, &after).await
}

/// Plans, locked until the transaction ends, by id; 423 when somebody else is editing one.
async fn hold(tx: &mut Tx, ids: impl Iterator<Item = PlanId>) -> Result<BTreeMap<PlanId, Plan>, Problem> {
    let ids: BTreeSet<_> = ids.collect();
    let plans = plans::fetch_all_for_change(tx, &Vec::from_iter(ids.iter().copied())).await?;
    if plans.len() < ids.len() {
        return Err(Problem::not_found("plan"));
    }
    let edited = Held::by_others(tx, LockedType::Plan, &Vec::from_iter(ids.iter().map(|id| id.0))).await?;
    ids.iter().try_for_each(|id| edited.refuse(id.0))?;
    Ok(plans.into_iter().map(|plan| (plan.id, plan)).collect())
}

/// Writes what the parts of solution plans come to, and which state of the solution the whole has followed if it has, and tells
/// where people see something else than before; returns those that there are, before and after.
async fn settle(
    tx: &mut Tx,
    ids: &[SolutionPlanId],
    followed: Option<i64>,
) -> Result<Vec<(SolutionPlan, SolutionPlan)>, Problem> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let all = store::fetch_for_change(tx, ids).await?;
    let own: Vec<_> = all.iter().map(|plan| (plan.id, plan.plan_id)).collect();
    let sums = store::sums(tx, &own).await?;
    let now = tx.now();
    let rolled_up = |(before, sums): (SolutionPlan, _)| {
        let after = before.rolled_up(sums, followed, now);
        (before, after)
    };
    let moved: Vec<_> = all.into_iter().zip(sums).map(rolled_up).collect();
    store::update(tx, moved.iter().filter(|(before, after)| after != before).map(|(_, after)| after)).await?;
    let told = moved.iter().filter(|(before, after)| after.version > before.version).cloned();
    let views: Vec<(SolutionPlanView, SolutionPlanView)> =
        told.map(|(before, after)| (before.into(), after.into())).collect();
    let pairs = views.iter().map(|(before, after)| (Some(before), after));
    tx.announce_all(&SOLUTION_PLAN_PROGRESSED, pairs).await?;
    Ok(moved)
}
