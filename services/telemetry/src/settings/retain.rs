//! Deleting what a tenant does not keep: a piece at a time, then again each day.

use chrono::Duration;
use db::Tx;
use jobs::Kind;
use kernel::{Problem, Timestamp};

use super::{model, store};

const NAME: &str = "settings.retain";
/// Values that are deleted at once: those who store values do not notice.
const PIECE: i64 = 10_000;

/// The kind of job.
pub(crate) fn kind() -> Kind {
    Kind::new(NAME, |tx, _| Box::pin(retain(tx)))
}

/// Schedules the job of the tenant.
pub(super) async fn schedule(tx: &mut Tx, at: Timestamp) -> Result<(), Problem> {
    jobs::schedule(tx, NAME, "", &(), at).await
}

/// One piece; a tenant that keeps values as long as the platform does has none.
async fn retain(tx: &mut Tx) -> Result<(), Problem> {
    let settings = store::find(tx, tx.tenant()).await?;
    let Some(days) = settings.and_then(|settings| settings.retention_days) else { return Ok(()) };
    let (now, before) = (tx.now(), model::kept_from(tx.now(), days.into()));
    let deleted = store::delete_values(tx, before, PIECE).await?;
    if i64::try_from(deleted).unwrap_or(PIECE) >= PIECE {
        return schedule(tx, now).await;
    }
    store::delete_rest(tx, before).await?;
    schedule(tx, now + Duration::days(1)).await
}
