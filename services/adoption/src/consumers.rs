//! What adoption hears from others.

use bus::Consumer;
use contracts::Envelope;
use contracts::telemetry::{TASK_FACTS_CHANGED, TaskFacts};
use db::Tx;
use kernel::Problem;
use web::Context;

use crate::{revisions, statuses};

/// The queues of this service.
pub(crate) fn consumers(_: &Context) -> Vec<Consumer> {
    vec![
        Consumer::new("adoption.facts", |tx, event| Box::pin(take(tx, event))),
        Consumer::new("adoption.catalog", |tx, event| Box::pin(revisions::hear(tx, event))),
        locks::consumer("adoption.edit-locks"),
        grants::consumer("adoption.grants"),
    ]
}

async fn take(tx: &mut Tx, event: &Envelope) -> Result<(), Problem> {
    if event.key() != TASK_FACTS_CHANGED.key {
        return Ok(());
    }
    let told: TaskFacts = event.state().map_err(Problem::internal)?;
    statuses::hear(tx, &told).await
}
