//! What a solution plan is. Pure.

use contracts::Aggregate;
use contracts::adoption::{PartStatus, PlanSyncedView, SolutionPlanView};
use diesel::prelude::*;
use kernel::{AssignmentId, CustomerId, Hundredths, PlanId, SolutionId, SolutionPlanId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use super::roll_up::{RollUp, status};
use crate::assignments::Assignment;
use crate::plans::{Plan, Progress, ShownPlan};
use crate::schema::solution_plans;

/// A row of `solution_plans`.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = solution_plans, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct SolutionPlan {
    pub(super) tenant_id: TenantId,
    pub(super) id: SolutionPlanId,
    pub(super) version: i64,
    pub(super) assignment_id: AssignmentId,
    pub(super) plan_id: PlanId,
    pub(super) customer_id: CustomerId,
    pub(super) solution_id: SolutionId,
    pub(super) solution_name: String,
    pub(super) status: PartStatus,
    pub(super) total_tasks: i32,
    pub(super) completed_tasks: i32,
    pub(super) total_weight: Hundredths,
    pub(super) completed_weight: Hundredths,
    pub(super) progress_percentage: Hundredths,
    pub(super) own_tasks: i32,
    pub(super) own_completed_tasks: i32,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) completed_at: Option<Timestamp>,
    /// The solution's when the whole last followed it.
    pub(super) catalog_revision: i64,
}

/// Filters of the list of solution plans.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SolutionPlanQuery {
    /// Rows per page, 1 to 200 (default 50).
    pub(super) limit: Option<u16>,
    /// `nextCursor` of the page before.
    pub(super) cursor: Option<String>,
    /// Also return the exact `total`.
    pub(super) count: Option<bool>,
    /// Only solution plans of this customer. Repeat for more.
    #[serde(default)]
    #[param(value_type = Vec<Uuid>)]
    pub(super) customer_id: Vec<CustomerId>,
    /// Only plans of this solution. Repeat for more.
    #[serde(default)]
    #[param(value_type = Vec<Uuid>)]
    pub(super) solution_id: Vec<SolutionId>,
}

/// A solution plan with its parts.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShownSolutionPlan {
    #[serde(flatten)]
    plan: SolutionPlanView,
    /// Whether the catalog has moved since one of the parts was made equal to it, or the last sync of one was undone; or the
    /// solution was given other products since the whole was synced, or one of them was deleted.
    needs_sync: bool,
    /// The plan of the solution's own tasks, then those of its products in its order.
    parts: Vec<PartView>,
}

/// A plan as a part of a solution plan.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct PartView {
    /// How far it has come, by count of tasks.
    status: PartStatus,
    #[serde(flatten)]
    plan: ShownPlan,
}

/// What a sync of a solution plan did.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SolutionSyncedView {
    /// The solution plan as it is now.
    pub(super) solution_plan: SolutionPlanView,
    /// The plans that it had and that were changed, each with its sync, which can be undone by itself.
    pub(super) plans: Vec<PlanSyncedView>,
}

impl Aggregate for ShownSolutionPlan {
    fn id(&self) -> uuid::Uuid {
        self.plan.id.0
    }
    fn version(&self) -> i64 {
        self.plan.version
    }
}

impl ShownSolutionPlan {
    pub(super) fn of((plan, has_other_products): (SolutionPlan, bool), parts: Vec<(Plan, bool)>) -> Self {
        let needs_sync = has_other_products || parts.iter().any(|(_, needs_sync)| *needs_sync);
        let part = |part: (Plan, bool)| PartView { status: status(part.0.progress), plan: part.into() };
        Self { plan: plan.into(), needs_sync, parts: parts.into_iter().map(part).collect() }
    }
}

impl SolutionPlan {
    /// The plan of a solution's assignment, with the plan of its own tasks, its name, and the sums of its parts.
    pub(super) fn create(
        id: SolutionPlanId,
        whole: &Assignment,
        (solution_id, plan_id, catalog_revision): (SolutionId, PlanId, i64),
        sums: (String, RollUp),
        now: Timestamp,
    ) -> Self {
        let new = Self {
            tenant_id: whole.tenant_id,
            id,
            version: 1,
            assignment_id: whole.id,
            plan_id,
            customer_id: whole.customer_id,
            solution_id,
            solution_name: String::new(),
            status: PartStatus::NotStarted,
            total_tasks: 0,
            completed_tasks: 0,
            total_weight: Hundredths::ZERO,
            completed_weight: Hundredths::ZERO,
            progress_percentage: Hundredths::ZERO,
            own_tasks: 0,
            own_completed_tasks: 0,
            created_at: now,
            updated_at: now,
            completed_at: None,
            catalog_revision,
        };
        new.with(sums, now)
    }

    /// The solution plan with the name and the sums of now, and with the state of the catalog that the whole has followed, if it
    /// has. Its version counts what people see; that state is not among it.
    pub(super) fn rolled_up(&self, sums: (String, RollUp), followed: Option<i64>, now: Timestamp) -> Self {
        let mut after = self.clone().with(sums, now);
        if after != *self {
            after = Self { version: self.version + 1, updated_at: now, ..after };
        }
        Self { catalog_revision: followed.unwrap_or(self.catalog_revision), ..after }
    }

    /// It is called as the plan of the solution's own tasks has it: the name follows with that plan, and goes back with it. It
    /// is completed from the moment on at which the last of its sums makes it so, until something is open again.
    fn with(self, (solution_name, sums): (String, RollUp), now: Timestamp) -> Self {
        let RollUp { progress, status, own_tasks, own_completed_tasks } = sums;
        let Progress { total_tasks, completed_tasks, total_weight, completed_weight, progress_percentage } = progress;
        Self {
            solution_name,
            status,
            total_tasks,
            completed_tasks,
            total_weight,
            completed_weight,
            progress_percentage,
            own_tasks,
            own_completed_tasks,
            completed_at: (status == PartStatus::Completed).then(|| self.completed_at.unwrap_or(now)),
            ..self
        }
    }
}

impl From<SolutionPlan> for SolutionPlanView {
    fn from(row: SolutionPlan) -> Self {
        let SolutionPlan {
            tenant_id: _,
            id,
            version,
            assignment_id,
            plan_id,
            customer_id,
            solution_id,
            solution_name,
            status,
            total_tasks,
            completed_tasks,
            total_weight,
            completed_weight,
            progress_percentage,
            own_tasks: solution_tasks_total,
            own_completed_tasks: solution_tasks_complete,
            created_at,
            updated_at,
            completed_at,
            catalog_revision: _,
        } = row;
        Self {
            id,
            version,
            assignment_id,
            plan_id,
            customer_id,
            solution_id,
            solution_name,
            status,
            total_tasks,
            completed_tasks,
            total_weight,
            completed_weight,
            progress_percentage,
            solution_tasks_total,
            solution_tasks_complete,
            completed_at,
            created_at,
            updated_at,
        }
    }
}
