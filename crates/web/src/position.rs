//! Read your writes across services: a write tells its position, a read waits until its own service has seen it.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Data;
use bus::topology;
use db::{Announced, Db, inbox};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::problem::{PROJECTION_BEHIND, REQUEST_MALFORMED};
use kernel::{EventId, Problem, TenantId};
use tokio::time::{Instant, sleep};

use crate::allow::Allow;
use crate::service::Context;

const POSITION: HeaderName = HeaderName::from_static("cairn-position");
const READ_AFTER: &str = "cairn-read-after";
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Writes the position of the last announced event into the answer.
pub(crate) fn tell<P>(who: &Allow<P>, announced: &Announced, response: &mut HttpResponse) {
    let Some(context) = who.request.app_data::<Data<Context>>() else { return };
    let sealed = context.config.keys.seal("position", &(who.tenant, announced.key, announced.id));
    if let Ok(value) = HeaderValue::try_from(sealed) {
        response.headers_mut().insert(POSITION, value);
    }
}

/// Waits until this service's consumers of that event have taken it. Services that do not listen to it answer at once.
pub(crate) async fn wait<P>(who: &Allow<P>, db: &Db) -> Result<(), Problem> {
    let (Some(sealed), Some(context)) = (who.header(READ_AFTER), who.request.app_data::<Data<Context>>()) else {
        return Ok(());
    };
    let opened = context.config.keys.open::<(TenantId, String, EventId)>("position", sealed);
    let Some((_, key, event)) = opened.filter(|(tenant, ..)| *tenant == who.tenant) else {
        return Err(REQUEST_MALFORMED.detail("Cairn-Read-After is not a position that a write of yours gave out."));
    };
    let deadline = Instant::now() + LONGEST_WAIT;
    let mut pause = Duration::from_millis(2);
    for queue in topology::consumers_of(context.service, &key) {
        while !seen(who, db, queue.name, event).await? {
            if Instant::now() >= deadline {
                let how = "The write is safe; this side has not caught up with it yet. Try again shortly.";
                return Err(PROJECTION_BEHIND.detail(how).retry_after(1));
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
    Ok(())
}

async fn seen<P>(who: &Allow<P>, db: &Db, consumer: &'static str, event: EventId) -> Result<bool, Problem> {
    db.read(who.tenant, async |mut conn| {
        let row = inbox::table.find((who.tenant, consumer, event)).select(inbox::event_id);
        Ok(row.first::<EventId>(&mut conn).await.optional()?.is_some())
    })
    .await
}
