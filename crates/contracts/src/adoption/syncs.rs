//! Syncs: plans that are made equal to the catalog again.

use kernel::{PlanId, PlanSyncId, SyncOperationId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::PlanView;
use crate::Aggregate;

/// What a sync changes, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncCounts {
    /// Tasks that enter the plan.
    pub added: i32,
    /// Tasks of which the catalog says something else.
    pub changed: i32,
    /// Tasks that the catalog no longer has for this customer.
    pub retired: i32,
    /// Retired tasks that come back.
    pub revived: i32,
    /// Values that were edited in the plan and are kept against the catalog's.
    pub conflicts: i32,
}

/// A sync of a plan.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanSyncView {
    /// The sync's id.
    pub id: PlanSyncId,
    /// The plan.
    pub plan_id: PlanId,
    /// The operation it was a part of, if it was.
    pub operation_id: Option<SyncOperationId>,
    /// When.
    pub at: Timestamp,
    /// The person behind it.
    pub by: Option<UserId>,
    /// The catalog revision that the plan was made equal to.
    pub catalog_revision: i64,
    /// What it changed.
    pub counts: SyncCounts,
    /// When it was taken back, if it was.
    pub undone_at: Option<Timestamp>,
    /// The person who took it back.
    pub undone_by: Option<UserId>,
}

/// A plan with a sync of it: the one just made or taken back.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanSyncedView {
    /// The plan as it is now.
    pub plan: PlanView,
    /// The sync.
    pub sync: PlanSyncView,
}

impl Aggregate for PlanSyncedView {
    fn id(&self) -> Uuid {
        self.plan.id.0
    }
    fn version(&self) -> i64 {
        self.plan.version
    }
}

kernel::text_enum! {
    /// How far an operation has come.
    pub enum OperationStatus {
        /// It has not begun.
        Pending = "PENDING",
        /// It has begun.
        Running = "RUNNING",
        /// It has ended; some plans may have failed.
        Done = "DONE",
    }
}

/// What became of the plans of an operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OperationResult {
    /// All of its plans.
    pub plans: i64,
    /// Those that were made equal to the catalog.
    pub synced: i64,
    /// Those that were equal to it already.
    pub unchanged: i64,
    /// Those that could not be synced: GET /adoption/v1/plan-syncs/{operationId}/plans?state=FAILED says why.
    pub failed: i64,
}

/// A sync of many plans, in the background.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncOperationView {
    /// The operation's id.
    pub id: SyncOperationId,
    /// Raised when it begins and when it ends.
    pub version: i64,
    /// How far it has come.
    pub status: OperationStatus,
    /// The part of its plans that is through: 0 to 1.
    pub progress: f64,
    /// What became of its plans so far.
    pub result: OperationResult,
    /// The person who asked for it, or the service account of the program that did.
    pub requested_by: UserId,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it began or ended.
    pub updated_at: Timestamp,
    /// When it ended, if it has.
    pub finished_at: Option<Timestamp>,
}
