//! One tail on its way.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use actix_web::Error;
use actix_web::web::Bytes;
use db::Db;
use futures_util::{Stream, stream};
use kernel::{BatchId, Problem};
use tokio::time::sleep;
use uuid::Uuid;
use web::{Allow, Context};

use super::api::TailQuery;
use super::room::Seat;
use super::store::{self, Shown};
use crate::access;
use crate::permissions::ValueRead;

/// How often it is looked for new batches.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A comment. A connection that was closed shows when it is written to, and only then: the tenant waits for its seat.
const BEAT: Bytes = Bytes::from_static(b": \n\n");
/// How long after it was taken a batch may become durable, in milliseconds: longer than a flush waits for anything.
const LOOK_BACK: u128 = 30_000;
/// Values shown of one look.
const MOST: usize = 500;

/// A tail: it ends with the token, the tenant's patience or the service.
pub(super) struct Feed {
    _seat: Seat,
    caller: Allow<ValueRead>,
    db: Db,
    context: Context,
    wanted: TailQuery,
    /// The batches of the last moments that were shown, or were there before.
    shown: BTreeSet<BatchId>,
}

impl Feed {
    /// A tail that begins now.
    pub(super) async fn open(
        seat: Seat,
        caller: Allow<ValueRead>,
        db: Db,
        context: Context,
        wanted: TailQuery,
    ) -> Result<Self, Problem> {
        let tenant = caller.tenant;
        let there = db.read(tenant, async |conn| store::batches(conn, tenant, back()).await).await?;
        let shown = there.into_iter().map(|batch| batch.id).collect();
        Ok(Self { _seat: seat, caller, db, context, wanted, shown })
    }

    /// The frames, the first of them at once: it tells the client that the tail is open.
    pub(super) fn frames(self) -> impl Stream<Item = Result<Bytes, Error>> {
        stream::unfold((self, true), async |(mut feed, opens)| {
            let frame = if opens { Some(BEAT) } else { feed.next().await };
            frame.map(|frame| (Ok(frame), (feed, false)))
        })
    }

    /// The next frame; none when the caller may see no more, or the database is away: then they may come back.
    async fn next(&mut self) -> Option<Bytes> {
        tokio::select! { () = self.context.stop.cancelled() => return None, () = sleep(LOOK_EVERY) => {} }
        self.context.verifier.still_counts(&self.caller, self.context.clock.now()).ok()?;
        let frames = self.look().await.ok()?;
        Some(if frames.is_empty() { BEAT } else { frames.into() })
    }

    /// What has come since the last look, as frames.
    async fn look(&mut self) -> Result<String, Problem> {
        let (tenant, since) = (self.caller.tenant, back());
        let (shown, wanted, caller) = (&self.shown, &self.wanted, &self.caller);
        let most = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
        let (new, came) = self
            .db
            .read(tenant, async |conn| {
                let mut new = store::batches(conn, tenant, since).await?;
                new.retain(|batch| !shown.contains(&batch.id));
                if new.is_empty() {
                    return Ok((new, Vec::new()));
                }
                let scope = access::scope(caller, conn).await?;
                let came = store::values(conn, tenant, &new, (wanted, &scope), most).await?;
                Ok((new, came))
            })
            .await?;
        self.shown.extend(new.into_iter().map(|batch| batch.id));
        self.shown.retain(|batch| *batch >= since);
        let more = came.len() > MOST;
        let mut frames = String::new();
        for value in came.into_iter().take(MOST).map(Shown::from) {
            let data = serde_json::to_string(&value).map_err(Problem::internal)?;
            let _ = write!(frames, "event: value\ndata: {data}\n\n");
        }
        if more {
            let _ = write!(frames, "event: more\ndata: {{\"shown\":{MOST}}}\n\n");
        }
        Ok(frames)
    }
}

/// The least id of a batch that may become durable now: ids begin with the moment they were made at.
fn back() -> BatchId {
    let now = Uuid::now_v7().as_u128() >> 80;
    BatchId(Uuid::from_u128(now.saturating_sub(LOOK_BACK) << 80))
}
