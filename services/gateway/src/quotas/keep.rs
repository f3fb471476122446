//! What goes on in the background: counts go to the database, settings come from identity, and what is old is forgotten.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bus::Consumer;
use chrono::Months;
use clients::{Caller, Identity};
use db::Db;
use futures_util::future::join3;
use futures_util::{StreamExt, TryStreamExt, stream};
use kernel::{Actor, Problem, Timestamp, Trace};
use observe::Outage;
use tokio::time::{sleep, timeout};
use web::Context;

use super::{Quotas, store};

const WRITE_EVERY: Duration = Duration::from_secs(1);
/// How long a gateway that stops waits for its last word to arrive.
const LAST_WRITE: Duration = Duration::from_secs(1);
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
    let forgotten = async {
        if let Some(forgetting) = forgetting {
            forgetting.await;
        }
    };
    let relay = bus::relay::run(config, "gateway", context.clock.clone(), stop.clone());
    let counting = async {
        let work = join3(write(&quotas, &db), ask(&quotas, &context), forget(&db));
        tokio::select! { () = stop.cancelled() => {}, _ = work => {} }
        if !matches!(timeout(LAST_WRITE, flush(&quotas, &db)).await, Ok(Ok(()))) {
            tracing::warn!(service = "gateway", "what was counted last cannot be written");
        }
    };
    join3(counting, relay, forgotten).await;
}

/// Writes what was counted, once a second. A second that does not arrive is written with the next; one that arrived without our
/// hearing of it is written twice.
async fn write(quotas: &Quotas, db: &Db) -> Infallible {
    let mut outage = Outage::none("the counting of requests");
    loop {
        let pause = match flush(quotas, db).await {
            Ok(()) => {
                outage.is_over();
                WRITE_EVERY
            }
            Err(problem) => outage.lasts(problem).max(WRITE_EVERY),
        };
        sleep(pause).await;
    }
}

/// One statement for each tenant that asked.
async fn flush(quotas: &Quotas, db: &Db) -> Result<(), Problem> {
    for (tenant, counted) in quotas.owed() {
        let who = Actor::service("gateway", tenant, Trace::start());
        let totals = db.write(&who, async |tx| store::add(tx, &counted).await).await?;
        let Some(mut room) = quotas.rooms.get_mut(&tenant) else { continue };
        for total in totals {
            let slot = total.slot();
            if let Ok(at) = counted.binary_search_by_key(&slot, |(sent, _)| *sent)
                && let Some((_, written)) = counted.get(at)
            {
                room.settle(&slot, *written, total.requests);
            }
        }
    }
    Ok(())
}

/// Asks identity for the settings of those who ask: at once of who comes for the first time, and again now and then.
async fn ask(quotas: &Quotas, context: &Context) -> Infallible {
    let caller = Caller::new(Arc::clone(&context.signer), context.clock.clone());
    let identity = Identity::new(caller, context.config.upstreams("identity"));
    let mut outage = Outage::none("the gateway, which asks for the quotas of tenants,");
    loop {
        let asked =
            stream::iter(quotas.unsure()).map(|tenant| quotas.ask(&identity, tenant)).buffer_unordered(ASK_AT_ONCE);
        let pause = match asked.try_collect::<()>().await {
            Ok(()) => {
                outage.is_over();
                ASK_EVERY
            }
            Err(problem) => outage.lasts(problem),
        };
        tokio::select! { () = quotas.stranger.notified() => {}, () = sleep(pause) => {} }
    }
}

async fn forget(db: &Db) -> Infallible {
    loop {
        let now = db.clock().now();
        let before = now.checked_sub_months(KEPT_FOR).map_or(now, Timestamp::from);
        if let Err(problem) = store::forget(db, before).await {
            tracing::warn!(service = "gateway", error = %problem, "old usage could not be forgotten; it will be tried again");
        }
        sleep(FORGET_EVERY).await;
    }
}
