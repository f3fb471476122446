//! The writer: batches of many callers in one transaction, each answered once it is durable.
//!
//! While one flush is on its way to the disk, the batches that arrive wait and go together into the next: nobody waits for
//! a timer, and the busier it is the larger the flushes. Per tenant: one statement stores the values, then the touched
//! attributes and tasks are evaluated. A batch that fails is undone alone.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use contracts::telemetry::{BatchReceipt, RefusedValue};
use db::{Db, Tx};
use kernel::problem::UNAVAILABLE;
use kernel::{Actor, BatchId, Problem, TenantId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::intake::Taken;
use super::model::Batch;
use super::store;
use crate::facts::{self, Criteria, OUTDATED, Observed};
use crate::rollups::{self, Sums};
use crate::{batches, refusals};

/// Values that may wait; more callers are told to come back.
const ROOM: u32 = 100_000;
/// Values that go into one flush.
const FLUSH: usize = 20_000;
/// Refusals named in a receipt.
const NAMED_REFUSALS: usize = 100;
/// How long a writer waits, once the service is to stop, for requests that are still being read.
const LINGER: Duration = Duration::from_millis(500);

/// Where batches wait for the writers. One per process.
pub(crate) struct Writer {
    queue: mpsc::UnboundedSender<Submission>,
    waiting: tokio::sync::Mutex<mpsc::UnboundedReceiver<Submission>>,
    room: Arc<Semaphore>,
    /// Days whose partitions are there, as far as this process knows.
    days: Mutex<BTreeSet<NaiveDate>>,
}

/// A batch that waits, and the one who waits for its receipt.
struct Submission {
    batch: Batch,
    sender: Actor,
    answer: oneshot::Sender<Result<Taken, Problem>>,
    /// Its share of the room, given back when it is answered.
    _room: OwnedSemaphorePermit,
}

impl Default for Writer {
    fn default() -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        Self {
            queue,
            waiting: tokio::sync::Mutex::new(waiting),
            room: Arc::new(Semaphore::new(usize::try_from(ROOM).unwrap_or(usize::MAX))),
            days: Mutex::default(),
        }
    }
}

impl Writer {
    /// Stores a batch; returns once it is durable.
    ///
    /// # Errors
    /// 503 when too many values wait already or the service is stopping; what the flush answers.
    pub(super) async fn store(&self, batch: Batch, sender: Actor) -> Result<Taken, Problem> {
        let share = u32::try_from(batch.sent()).unwrap_or(ROOM).clamp(1, ROOM);
        let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(share) else {
            metrics::counter!("cairn_telemetry_batches_turned_away_total").increment(1);
            return Err(UNAVAILABLE.detail("Too many values wait to be stored. Send the batch again.").retry_after(1));
        };
        let (answer, receipt) = oneshot::channel();
        let stopping = || UNAVAILABLE.detail("The service is stopping. Send the batch again.").retry_after(2);
        self.queue.send(Submission { batch, sender, answer, _room: room }).map_err(|_| stopping())?;
        receipt.await.map_err(|_| stopping())?
    }

    /// What waits, up to a flush full; `None` when the service stops and nothing comes any more.
    async fn next(&self, stop: &CancellationToken) -> Option<Vec<Submission>> {
        let mut waiting = self.waiting.lock().await;
        let first = tokio::select! {
            biased;
            first = waiting.recv() => first,
            () = async { stop.cancelled().await; tokio::time::sleep(LINGER).await } => {
                // Whoever comes now is told to come back; whoever waits already is served.
                waiting.close();
                waiting.recv().await
            }
        }?;
        let mut size = first.batch.sent();
        let mut flush = vec![first];
        while size < FLUSH
            && let Ok(more) = waiting.try_recv()
        {
            size += more.batch.sent();
            flush.push(more);
        }
        Some(flush)
    }

