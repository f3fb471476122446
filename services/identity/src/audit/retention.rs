//! Once a day the oldest rows go, in every tenant, and every chain gets the seal of the present master key.

use std::time::Duration;

use chrono::Duration as Span;
use db::{Db, Tx};
use kernel::keys::Keyring;
use kernel::{Actor, Problem, TenantId, Timestamp, Trace};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::store;
use crate::accounts::tenants;
use crate::activity;
use crate::settings;

const SWEEP_EVERY: Duration = Duration::from_secs(24 * 3_600);
const AGAIN: Duration = Duration::from_secs(5);
/// Rows that go in one transaction, during which the trail waits.
const AT_ONCE: i32 = 5_000;

/// Sweeps until the service stops. Replicas may do so at once: each chain has its lock.
pub(crate) async fn sweep(db: Db, keys: Keyring, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let pause = match sweep_all(&db, &keys, &stop).await {
            Ok(()) => SWEEP_EVERY,
            Err(problem) => {
                tracing::info!(error = %problem, "audit trails could not all be swept; it will be tried again");
                AGAIN
            }
        };
        tokio::select! { () = stop.cancelled() => {}, () = sleep(pause) => {} }
    }
}

/// Sweeps every tenant, also behind one that fails.
async fn sweep_all(db: &Db, keys: &Keyring, stop: &CancellationToken) -> Result<(), Problem> {
    let mut outcome = Ok(());
    for tenant in db.global(async |conn| tenants::ids(conn).await).await? {
        if stop.is_cancelled() {
            break;
        }
        outcome = sweep_tenant(db, keys, tenant).await.and(outcome);
    }
    outcome
}

async fn sweep_tenant(db: &Db, keys: &Keyring, tenant: TenantId) -> Result<(), Problem> {
    let actor = Actor::service("identity", tenant, Trace::start());
    let days = db.read(tenant, async |conn| settings::of(conn, tenant).await).await?.audit_retention_days;
    let kept_since = db.clock().now() - Span::days(i64::from(days));
    while db.write(&actor, async |tx| trim(tx, keys, kept_since).await).await? {}
    db.write(&actor, async |tx| activity::forget(tx, kept_since).await).await
}

/// Lets go of some rows and seals the head; says whether there may be more. A chain that somebody altered stays as it is.
async fn trim(tx: &mut Tx, keys: &Keyring, kept_since: Timestamp) -> Result<bool, Problem> {
    let Some(head) = store::head_for_change(tx).await?.filter(|head| head.may_be_sealed(keys)) else {
        return Ok(false);
    };
    let removed = store::forget(tx, kept_since, AT_ONCE).await?;
    let moved = store::head_for_change(tx).await?.unwrap_or(head);
    let sealed = moved.clone().sealed(keys);
    if sealed.seal != moved.seal {
        store::update_head(tx, &sealed).await?;
    }
    if removed > 0 {
        tracing::info!(tenant = %tx.tenant(), removed, "rows of an audit trail were older than it is kept");
    }
    Ok(removed == i64::from(AT_ONCE))
}
