//! What goes on in the background: counts go to the database, settings come from identity, and what is old is forgotten.

use std::sync::Arc;
use std::time::Duration;

use bus::Consumer;
use chrono::Months;
use clients::{Caller, Identity};
use db::Db;
use futures_util::future::join5;
use futures_util::{StreamExt, TryStreamExt, stream};
use kernel::{Actor, Problem, Timestamp, Trace};
use observe::Outage;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use web::Context;

use super::{Quotas, store};

const WRITE_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whose settings are old.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// Tenants whose settings are asked for at a time.
const ASK_AT_ONCE: usize = 8;
const FORGET_EVERY: Duration = Duration::from_secs(3_600);
/// How long usage is kept.
const KEPT_FOR: Months = Months::new(13);

/// Keeps the counts until the gateway stops. The gateway's schema is as every service's: the relay, which has nothing to publish
/// here, looks after its partitions and its inbox, and the inbox knows which deleted tenants were forgotten.
pub(crate) async fn keep(context: Context, quotas: Arc<Quotas>) {
    let (db, config, stop) = (context.pool(), (*context.config).clone(), context.stop.clone());
    let forgetting = bus::topology::queue("gateway.tenants").map(Consumer::forgetting);
    let forgetting = forgetting.map(|consumer| bus::consume(config.broker.clone(), db.clone(), consumer, stop.clone()));
    let relay = bus::relay::run(config, "gateway", context.clock.clone(), stop.clone());
    let forgotten = async {
        if let Some(forgetting) = forgetting {
            forgetting.await;
        }
    };
    join5(write(&quotas, &db, &stop), ask(&quotas, &context), forget(&db, &stop), relay, forgotten).await;
}

/// Writes what was counted, once a second, and the rest when the gateway stops. A second that does not arrive is written with the
/// next; one that arrived without our hearing of it is written twice.
async fn write(quotas: &Quotas, db: &Db, stop: &CancellationToken) {
    let mut outage = Outage::none("the counting of requests");
    loop {
        let is_last = stop.is_cancelled();
        let pause = match flush(quotas, db).await {
            Ok(()) => {
                outage.is_over();
                WRITE_EVERY
            }
            Err(problem) => outage.lasts(problem).max(WRITE_EVERY),
        };
        if is_last {
            return;
        }
        tokio::select! { () = stop.cancelled() => {}, () = sleep(pause) => {} }
    }
}

/// One statement for each tenant that asked.
async fn flush(quotas: &Quotas, db: &Db) -> Result<(), Problem> {
    for (tenant, counted) in quotas.owed() {
        let who = Actor::service("gateway", tenant, Trace::start());
        let totals = db.write(&who, async |tx| store::add(tx, &counted).await).await?;
        if let Some(mut room) = quotas.rooms.get_mut(&tenant) {
            // The rows that were sent come back, in any order.
            for total in totals {
                let slot = total.slot();
                let written = counted.iter().find(|(sent, _)| *sent == slot).map_or(0, |(_, requests)| *requests);
                room.settle(&slot, written, total.requests);
            }
        }
    }
    Ok(())
}

/// Asks identity for the settings of those who ask: at once of who comes for the first time, and again now and then.
async fn ask(quotas: &Quotas, context: &Context) {
    let caller = Caller::new(Arc::clone(&context.signer), context.clock.clone());
    let identity = Identity::new(caller, context.config.upstreams("identity"));
    let mut outage = Outage::none("the gateway, which asks for the quotas of tenants,");
    while !context.stop.is_cancelled() {
        let asked =
            stream::iter(quotas.unsure()).map(|tenant| quotas.ask(&identity, tenant)).buffer_unordered(ASK_AT_ONCE);
        let pause = match asked.try_collect::<()>().await {
            Ok(()) => {
                outage.is_over();
                ASK_EVERY
            }
            Err(problem) => outage.lasts(problem),
        };
        tokio::select! {
            () = context.stop.cancelled() => {}
            () = quotas.stranger.notified() => {}
            () = sleep(pause) => {}
        }
    }
}

async fn forget(db: &Db, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        let now = db.clock().now();
        let before = now.checked_sub_months(KEPT_FOR).map_or(now, Timestamp::from);
        if let Err(problem) = store::forget(db, before).await {
            tracing::warn!(service = "gateway", error = %problem, "old usage could not be forgotten; it will be tried again");
        }
        tokio::select! { () = stop.cancelled() => {}, () = sleep(FORGET_EVERY) => {} }
    }
}
