//! Taking a batch: every entry becomes a reading or a refusal, then the writer stores both in one transaction.

use std::collections::BTreeSet;
use std::sync::Arc;

use clients::{Adoption, Caller};
use contracts::telemetry::{BatchReceipt, RefusalCode};
use db::{Announced, Db};
use kernel::{Actor, AssignmentId, Clock, Problem};
use uuid::Uuid;
use web::Context;

use super::entry::{Entry, Reason};
use super::model::{AHEAD, Batch, Reading, Window};
use super::parts::{Origin, Part, Parts};
use super::writer::Writer;
use crate::attributes::{Directory, Known};
use crate::facts::OUTDATED;
use crate::refusals::Refusal;

/// How often a batch is taken whose attributes keep changing.
const TRIES: usize = 3;

/// An entry and the assignment it is about.
type Placed<'a> = (AssignmentId, Entry<'a>);

/// What became of a batch, and the last event that it led to.
pub(crate) struct Taken {
    pub(crate) receipt: BatchReceipt,
    pub(crate) announced: Option<Announced>,
}

/// The intake of one HTTP worker.
pub(crate) struct Intake {
    directory: Arc<Directory>,
    writer: Arc<Writer>,
    adoption: Adoption,
    clock: Clock,
    retention_days: i64,
}

impl Intake {
    /// The intake of a worker: memory and writer are the process's, connections its own.
    pub(crate) fn new(context: &Context) -> Self {
        let caller = Caller::new(Arc::clone(&context.signer), context.clock.clone());
        Self {
            directory: context.shared(Directory::default),
            writer: context.shared(Writer::default),
            adoption: Adoption::new(caller, context.config.upstreams("adoption")),
            clock: context.clock.clone(),
            retention_days: context.config.telemetry_retention_days,
        }
    }

    /// Takes a batch; when this returns, its values are durable and its refusals kept.
    ///
    /// # Errors
    /// 422 when an assignment that the batch claims to be complete for does not exist; 503 when the database is away, the
    /// writer is busy, or adoption must be asked and is away. Then nothing was stored, and sending the batch again is safe.
    pub(crate) async fn take(&self, db: &Db, who: &Actor, parts: &Parts<'_>) -> Result<Taken, Problem> {
        let entries = parts.entries.iter().map(|part| Entry::read(&part.text)).collect();
        let entries = self.place(who, entries).await?;
        let wanted: Vec<_> =
            entries.iter().flatten().map(|(assignment, entry)| (*assignment, entry.wanted())).collect();
        if parts.complete.observed_at.is_some_and(|at| at > self.clock.now() + AHEAD) {
            let how = "is more than five minutes ahead of our clock; no value could count until then";
            return Err(Problem::field("/complete/observedAt", "OBSERVED_AT_IN_FUTURE", how));
        }
        self.directory.require_assignments(db, &self.adoption, who, &parts.complete.assignment_ids).await?;
        let mut tries = 0;
        loop {
            let found = self.directory.find(db, &self.adoption, who, &wanted).await?;
            let outcome = self.writer.store(self.batch(who, parts, &entries, found), who.clone()).await;
            tries += 1;
            match outcome {
                // Another process, or this one's consumer, has learnt of a change since we looked.
                Err(problem) if problem.kind() == &OUTDATED && tries < TRIES => {
                    self.directory.forget(who.tenant, &wanted);
                }
                outcome => return outcome,
            }
        }
    }

    /// Finds the assignment of each entry; adoption is asked about those that are named by key.
    async fn place<'a>(
        &self,
        who: &Actor,
        entries: Vec<Result<Entry<'a>, Reason>>,
    ) -> Result<Vec<Result<Placed<'a>, Reason>>, Problem> {
        let keys: BTreeSet<&str> = entries.iter().flatten().filter_map(Entry::assignment_key).collect();
        let by_key = self.adoption.assignments_by_key(who, &Vec::from_iter(keys)).await?;
        let placed = entries.into_iter().map(|entry| entry.and_then(|entry| Ok((entry.assignment(&by_key)?, entry))));
        Ok(placed.collect())
    }

    /// Each entry becomes a reading or a refusal.
    fn batch(
        &self,
        who: &Actor,
        parts: &Parts<'_>,
        entries: &[Result<Placed<'_>, Reason>],
        found: Vec<Result<Known, Reason>>,
    ) -> Batch {
        let now = self.clock.now();
        let window = Window::at(now, self.retention_days);
        let mut batch = Batch {
            id: Uuid::now_v7(),
            tenant: who.tenant,
            received_at: now,
            readings: Vec::with_capacity(entries.len()),
            refusals: Vec::new(),
            complete: Vec::new(),
        };
        let mut found = found.into_iter();
        for (place, (part, entry)) in parts.entries.iter().zip(entries).enumerate() {
            let read = match entry {
                Ok((_, entry)) => found
                    .next()
                    .unwrap_or_else(not_looked_up)
                    .and_then(|known| Reading::of(entry, known, window, part.origin.replays())),
                Err(reason) => Err(reason.clone()),
            };
            match read {
                Ok(reading) => batch.readings.push(reading),
                Err(reason) => batch.refusals.push(refuse(&batch, place, part, reason)),
            }
        }
        batch.declare_complete(&parts.complete);
        batch
    }
}

/// The directory answers for every readable entry; this stands for an answer it owed.
fn not_looked_up() -> Result<Known, Reason> {
    Err(Reason::new(RefusalCode::AttributeUnknown, "The attribute was not looked up. Replay this."))
}

/// The refusal of an entry: a new one, or the last try of an earlier one.
fn refuse(batch: &Batch, place: usize, part: &Part<'_>, reason: Reason) -> Refusal {
    let detail = match part.origin {
        Origin::Line(number) => format!("Line {number}: {}", reason.detail),
        Origin::List | Origin::Refusal(_) => reason.detail,
    };
    let (code, detail, payload) = Refusal::keepable(Reason::new(reason.code, detail), &part.text);
    match part.origin {
        // What was sent first stays: a correction that fails as well is its sender's to mend.
        Origin::Refusal(earlier) if earlier.payload != payload => {
            Refusal { code, detail: format!("The correction: {detail}"), ..earlier.clone() }
        }
        Origin::Refusal(earlier) => Refusal { code, detail, ..earlier.clone() },
        Origin::List | Origin::Line(_) => Refusal {
            tenant_id: batch.tenant,
            id: Refusal::id_of(&part.text),
            batch_id: batch.id,
            received_at: batch.received_at,
            index: i32::try_from(place).unwrap_or(i32::MAX),
            code,
            detail,
            payload,
            replayed_at: None,
        },
    }
}
