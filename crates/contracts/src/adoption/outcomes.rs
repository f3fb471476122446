//! Outcomes of plans: where a customer stood, where they want to be, and what was measured on the way.

use kernel::{OutcomeGoalId, OutcomeId, OutcomeMeasurementId, PlanId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Aggregate;

kernel::text_enum! {
    /// Which way is better.
    pub enum GoalDirection {
        /// More is better: the target is above the baseline.
        Up = "UP",
        /// Less is better: the target is below the baseline.
        Down = "DOWN",
    }
}

/// What a plan is to bring about for one outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutcomeGoalView {
    /// The goal's id.
    pub id: OutcomeGoalId,
    /// Raised by every change.
    pub version: i64,
    /// The plan.
    pub plan_id: PlanId,
    /// The catalog's outcome.
    pub outcome_id: OutcomeId,
    /// Where the customer stood.
    pub baseline: f64,
    /// Where they want to be.
    pub target: f64,
    /// What is counted, such as `%` or `tickets a week`.
    pub unit: Option<String>,
    /// Which way is better.
    pub direction: GoalDirection,
    /// When it was first set.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A measured value. It is never changed; one that was taken back says so and no longer counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutcomeMeasurementView {
    /// The measurement's id.
    pub id: OutcomeMeasurementId,
    /// The plan.
    pub plan_id: PlanId,
    /// The catalog's outcome.
    pub outcome_id: OutcomeId,
    /// When it was measured.
    pub measured_at: Timestamp,
    /// What was measured, in the goal's unit.
    pub value: f64,
    /// How, or by what.
    pub note: Option<String>,
    /// Who has recorded it.
    pub by: Option<UserId>,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was taken back, if it was.
    #[serde(default)]
    pub retracted_at: Option<Timestamp>,
    /// Who has taken it back.
    #[serde(default)]
    pub retracted_by: Option<UserId>,
}

impl Aggregate for OutcomeGoalView {
    fn id(&self) -> Uuid {
        self.id.0
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Aggregate for OutcomeMeasurementView {
    fn id(&self) -> Uuid {
        self.id.0
    }
    fn version(&self) -> i64 {
        1 + i64::from(self.retracted_at.is_some())
    }
}
