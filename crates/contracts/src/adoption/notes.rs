//! Notes: what people say of a customer task without setting its status.

use kernel::{CustomerTaskId, PlanId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Aggregate;

/// A note on a customer task. It is never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskNoteView {
    /// The entry of the task's history.
    pub id: Uuid,
    /// The task.
    pub customer_task_id: CustomerTaskId,
    /// Its plan.
    pub plan_id: PlanId,
    /// When it was written.
    pub at: Timestamp,
    /// Who wrote it.
    pub by: Option<UserId>,
    /// What it says.
    pub text: String,
}

impl Aggregate for TaskNoteView {
    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        1
    }
}
