//! Taking a batch: every entry becomes a reading or a refusal, then the writer stores both in one transaction.

use std::sync::Arc;

use clients::{Adoption, Caller};
use contracts::telemetry::{BatchReceipt, RefusalCode};
use db::{Announced, Db};
use kernel::{Actor, Clock, Problem, RefusalId};
use uuid::Uuid;
use web::Context;

use super::entry::{Entry, Origin, Part, Parts, Reason};
use super::model::{Batch, Reading, Window};
use super::writer::Writer;
use crate::attributes::{Directory, Known};
use crate::refusals::Refusal;

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
    /// 503 when the database is away, the writer is busy, or adoption must be asked and is away. Then nothing was stored,
    /// and sending the batch again is safe.
    pub(crate) async fn take(&self, db: &Db, who: &Actor, parts: Parts<'_>) -> Result<Taken, Problem> {
        let Parts { entries: parts, complete } = parts;
        let now = self.clock.now();
        let window = Window::at(now, self.retention_days);
        let entries: Vec<_> = parts.iter().map(|part| Entry::read(&part.text)).collect();
        let wanted: Vec<_> = entries.iter().flatten().map(|entry| (entry.assignment_id, entry.wanted())).collect();
        let mut found = self.directory.find(db, &self.adoption, who, &wanted).await?.into_iter();
        let mut batch = Batch {
            id: Uuid::now_v7(),
            tenant: who.tenant,
            received_at: now,
            readings: Vec::with_capacity(parts.len()),
            refusals: Vec::new(),
            complete: Vec::new(),
        };
        for (place, (part, entry)) in parts.iter().zip(entries).enumerate() {
            let resolved = entry.and_then(|entry| Ok((entry, found.next().unwrap_or_else(not_looked_up)?)));
            match resolved.and_then(|(entry, known)| Reading::of(entry, known, window, part.origin.replays())) {
                Ok(reading) => batch.readings.push(reading),
                Err(reason) => batch.refusals.push(refuse(&batch, place, part, reason)),
            }
        }
        batch.declare_complete(complete.assignment_ids, complete.observed_at);
        self.writer.store(batch, who.trace).await
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
        Origin::Refusal(earlier) => Refusal { code, detail, payload, ..earlier.clone() },
        Origin::List | Origin::Line(_) => Refusal {
            tenant_id: batch.tenant,
            id: RefusalId::fresh(),
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
