//! Taking a batch back. A step of a transaction that nobody stores values beside.

use std::collections::{BTreeSet, HashMap, HashSet};

use db::Tx;
use kernel::{BatchId, CustomerAttributeId, CustomerTaskId, Problem, Timestamp};
use uuid::Uuid;

use super::model::{Batch, Silence};
use super::store::{self, Moved};
use crate::attributes::{self, Attribute};
use crate::facts::{self, Telling};
use crate::{refusals, rollups};

/// Undoes what a batch did, and computes what it touched from what is left.
pub(super) async fn retract(tx: &mut Tx, batch: &Batch) -> Result<(), Problem> {
    let moved = store::take_values(tx, batch).await?;
    let batch = batch.id;
    let silences = store::take_silences(tx, batch).await?;
    refusals::store::retract(tx, batch).await?;
    let mut rows = lock(tx, batch, (&moved, &silences)).await?;
    let touched: BTreeSet<_> = moved.iter().map(|value| (value.attribute_id, value.observed_at.date_naive())).collect();
    rollups::recompute(tx, &rows, &touched).await?;
    let seen = see_again(tx, batch, (&mut rows, &moved)).await?;
    let heard = hear_again(tx, &mut rows, &silences).await?;
    store::vanish(tx, rows.iter_mut()).await?;
    let tasks = rows.iter().filter(|row| seen.contains(&row.id) || heard.contains(&row.id));
    let tasks: BTreeSet<CustomerTaskId> = tasks.map(|row| row.customer_task_id).collect();
    rows.retain(|row| tasks.contains(&row.customer_task_id));
    facts::settle(tx, rows, tasks, Telling::News).await?;
    Ok(())
}

/// All attributes of the tasks and assignments that the batch was about, locked.
async fn lock(
    tx: &mut Tx,
    batch: BatchId,
    (moved, silences): (&[Moved], &[Silence]),
) -> Result<Vec<Attribute>, Problem> {
    let ids: BTreeSet<Uuid> = moved.iter().map(|value| value.attribute_id.0).collect();
    let known = attributes::store::by_ids(tx, tx.tenant(), ids.into_iter().collect()).await?;
    let proved = attributes::store::brought_by(tx, tx.tenant(), batch).await?;
    let tasks: BTreeSet<CustomerTaskId> = known.iter().chain(&proved).map(|row| row.customer_task_id).collect();
    let assignments: BTreeSet<_> = silences.iter().map(|silence| silence.assignment_id).collect();
    attributes::store::fetch_for_change(tx, tasks.into_iter().collect(), assignments.into_iter().collect()).await
}

/// Attributes whose latest value the batch took with it see the latest one that is left. Its day may be gone already: then so is
/// every day before it, and none is left. Returns them.
async fn see_again(
    tx: &mut Tx,
    batch: BatchId,
    (rows, moved): (&mut [Attribute], &[Moved]),
) -> Result<HashSet<CustomerAttributeId>, Problem> {
    let events: HashSet<Uuid> = moved.iter().map(|value| value.event_id).collect();
    let lost = |row: &&mut Attribute| {
        row.latest_batch_id == Some(batch) || row.latest_event_id.is_some_and(|latest| events.contains(&latest))
    };
    let ids: Vec<CustomerAttributeId> = rows.iter_mut().filter(lost).map(|row| row.id).collect();
    let mut left = rollups::latest(tx, &ids).await?;
    for row in rows.iter_mut().filter(lost) {
        row.see_only(left.remove(&row.id));
    }
    let seen: HashSet<CustomerAttributeId> = ids.into_iter().collect();
    store::name_batches(tx, rows.iter_mut().filter(|row| seen.contains(&row.id))).await?;
    Ok(seen)
}

/// Attributes that the batch was the first or the last to be silent about hear again when they were gone. Returns them.
async fn hear_again(
    tx: &mut Tx,
    rows: &mut [Attribute],
    silences: &[Silence],
) -> Result<HashSet<CustomerAttributeId>, Problem> {
    let said: HashMap<CustomerAttributeId, Timestamp> =
        silences.iter().flat_map(|silence| silence.attribute_ids.iter().map(|id| (*id, silence.at))).collect();
    let deaf = |row: &&mut Attribute| {
        let at = said.get(&row.id).copied();
        at.is_some() && (row.emptied_at == at || row.vanished_at == at)
    };
    let ids: Vec<CustomerAttributeId> = rows.iter_mut().filter(deaf).map(|row| row.id).collect();
    let left = store::last_silences(tx, &ids, silences).await?;
    for row in rows.iter_mut().filter(deaf) {
        row.emptied_at = left.get(&row.id).copied();
        row.vanished_at = None;
    }
    Ok(ids.into_iter().collect())
}
