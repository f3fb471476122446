//! How a plan is made: the eligible tasks of a product or a solution, copied. Pure.

use contracts::catalog::Blueprint;
use kernel::{PlanId, Timestamp};

use super::eligibility::Entitlement;
use super::model::Plan;
use super::progress::Progress;
use super::selection;
use crate::assignments::Assignment;
use crate::customer_tasks::CustomerTask;

/// A plan with its tasks, before anything is written.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) plan: Plan,
    pub(crate) tasks: Vec<CustomerTask>,
}

impl Snapshot {
    /// The plan of an assignment from one answer of the catalog. Weights and sequence numbers are copied as they are.
    pub(crate) fn of(assignment: &Assignment, blueprint: &Blueprint, now: Timestamp) -> Self {
        let assignment = &selection::still_offered(assignment, blueprint);
        let (tenant_id, id) = (assignment.tenant_id, PlanId::fresh());
        let entitlement = Entitlement {
            level: assignment.license_level,
            outcomes: &assignment.outcome_ids,
            releases: &assignment.release_ids,
        };
        let eligible = blueprint.tasks.iter().filter(|blueprint| entitlement.covers(&blueprint.task));
        let tasks: Vec<_> =
            eligible.map(|blueprint| CustomerTask::copy(blueprint, tenant_id, id, assignment.id, now)).collect();
        let plan = Plan {
            tenant_id,
            id,
            version: 1,
            assignment_id: assignment.id,
            customer_id: assignment.customer_id,
            owner_kind: assignment.owner_kind,
            owner_id: assignment.owner_id,
            owner_name: blueprint.name().to_owned(),
            catalog_revision: blueprint.revision(),
            license_level: assignment.license_level,
            outcome_ids: assignment.outcome_ids.clone(),
            release_ids: assignment.release_ids.clone(),
            solution_plan_id: assignment.solution_plan_id,
            progress: Progress::of(tasks.iter().map(|task| (task.status, task.weight))),
            last_synced_at: now,
            created_at: now,
            updated_at: now,
        };
        Self { plan, tasks }
    }
}
