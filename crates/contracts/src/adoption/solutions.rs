//! Solution plans: how a customer adopts the products of a solution together.

use kernel::{AssignmentId, CustomerId, Hundredths, PlanId, SolutionId, SolutionPlanId, Timestamp};
use serde::{Deserialize, Serialize};

kernel::text_enum! {
    /// How far a part of a solution has come, or the whole of it.
    pub enum PartStatus {
        /// Nothing is done.
        NotStarted = "NOT_STARTED",
        /// Something is done.
        InProgress = "IN_PROGRESS",
        /// Everything that counts is done.
        Completed = "COMPLETED",
    }
}

/// A solution plan: the sums of a solution's own tasks and of its products' plans.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SolutionPlanView {
    /// The solution plan's id.
    pub id: SolutionPlanId,
    /// Raised by every change of its sums or of the solution's name.
    pub version: i64,
    /// The assignment of the solution.
    pub assignment_id: AssignmentId,
    /// The plan of the solution's own tasks.
    pub plan_id: PlanId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// The solution.
    pub solution_id: SolutionId,
    /// The solution's name when the plan was last made equal to the catalog.
    pub solution_name: String,
    /// How far the whole has come, by count of tasks.
    pub status: PartStatus,
    /// Tasks that count, the solution's own and its products'.
    pub total_tasks: i32,
    /// Tasks that are DONE.
    pub completed_tasks: i32,
    /// Weight of the tasks that count.
    pub total_weight: Hundredths,
    /// Weight of the tasks that are DONE.
    pub completed_weight: Hundredths,
    /// completedWeight / totalWeight in percent, rounded half up to two places.
    pub progress_percentage: Hundredths,
    /// All of the solution's own tasks, those that are not applicable too.
    pub solution_tasks_total: i32,
    /// Those of the solution's own tasks that are DONE.
    pub solution_tasks_complete: i32,
    /// Since when all that counts is done; null while something is open.
    #[serde(default)]
    pub completed_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
