//! Batches of values, as they are remembered.

use kernel::{BatchId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Aggregate, EventType};

/// A batch of values: what came, when, by whom, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchView {
    /// The batch: its receipt, values and refusals carry it.
    pub id: BatchId,
    /// When it came.
    pub received_at: Timestamp,
    /// Who sent it: a member's id, or `client:` and a service account's.
    pub sent_by: String,
    /// Values sent.
    pub sent: i32,
    /// Values that it brought.
    pub accepted: i32,
    /// Values that were there already.
    pub duplicate: i32,
    /// Values that were refused.
    pub refused: i32,
    /// Assignments that it declared complete.
    pub completed: i32,
    /// When it was retracted, if it was.
    pub retracted_at: Option<Timestamp>,
    /// Who retracted it.
    pub retracted_by: Option<String>,
}

impl Aggregate for BatchView {
    fn id(&self) -> Uuid {
        self.id.0
    }
    fn version(&self) -> i64 {
        if self.retracted_at.is_some() { 2 } else { 1 }
    }
}

/// A batch was retracted.
pub const BATCH_RETRACTED: EventType<BatchView> = EventType::new(
    "telemetry.batch.retracted",
    "A batch of values was taken back, with all that followed from it.",
    "telemetry:batch:read",
);
