//! What happens to an assignment inside somebody's transaction.

use std::collections::BTreeSet;

use contracts::adoption::{ASSIGNMENT_CHANGED, ASSIGNMENT_CREATED, ASSIGNMENT_REMOVED, AssignmentView, PlanView};
use contracts::catalog::Blueprint;
use db::Tx;
use kernel::{Problem, SolutionPlanId};

use super::body::AssignmentPatch;
use super::model::Assignment;
use super::store;
use crate::bundles::Bundle;
use crate::plans::{self, Snapshot};

/// Writes a new assignment, with its plan when there is something to make it from, and tells.
pub(crate) async fn begin(tx: &mut Tx, mut new: Assignment, of: Option<&Blueprint>) -> Result<Assignment, Problem> {
    let plan = of.map(|blueprint| Snapshot::of(&new, blueprint, tx.now()));
    new.plan_id = plan.as_ref().map(|snapshot| snapshot.plan.id);
    store::insert(tx, &new).await?;
    tx.announce(&ASSIGNMENT_CREATED, None, &AssignmentView::from(new.clone())).await?;
    if let Some(plan) = plan {
        plans::begin(tx, plan).await?;
    }
    Ok(new)
}

/// Writes a locked assignment that has no plan yet, with its plan, and tells.
pub(crate) async fn plan(
    tx: &mut Tx,
    before: Assignment,
    after: Assignment,
    of: &Blueprint,
) -> Result<PlanView, Problem> {
    let snapshot = Snapshot::of(&after, of, tx.now());
    let after =
        Assignment { plan_id: Some(snapshot.plan.id), version: before.version + 1, updated_at: tx.now(), ..after };
    settle(tx, before, &after).await?;
    plans::begin(tx, snapshot).await
}

/// Writes what became of a locked assignment, if anything, and tells: see [`settle_all`].
pub(crate) async fn settle(tx: &mut Tx, before: Assignment, after: &Assignment) -> Result<(), Problem> {
    settle_all(tx, vec![(before, after.clone())]).await
}

/// Writes what became of locked assignments that follow the catalog, and tells: what is named after a solution and its
/// product is named anew with them. Returns them as they are now.
pub(crate) async fn follow(tx: &mut Tx, followed: Vec<(Assignment, Assignment)>) -> Result<Vec<Assignment>, Problem> {
    let is_renamed = |(before, after): &&(Assignment, Assignment)| before.owner_name != after.owner_name;
    let renamed = followed.iter().filter(is_renamed).filter(|(_, after)| after.is_part());
    let wholes = store::find_wholes(tx, tx.tenant(), &distinct(renamed)).await?;
    let now = tx.now();
    let moved = followed.into_iter().map(|(before, after)| {
        let whole = wholes.iter().find(|whole| after.is_part() && whole.solution_plan_id == after.solution_plan_id);
        let after = match whole {
            Some(whole) => after.renamed((whole, &before.owner_name), whole),
            None => after,
        };
        let after = after.since(&before, now);
        (before, after)
    });
    let moved: Vec<_> = moved.collect();
    let followed = moved.iter().map(|(_, after)| after.clone()).collect();
    settle_all(tx, moved).await?;
    Ok(followed)
}

/// Writes what became of locked assignments, as far as anything did, and tells; the parts that are named after a solution's
/// assignment have their names from it as it is now.
async fn settle_all(tx: &mut Tx, moved: Vec<(Assignment, Assignment)>) -> Result<(), Problem> {
    let is_renamed = |(before, after): &&(Assignment, Assignment)| {
        !after.is_part() && (&before.name, &before.owner_name) != (&after.name, &after.owner_name)
    };
    let wholes: Vec<_> = moved.iter().filter(is_renamed).cloned().collect();
    write(tx, moved).await?;
    // They may have been written just now: so they are read again.
    let parts = store::fetch_parts_for_change(tx, &distinct(&wholes)).await?;
    let now = tx.now();
    let named = parts.into_iter().filter_map(|part| {
        let (before, after) = wholes.iter().find(|(_, whole)| whole.solution_plan_id == part.solution_plan_id)?;
        let renamed = part.clone().renamed((before, &part.owner_name), after).since(&part, now);
        Some((part, renamed))
    });
    let named = named.collect();
    write(tx, named).await
}

/// Writes those that are not what they were, and tells.
async fn write(tx: &mut Tx, mut moved: Vec<(Assignment, Assignment)>) -> Result<(), Problem> {
    moved.retain(|(before, after)| before != after);
    store::update(tx, moved.iter().map(|(_, after)| after)).await?;
    let views: Vec<(AssignmentView, AssignmentView)> =
        moved.into_iter().map(|(before, after)| (before.into(), after.into())).collect();
    tx.announce_all(&ASSIGNMENT_CHANGED, views.iter().map(|(before, after)| (Some(before), after))).await
}

/// The solution plans of these, each once.
fn distinct<'a>(moved: impl IntoIterator<Item = &'a (Assignment, Assignment)>) -> Vec<SolutionPlanId> {
    moved.into_iter().filter_map(|(_, after)| after.solution_plan_id).collect::<BTreeSet<_>>().into_iter().collect()
}

/// What becomes of a locked assignment by a patch. A part has the level that its solution gives, or its own higher one.
pub(super) async fn change(
    tx: &mut Tx,
    before: &Assignment,
    patch: AssignmentPatch,
    bundle: Option<&Bundle>,
) -> Result<Assignment, Problem> {
    let after = before.clone().change(patch, bundle, tx.now())?;
    match (bundle, after.solution_plan_id) {
        (Some(bundle), Some(plan)) if after.is_part() => {
            let whole = store::find_wholes(tx, tx.tenant(), &[plan]).await?.pop();
            after.rejoined(&whole.ok_or_else(|| Problem::not_found("assignment"))?, bundle)
        }
        _ => Ok(after),
    }
}

/// Removes a locked assignment with its plan, and tells.
pub(crate) async fn remove(tx: &mut Tx, assignment: Assignment) -> Result<(), Problem> {
    let before = AssignmentView::from(assignment);
    let last = AssignmentView { version: before.version + 1, updated_at: tx.now(), ..before.clone() };
    store::remove(tx, before.id).await?;
    tx.announce(&ASSIGNMENT_REMOVED, Some(&before), &last).await
}
