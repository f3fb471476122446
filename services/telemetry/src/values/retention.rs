//! Partitions made ahead of their day and dropped when values are not kept any longer.

use std::collections::BTreeSet;
use std::time::Duration as Pause;

use chrono::{Duration, NaiveDate};
use db::Db;
use kernel::{Problem, Timestamp};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::store;

const EVERY: Pause = Pause::from_secs(3_600);
const AFTER_FAILURE: Pause = Pause::from_secs(10);

/// Looks after the partitions until the service stops. Replicas may do so at once.
pub(crate) async fn run(db: Db, retention_days: i64, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let now = db.clock().now();
        let pause = match upkeep(&db, now, now - Duration::days(retention_days)).await {
            Ok(()) => EVERY,
            Err(problem) => {
                tracing::warn!(error = %problem, "the partitions of values could not be looked after; it will be tried again");
                AFTER_FAILURE
            }
        };
        tokio::select! { () = stop.cancelled() => {}, () = sleep(pause) => {} }
    }
}

/// The day itself and the next are made before the first value of the day needs one.
async fn upkeep(db: &Db, now: Timestamp, before: Timestamp) -> Result<(), Problem> {
    let days: BTreeSet<NaiveDate> = [0, 1].map(|ahead| (now + Duration::days(ahead)).date_naive()).into();
    store::ensure_partitions(db, &days).await?;
    store::forget(db, before).await
}
