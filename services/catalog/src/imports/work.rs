//! Large files are read, and many changes made, after the answer.

use std::cell::Cell;
use std::convert::Infallible;
use std::time::Duration;

use db::{Db, Tx};
use jobs::{ATTEMPTS, Job, Kind};
use kernel::{ImportId, Problem};
use tokio::time::sleep;

use super::dry_run::For;
use super::lines::{self, LineKind};
use super::model::{Import, ImportStatus};
use super::{apply, dry_run, store};
use crate::later;

/// Reads a file, or does what it has shown.
pub(super) const WORK: &str = "import";
/// Forgets an import.
pub(super) const EXPIRY: &str = "import-expiry";

/// How often it is told how far an import is.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// The work.
pub(crate) fn work(db: Db) -> Kind {
    Kind::new(WORK, move |tx, job| {
        let db = db.clone();
        Box::pin(async move { perform(&db, tx, job).await })
    })
}

/// What is forgotten after a day.
pub(crate) fn expiry() -> Kind {
    Kind::new(EXPIRY, |tx, job| Box::pin(forget(tx, job)))
}

async fn perform(db: &Db, tx: &mut Tx, job: &Job) -> Result<(), Problem> {
    let id: ImportId = job.payload()?;
    let Some(import) = store::find_any(tx, tx.tenant(), id).await? else { return Ok(()) };
    let outcome = match import.status {
        ImportStatus::Reading => db.write(&import.actor(), async |tx| examine_alone(tx, id).await).await,
        ImportStatus::Applying => {
            let work = async |tx: &mut Tx| {
                let announced = tx.tally();
                tokio::select! {
                    outcome = apply_alone(tx, id) => outcome,
                    never = tell_progress(db, &import, &announced) => match never {},
                }
            };
            db.write(&import.actor(), work).await
        }
        _ => return Ok(()),
    };
    let Err(problem) = outcome else { return Ok(()) };
    if problem.kind().status >= 500 && job.attempts < ATTEMPTS {
        return Err(problem);
    }
    tracing::info!(import = %id, error = %problem, "an import did not go");
    let failed = import.clone().failed(&problem, tx.now());
    store::update(tx, &import, &failed).await.map(drop)
}

/// Reads a file, unless somebody else has.
async fn examine_alone(tx: &mut Tx, id: ImportId) -> Result<(), Problem> {
    let Some((import, file)) = alone(tx, id, ImportStatus::Reading).await? else { return Ok(()) };
    examine(tx, &import, dry_run::read(&import, file).await?).await.map(drop)
}

/// Does what an import has shown, unless somebody else has.
async fn apply_alone(tx: &mut Tx, id: ImportId) -> Result<(), Problem> {
    let Some((import, file)) = alone(tx, id, ImportStatus::Applying).await? else { return Ok(()) };
    finish(tx, import, file).await.map(drop)
}

/// The import with its file, if it still stands so when nobody else works on it.
async fn alone(tx: &mut Tx, id: ImportId, status: ImportStatus) -> Result<Option<(Import, Vec<u8>)>, Problem> {
    later::turn(tx, &id.to_string()).await?;
    let import = store::find_any(tx, tx.tenant(), id).await?.filter(|import| import.status == status);
    let Some(import) = import else { return Ok(None) };
    let file = store::file(tx, tx.tenant(), id).await?.unwrap_or_default();
    Ok(Some((import, file)))
}

/// Compares what a file says with what is there, and writes down what it would do.
pub(super) async fn examine(tx: &mut Tx, import: &Import, read: workbook::Read) -> Result<Import, Problem> {
    let run = dry_run::compare(tx, import, read, For::Showing).await?;
    let after = run.of(import, tx.now());
    store::insert_lines(tx, import.id, LineKind::Change, &run.lines).await?;
    store::insert_lines(tx, import.id, LineKind::Fault, &lines::of_faults(run.faults.listed())?).await?;
    if store::update(tx, import, &after).await? { Ok(after) } else { Err(Problem::not_found("import")) }
}

/// Does what an import has shown.
pub(super) async fn finish(tx: &mut Tx, import: Import, file: Vec<u8>) -> Result<Import, Problem> {
    let read = dry_run::read(&import, file).await?;
    let owner = apply::apply(tx, &import, read).await?;
    let done = import.clone().done(owner, tx.now());
    if store::update(tx, &import, &done).await? { Ok(done) } else { Err(Problem::not_found("import")) }
}

async fn forget(tx: &mut Tx, job: &Job) -> Result<(), Problem> {
    let id: ImportId = job.payload()?;
    store::delete(tx, id).await
}

/// Tells others how far it is, by transactions of its own: about one event is announced for each change. That it could not be told
/// stops nothing.
async fn tell_progress(db: &Db, import: &Import, announced: &Cell<usize>) -> Infallible {
    let mut told = 0;
    loop {
        sleep(TELL_EVERY).await;
        let done = announced.get().min(import.changes());
        if done == told {
            continue;
        }
        told = done;
        let telling = db.write(&import.actor(), async |tx| store::progress(tx, import.id, done).await).await;
        if let Err(problem) = telling {
            tracing::info!(import = %import.id, error = %problem, "how far an import is could not be told");
        }
    }
}
