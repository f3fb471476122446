//! What happens to an assignment inside somebody's transaction.

use contracts::adoption::{ASSIGNMENT_CHANGED, ASSIGNMENT_CREATED, ASSIGNMENT_REMOVED, AssignmentView, PlanView};
use contracts::catalog::Blueprint;
use db::Tx;
use kernel::Problem;

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

/// Writes what became of a locked assignment, if anything, and tells.
pub(crate) async fn settle(tx: &mut Tx, before: Assignment, after: &Assignment) -> Result<(), Problem> {
    if before == *after {
        return Ok(());
    }
    store::update(tx, after).await?;
    tx.announce(&ASSIGNMENT_CHANGED, Some(&before.into()), &after.clone().into()).await
}

/// Writes what became of a locked assignment that follows the catalog, and tells: what is named after a solution and its
/// product is named anew with them. Returns it as it is now.
pub(crate) async fn follow(tx: &mut Tx, before: Assignment, after: Assignment) -> Result<Assignment, Problem> {
    let is_renamed = after.is_part() && after.owner_name != before.owner_name;
    let plan = after.solution_plan_id.filter(|_| is_renamed);
    let after = match plan {
        Some(plan) => {
            let whole =
                store::find_whole(tx, tx.tenant(), plan).await?.ok_or_else(|| Problem::not_found("assignment"))?;
            after.renamed((&whole, &before.owner_name), &whole)
        }
        None => after,
    };
    let after = after.since(&before, tx.now());
    settle(tx, before.clone(), &after).await?;
    rename_parts(tx, &before, &after).await?;
    Ok(after)
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
            let whole = store::find_whole(tx, tx.tenant(), plan).await?;
            after.rejoined(&whole.ok_or_else(|| Problem::not_found("assignment"))?, bundle)
        }
        _ => Ok(after),
    }
}

/// Has the parts that are named after a solution's locked assignment follow its names, and tells.
pub(super) async fn rename_parts(tx: &mut Tx, before: &Assignment, after: &Assignment) -> Result<(), Problem> {
    let is_renamed = (&before.name, &before.owner_name) != (&after.name, &after.owner_name);
    let Some(plan) = after.solution_plan_id.filter(|_| is_renamed && !after.is_part()) else {
        return Ok(());
    };
    for part in store::fetch_parts_for_change(tx, plan).await? {
        let renamed = part.clone().renamed((before, &part.owner_name), after).since(&part, tx.now());
        settle(tx, part, &renamed).await?;
    }
    Ok(())
}

/// Removes a locked assignment with its plan, and tells.
pub(crate) async fn remove(tx: &mut Tx, assignment: Assignment) -> Result<(), Problem> {
    let before = AssignmentView::from(assignment);
    let last = AssignmentView { version: before.version + 1, updated_at: tx.now(), ..before.clone() };
    store::remove(tx, before.id).await?;
    tx.announce(&ASSIGNMENT_REMOVED, Some(&before), &last).await
}
