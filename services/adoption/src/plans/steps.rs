//! What happens to a plan inside somebody's transaction.

use contracts::adoption::{
    CUSTOMER_TASK_ADDED, CustomerTaskView, PLAN_CHANGED, PLAN_CREATED, PLAN_PROGRESSED, PlanView,
};
use db::Tx;
use kernel::{Problem, SolutionPlanId};

use super::model::Plan;
use super::progress::Progress;
use super::snapshot::Snapshot;
use super::store;
use crate::{customer_tasks, revisions, solution_plans};

/// Writes a new plan with its tasks, and tells of each.
pub(crate) async fn begin(tx: &mut Tx, snapshot: Snapshot) -> Result<PlanView, Problem> {
    let Snapshot { plan, tasks } = snapshot;
    revisions::learn(tx, plan.owner(), plan.catalog_revision).await?;
    store::insert(tx, &plan).await?;
    customer_tasks::insert_all(tx, &tasks).await?;
    let view = PlanView::from(plan);
    tx.announce(&PLAN_CREATED, None, &view).await?;
    let tasks: Vec<_> = tasks.into_iter().map(CustomerTaskView::from).collect();
    tx.announce_all(&CUSTOMER_TASK_ADDED, tasks.iter().map(|task| (None, task))).await?;
    Ok(view)
}

/// Makes the sums of a locked plan those of its tasks, and tells when they changed; its solution plan follows.
pub(crate) async fn recompute(tx: &mut Tx, plan: Plan) -> Result<Plan, Problem> {
    let weights = customer_tasks::weights(tx, &[plan.id]).await?;
    let progress = Progress::of(weights.into_values().flatten());
    let Some(after) = plan.progressed(progress, tx.now()) else { return Ok(plan) };
    store::update_progress(tx, &after).await?;
    tx.announce(&PLAN_PROGRESSED, Some(&plan.into()), &after.clone().into()).await?;
    solution_plans::roll_up(tx, after.solution_plan_id).await?;
    Ok(after)
}

/// Makes a locked plan a part of a solution plan, or lets it stand alone.
pub(crate) async fn join(tx: &mut Tx, plan: Plan, of: Option<SolutionPlanId>) -> Result<Plan, Problem> {
    if plan.solution_plan_id == of {
        return Ok(plan);
    }
    let after = Plan { solution_plan_id: of, version: plan.version + 1, updated_at: tx.now(), ..plan.clone() };
    store::update(tx, [&after]).await?;
    tx.announce(&PLAN_CHANGED, Some(&plan.into()), &after.clone().into()).await?;
    Ok(after)
}
