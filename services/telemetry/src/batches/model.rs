//! What is remembered of a batch. Pure.

use contracts::telemetry::{BatchReceipt, BatchView};
use diesel::prelude::*;
use kernel::{Actor, AssignmentId, BatchId, CustomerAttributeId, TenantId, Timestamp};

use crate::schema::{batches, silences};

/// A row of `batches`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = batches, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Batch {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: BatchId,
    pub(crate) received_at: Timestamp,
    pub(crate) sent_by: String,
    pub(crate) sent: i32,
    pub(crate) accepted: i32,
    pub(crate) duplicate: i32,
    pub(crate) refused: i32,
    pub(crate) completed: i32,
    pub(crate) retracted_at: Option<Timestamp>,
    pub(crate) retracted_by: Option<String>,
    /// When the first of its values was observed: its values are in the partitions from there on.
    pub(crate) observed_from: Timestamp,
    /// When the last of them was.
    pub(crate) observed_to: Timestamp,
}

impl Batch {
    /// A batch as its sender was told of it, with the moments of its values.
    pub(crate) fn of(
        receipt: &BatchReceipt,
        completed: usize,
        observed: impl Iterator<Item = Timestamp> + Clone,
        sender: &Actor,
        received_at: Timestamp,
    ) -> Self {
        // None has more values than a batch may have.
        let count = |values: usize| i32::try_from(values).unwrap_or(i32::MAX);
        Self {
            tenant_id: sender.tenant,
            id: BatchId(receipt.batch_id),
            received_at,
            sent_by: sender.id(),
            sent: count(receipt.sent),
            accepted: count(receipt.accepted),
            duplicate: count(receipt.duplicate),
            refused: count(receipt.refused),
            completed: count(completed),
            retracted_at: None,
            retracted_by: None,
            observed_from: observed.clone().min().unwrap_or(received_at),
            observed_to: observed.max().unwrap_or(received_at),
        }
    }

    /// The batch once it is taken back.
    pub(crate) fn retracted(&self, by: &Actor, now: Timestamp) -> Self {
        Self { retracted_at: Some(now), retracted_by: Some(by.id()), ..self.clone() }
    }
}

impl From<Batch> for BatchView {
    fn from(batch: Batch) -> Self {
        let Batch {
            tenant_id: _,
            id,
            received_at,
            sent_by,
            sent,
            accepted,
            duplicate,
            refused,
            completed,
            retracted_at,
            retracted_by,
            observed_from: _,
            observed_to: _,
        } = batch;
        Self { id, received_at, sent_by, sent, accepted, duplicate, refused, completed, retracted_at, retracted_by }
    }
}

/// A row of `silences`: what a complete feed did not speak of.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = silences, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Silence {
    pub(crate) tenant_id: TenantId,
    pub(crate) batch_id: BatchId,
    pub(crate) assignment_id: AssignmentId,
    /// The moment it holds for.
    pub(crate) at: Timestamp,
    pub(crate) attribute_ids: Vec<CustomerAttributeId>,
}