    /// Makes the partitions that a flush needs and this process has not seen yet.
    async fn prepare(&self, db: &Db, flush: &[Submission]) -> Result<(), Problem> {
        let readings = flush.iter().flat_map(|submission| &submission.batch.readings);
        let mut days: BTreeSet<NaiveDate> = BTreeSet::new();
        let mut last = None;
        for reading in readings {
            let day = reading.observed_at.date_naive();
            if last != Some(day) {
                days.insert(day);
                last = Some(day);
            }
        }
        days.retain(|day| !self.days().contains(day));
        if !days.is_empty() {
            store::ensure_partitions(db, &days).await?;
            self.days().extend(days);
        }
        Ok(())
    }

    fn days(&self) -> std::sync::MutexGuard<'_, BTreeSet<NaiveDate>> {
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what comes until the service stops.
pub(crate) async fn run(writer: Arc<Writer>, criteria: Arc<Criteria>, db: Db, stop: CancellationToken) {
    while let Some(flush) = writer.next(&stop).await {
        let (started, size) = (Instant::now(), flush.iter().map(|submission| submission.batch.sent()).sum::<usize>());
        let outcome = match writer.prepare(&db, &flush).await {
            Ok(()) => commit(&db, &criteria, &flush).await,
            Err(problem) => Err(problem),
        };
        if !outcome.as_ref().is_ok_and(|receipts| receipts.values().all(Result::is_ok)) {
            // Whatever it was, it may have been a partition dropped since we saw it.
            writer.days().clear();
        }
        answer(flush, outcome);
        metrics::histogram!("cairn_telemetry_flush_seconds").record(started.elapsed().as_secs_f64());
        metrics::histogram!("cairn_telemetry_flush_values").record(f64::from(u32::try_from(size).unwrap_or(u32::MAX)));
    }
}

/// What becomes of each batch of a flush.
type Receipts = BTreeMap<Uuid, Result<Taken, Problem>>;

/// Stores a flush in one transaction, tenant by tenant; what it returns is durable.
async fn commit(db: &Db, criteria: &Criteria, flush: &[Submission]) -> Result<Receipts, Problem> {
    // In the order of tenants, so that two writers cannot wait for each other.
    let mut tenants: BTreeMap<TenantId, Group<'_>> = BTreeMap::new();
    for submission in flush {
        tenants.entry(submission.batch.tenant).or_default().push(submission);
    }
    let Some(first) = tenants.values().find_map(|group| itself(group)) else { return Ok(Receipts::new()) };
    db.write(&first, async |tx| {
        let mut receipts = Receipts::new();
        for group in tenants.values() {
            let Some(actor) = itself(group) else { continue };
            tx.enter(actor).await?;
            receipts.extend(store_tenant(tx, criteria, group).await);
        }
        Ok(receipts)
    })
    .await
}

type Group<'a> = Vec<&'a Submission>;

/// Stores the batches of a tenant together; if that fails, each alone, so that only the one at fault fails.
async fn store_tenant(tx: &mut Tx, criteria: &Criteria, group: &[&Submission]) -> Receipts {
    let together = tx.savepoint(async |tx| store_batches(tx, criteria, group).await).await;
    if let (Err(_), [_, _, ..]) = (&together, group) {
        let mut receipts = Receipts::new();
        for one in group.chunks(1) {
            let alone = tx.savepoint(async |tx| store_batches(tx, criteria, one).await).await;
            receipts.extend(each(one, alone));
        }
        return receipts;
    }
    each(group, together)
}

/// The outcome of a savepoint, for each of its batches.
fn each(group: &[&Submission], outcome: Result<Vec<Taken>, Problem>) -> Receipts {
    match outcome {
        Ok(taken) => taken.into_iter().map(|taken| (taken.receipt.batch_id, Ok(taken))).collect(),
        Err(problem) => group.iter().map(|one| (one.batch.id, Err(shared(&problem)))).collect(),
    }
}

async fn store_batches(tx: &mut Tx, criteria: &Criteria, group: &[&Submission]) -> Result<Vec<Taken>, Problem> {
    let sent: Vec<&Batch> = group.iter().map(|submission| &submission.batch).collect();
    batches::share(tx).await?;
    let mut new = store::insert(tx, &sent).await?;
    let mut observed = Observed::default();
    for batch in &sent {
        let id = BatchId(batch.id);
        observed.see(id, &batch.readings);
        for (assignment, at) in &batch.complete {
            observed.lose(id, (*assignment, *at), &batch.readings);
        }
    }
    let announced = tx.announced().len();
    facts::evaluate(tx, criteria, observed).await?;
    let announced = tx.announced().get(announced..).and_then(<[_]>::last).cloned();
    let readings = || sent.iter().flat_map(|batch| &batch.readings);
    rollups::add(tx, &Sums::daily(readings(), new.clone())).await?;
    refusals::store::keep(tx, sent.iter().flat_map(|batch| &batch.refusals)).await?;
    let mended = sent.iter().flat_map(|batch| {
        let replayed = batch.readings.iter().flat_map(|reading| &reading.replays);
        replayed.map(|refusal| (*refusal, BatchId(batch.id)))
    });
    refusals::store::mark_replayed(tx, &mended.collect()).await?;
    let taken = sent.iter().map(|batch| Taken {
        receipt: receipt(batch, &mut new),
        refused: Vec::new(),
        announced: announced.clone(),
    });
    let taken: Vec<Taken> = taken.collect();
    let remembered = group.iter().zip(&taken).map(|(Submission { batch, sender, .. }, taken)| {
        let observed = batch.readings.iter().map(|reading| reading.observed_at);
        batches::Batch::of(&taken.receipt, batch.complete.len(), observed, sender, tx.now())
    });
    let remembered: Vec<_> = remembered.collect();
    batches::insert(tx, &remembered).await?;
    Ok(taken)
}

/// The receipt of a batch. What the statement did not insert was there before, or stands twice in the flush: the first one
/// takes it.
fn receipt(batch: &Batch, new: &mut HashSet<Uuid>) -> BatchReceipt {
    let accepted = batch.readings.iter().filter(|reading| new.remove(&reading.event_id)).count();
    BatchReceipt {
        batch_id: batch.id,
        sent: batch.sent(),
        accepted,
        duplicate: batch.readings.len() - accepted,
        refused: batch.refusals.len(),
        completed: !batch.complete.is_empty(),
        refusals: batch.refusals.iter().take(NAMED_REFUSALS).map(RefusedValue::from).collect(),
    }
}

/// Tells everybody what became of their batch. A caller who has gone away will send it again.
fn answer(flush: Vec<Submission>, outcome: Result<Receipts, Problem>) {
    let mut outcome = outcome;
    for Submission { batch, answer, .. } in flush {
        let mut receipt = match &mut outcome {
            Ok(receipts) => {
                receipts.remove(&batch.id).unwrap_or_else(|| Err(Problem::internal("a batch has no receipt")))
            }
            Err(problem) => Err(shared(problem)),
        };
        if let Ok(taken) = &mut receipt {
            count(&taken.receipt);
            taken.refused = batch.refusals;
        }
        drop(answer.send(receipt));
    }
}

/// Counts what is durable now.
fn count(receipt: &BatchReceipt) {
    let BatchReceipt { accepted, duplicate, refused, .. } = receipt;
    for (outcome, values) in [("accepted", accepted), ("duplicate", duplicate), ("refused", refused)] {
        let values = u64::try_from(*values).unwrap_or(u64::MAX);
        metrics::counter!("cairn_telemetry_values_total", "outcome" => outcome).increment(values);
    }
}

/// Telemetry evaluates values, on behalf of their sender. Those of several senders are evaluated together, and then on
/// behalf of none; the trace is that of the first.
fn itself(group: &[&Submission]) -> Option<Actor> {
    let first = &group.first()?.sender;
    let one = group.iter().all(|other| other.sender.person() == first.person());
    let (on_behalf_of, client_address) =
        if one { (first.person(), first.client_address.clone()) } else { (None, None) };
    Some(Actor { on_behalf_of, client_address, ..Actor::service("telemetry", first.tenant, first.trace) })
}

/// One failure, told to several callers.
fn shared(problem: &Problem) -> Problem {
    match problem.kind() {
        kind if kind == &UNAVAILABLE => Problem::unavailable("The database", problem.to_string()),
        kind if kind == &OUTDATED => OUTDATED.detail("Send the batch again.").retry_after(1),
        _ => Problem::internal(problem.to_string()),
    }
}
