//! Taking a batch: every entry becomes a reading or a refusal, then the writer stores both in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use clients::Adoption;
use contracts::telemetry::{BatchReceipt, RefusalCode};
use db::{Announced, Db};
use kernel::{AssignmentId, Clock, FieldError, Problem, RefusalId, TenantId};
use uuid::Uuid;
use web::Context;

use super::entry::{Entry, Reason};
use super::model::{AHEAD, Batch, Reading, Window};
use super::parts::{Complete, Origin, Part, Parts};
use super::writer::Writer;
use crate::access::Sender;
use crate::attributes::{Directory, Known};
use crate::facts::OUTDATED;
use crate::refusals::Refusal;
use crate::settings::Windows;

/// How often a batch is taken whose attributes keep changing.
const TRIES: usize = 3;

/// An entry and the assignment it is about.
type Placed<'a> = (AssignmentId, Entry<'a>);

/// What became of a batch, and the last event that it led to.
pub(crate) struct Taken {
    pub(crate) receipt: BatchReceipt,
    /// All that was refused; the receipt names the first of them.
    pub(crate) refused: Vec<Refusal>,
    pub(crate) announced: Option<Announced>,
}

/// The intake of one HTTP worker.
pub(crate) struct Intake {
    directory: Arc<Directory>,
    writer: Arc<Writer>,
    adoption: Adoption,
    clock: Clock,
    windows: Arc<Windows>,
}

impl Intake {
    /// The intake of a worker: memory and writer are the process's, connections its own.
    pub(crate) fn new(context: &Context, adoption: Adoption) -> Self {
        Self {
            directory: context.shared(Directory::default),
            writer: context.shared(Writer::default),
            adoption,
            clock: context.clock.clone(),
            windows: crate::windows(context),
        }
    }

