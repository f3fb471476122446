//! A lock ends with its session.

use bus::Consumer;
use contracts::Envelope;
use contracts::identity::{EDIT_LOCK_RELEASED, EditLockView, SESSION_REVOKED};
use db::Tx;
use kernel::{Problem, SessionId};
use serde::Deserialize;

use super::store;

/// As much of a session as is needed here.
#[derive(Deserialize)]
struct Ended {
    id: SessionId,
}

/// Hears which sessions have ended.
pub(crate) fn consumer() -> Consumer {
    Consumer::new("identity.edit-locks", |tx, event| Box::pin(hear(tx, event)))
}

async fn hear(tx: &mut Tx, event: &Envelope) -> Result<(), Problem> {
    if event.key() != SESSION_REVOKED.key {
        return Ok(());
    }
    let ended: Ended = event.state().map_err(Problem::internal)?;
    let now = tx.now();
    let gone = store::delete_of(tx, ended.id).await?;
    let views: Vec<(EditLockView, EditLockView)> =
        gone.into_iter().map(|lock| (lock.clone().into(), lock.released(now).into())).collect();
    tx.announce_all(&EDIT_LOCK_RELEASED, views.iter().map(|(before, after)| (Some(before), after))).await
}
