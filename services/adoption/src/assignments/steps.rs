//! What happens to an assignment inside somebody's transaction.

use contracts::adoption::{ASSIGNMENT_CHANGED, ASSIGNMENT_CREATED, ASSIGNMENT_REMOVED, AssignmentView, PlanView};
use contracts::catalog::Blueprint;
use db::Tx;
use kernel::Problem;

use super::model::Assignment;
use super::store;
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

/// Has the parts that are named after a solution's locked assignment follow its name, and tells.
pub(super) async fn rename_parts(tx: &mut Tx, before: &Assignment, after: &Assignment) -> Result<(), Problem> {
    let Some(plan) = after.solution_plan_id.filter(|_| !after.is_part() && before.name != after.name) else {
        return Ok(());
    };
    for part in store::fetch_parts_for_change(tx, plan).await? {
        if let Some(renamed) = part.renamed(before, after, tx.now()) {
            settle(tx, part, &renamed).await?;
        }
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