    /// Takes a batch; when this returns, its values are durable and its refusals kept.
    ///
    /// # Errors
    /// 422 when an assignment that the batch claims to be complete for does not exist; 503 when the database is away, the
    /// writer is busy, or adoption must be asked and is away. Then nothing was stored, and sending the batch again is safe.
    pub(crate) async fn take(&self, db: &Db, sender: &Sender, parts: &Parts<'_>) -> Result<Taken, Problem> {
        let who = &sender.actor;
        let entries = parts.entries.iter().map(|part| Entry::read(&part.text)).collect::<Vec<_>>();
        let keys: BTreeSet<&str> = entries.iter().flatten().filter_map(Entry::assignment_key).collect();
        let by_key = self.adoption.assignments_by_key(who, &Vec::from_iter(keys)).await?;
        let named = || {
            let assignments = entries.iter().flatten().filter_map(|entry| entry.assignment_id);
            assignments.chain(by_key.values().copied()).chain(parts.complete.assignment_ids.iter().copied()).collect()
        };
        let hidden = sender.out_of_reach(db, &self.adoption, named).await?;
        let mends = parts.entries.iter().zip(&entries).filter_map(|(part, entry)| match entry {
            Ok(entry) => entry.refusal_id,
            Err(_) => Entry::mends(&part.text),
        });
        let mended = sender.mendable(db, mends.collect()).await?;
        self.require_complete(db, sender, &parts.complete, &hidden).await?;
        let place = |entry: Result<_, _>| place(entry?, &by_key, sender, (&hidden, &mended));
        let entries: Vec<_> = entries.into_iter().map(place).collect();
        let wanted: Vec<_> =
            entries.iter().flatten().map(|(assignment, entry)| (*assignment, entry.wanted())).collect();
        let window = Window::at(self.clock.now(), self.windows.days(db, who.tenant).await?);
        let mut tries = 0;
        loop {
            let found = self.directory.find(db, &self.adoption, who, &wanted).await?;
            let batch = self.batch(who.tenant, parts, (&entries, mended.clone()), found, window);
            let outcome = self.writer.store(batch, who.clone()).await;
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

    /// Requires that what a batch claims to be complete for is there, within the sender's reach, and not of the future.
    async fn require_complete(
        &self,
        db: &Db,
        sender: &Sender,
        complete: &Complete,
        hidden: &BTreeSet<AssignmentId>,
    ) -> Result<(), Problem> {
        if complete.observed_at.is_some_and(|at| at > self.clock.now() + AHEAD) {
            let how = "is more than five minutes ahead of our clock; no value could count until then";
            return Err(Problem::field("/complete/observedAt", "OBSERVED_AT_IN_FUTURE", how));
        }
        let ids = &complete.assignment_ids;
        if let (Some(source), false) = (&sender.source, ids.is_empty()) {
            let how =
                format!("this key speaks for the source {source:?} alone, and cannot say that there is nothing else");
            return Err(Problem::field("/complete", "SOURCE_CONFINED", how));
        }
        let unknown = self.directory.unknown(db, &self.adoption, &sender.actor, ids).await?;
        let errors: Vec<_> = ids
            .iter()
            .enumerate()
            .filter(|(_, assignment)| unknown.contains(assignment) || hidden.contains(assignment))
            .map(|(at, assignment)| {
                let Reason { detail, .. } = Reason::no_assignment(*assignment);
                FieldError::new(format!("/complete/assignmentIds/{at}"), "UNKNOWN", detail)
            })
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(Problem::invalid(errors)) }
    }

    /// Each entry becomes a reading or a refusal.
    fn batch(
        &self,
        tenant: TenantId,
        parts: &Parts<'_>,
        (entries, mut mended): (&[Result<Placed<'_>, Reason>], BTreeSet<RefusalId>),
        found: Vec<Result<Known, Reason>>,
        window: Window,
    ) -> Batch {
        let now = self.clock.now();
        let mut batch = Batch {
            id: Uuid::now_v7(),
            tenant,
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
                Err(reason) => {
                    let about = entry.as_ref().ok().map(|(assignment, _)| *assignment);
                    // Once: another value that names it would be lost.
                    let mends = Entry::mends(&part.text).filter(|id| mended.remove(id));
                    batch.refusals.push(refuse(&batch, place, part, (about, mends, reason)));
                }
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

/// Finds the assignment of an entry, and gives it its sender's source. What is out of the sender's reach is not there, and
/// nothing is mended but what there is.
fn place<'a>(
    entry: Entry<'a>,
    by_key: &BTreeMap<String, AssignmentId>,
    sender: &'a Sender,
    (hidden, mended): (&BTreeSet<AssignmentId>, &BTreeSet<RefusalId>),
) -> Result<Placed<'a>, Reason> {
    let assignment = entry.assignment(by_key, hidden)?;
    let mut entry = match &sender.source {
        Some(source) => entry.sent_from(source)?,
        None => entry,
    };
    entry.refusal_id = entry.refusal_id.filter(|id| mended.contains(id));
    Ok((assignment, entry))
}

/// The refusal of an entry about an assignment: a new one, or the last try of an earlier one, which it is or names.
fn refuse(
    batch: &Batch,
    place: usize,
    part: &Part<'_>,
    (about, mends, reason): (Option<AssignmentId>, Option<RefusalId>, Reason),
) -> Refusal {
    let about = about.filter(|_| reason.code != RefusalCode::AssignmentUnknown);
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
        Origin::Refusal(earlier) => {
            Refusal { code, detail, assignment_id: about.or(earlier.assignment_id), ..earlier.clone() }
        }
        Origin::List | Origin::Line(_) => Refusal {
            tenant_id: batch.tenant,
            id: mends.unwrap_or_else(|| Refusal::id_of(&part.text)),
            batch_id: batch.id,
            received_at: batch.received_at,
            index: i32::try_from(place).unwrap_or(i32::MAX),
            code,
            detail,
            payload,
            replayed_at: None,
            assignment_id: about,
        },
    }
}
