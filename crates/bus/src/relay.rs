//! From the outbox to the broker: in order, confirmed, then marked.
//!
//! One relay per service is the leader, by an advisory lock that its connection holds; replicas wait for it to go away.
//! It is woken by NOTIFY after commits and looks every 250 ms regardless. When the broker refuses or vanishes it stops,
//! reconnects and goes on from the first event that was not confirmed: an event may be published twice, never lost.

use std::convert::Infallible;
use std::time::Duration;

use db::{Wake, events};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Date, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use futures_util::StreamExt;
use kernel::config::Config;
use kernel::{Clock, EventId, Problem, Timestamp};
use lapin::options::BasicPublishOptions;
use lapin::{Channel, Confirmation};
use observe::Outage;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::broker::{Broker, in_time, persistent};

const BATCH: i64 = 500;
const LOOK_EVERY: Duration = Duration::from_millis(250);
const UPKEEP_EVERY: Duration = Duration::from_secs(600);
/// At most one NOTIFY in this time: more would serialise commits inside Postgres.
const RING_EVERY: Duration = Duration::from_millis(10);

/// Publishes a service's events until it is told to stop.
pub async fn run(config: Config, service: &'static str, clock: Clock, stop: CancellationToken) {
    let mut outage = Outage::none(format!("the relay of {service}"));
    while !stop.is_cancelled() {
        let ended = tokio::select! {
            () = stop.cancelled() => return,
            ended = lead(&config, service, &clock, &mut outage) => ended,
        };
        let Err(problem) = ended;
        let pause = outage.lasts(problem);
        tokio::select! { () = stop.cancelled() => return, () = sleep(pause) => {} }
    }
}

/// Rings the relay's bell after commits, on a connection of its own.
pub async fn ring(url: String, service: &'static str, wake: Wake, stop: CancellationToken) {
    let mut connection: Option<AsyncPgConnection> = None;
    loop {
        tokio::select! { () = stop.cancelled() => return, () = wake.notified() => {} }
        if connection.is_none() {
            connection = AsyncPgConnection::establish(&url).await.ok();
        }
        if let Some(conn) = &mut connection {
            let rung =
                diesel::sql_query("select pg_notify($1, '')").bind::<Text, _>(channel_of(service)).execute(conn).await;
            if rung.is_err() {
                connection = None; // the relay looks by itself until this is mended
            }
        }
        sleep(RING_EVERY).await;
    }
}

fn channel_of(service: &str) -> String {
    format!("cairn_{service}_events")
}

#[derive(Queryable)]
struct Waiting {
    tenant_id: Uuid,
    id: EventId,
    recorded_at: Timestamp,
    routing_key: String,
    envelope: String,
}

async fn lead(
    config: &Config,
    service: &'static str,
    clock: &Clock,
    outage: &mut Outage,
) -> Result<Infallible, Problem> {
    let Some(url) = config.role_url(&format!("{service}_relay")) else {
        return Err(Problem::internal("no database URL for the relay"));
    };
    let mut conn = AsyncPgConnection::establish(url.reveal())
        .await
        .map_err(|error| Problem::unavailable("The database", error))?;
    become_leader(&mut conn, service).await?;
    // A mark that a crash of Postgres loses means publishing once more, which every inbox expects.
    diesel::sql_query("set synchronous_commit = off").execute(&mut conn).await?;
    diesel::sql_query(format!("listen {}", channel_of(service))).execute(&mut conn).await?;
    let broker = Broker::connect(&config.broker, &format!("{service} relay")).await.map_err(away)?;
    let channel = in_time(broker.publisher()).await.map_err(away)?;
    let exchange = broker.exchange();
    tracing::info!(service, "the relay publishes");
    outage.is_over();
    let mut upkeep_at = Instant::now();
    loop {
        if upkeep_at <= Instant::now() {
            upkeep(&mut conn, clock.now()).await?;
            upkeep_at = Instant::now() + UPKEEP_EVERY;
        }
        let rows = waiting(&mut conn).await?;
        let full = i64::try_from(rows.len()).unwrap_or(BATCH) == BATCH;
        if !rows.is_empty() {
            publish(&mut conn, &channel, &exchange, rows, clock).await?;
        }
        if !full {
            let mut bell = std::pin::pin!(conn.notifications_stream());
            // Elapsed or rung: look again either way. A lost connection shows at the next statement.
            let _rung = timeout(LOOK_EVERY, bell.next()).await;
        }
    }
}

async fn become_leader(conn: &mut AsyncPgConnection, service: &str) -> Result<(), Problem> {
    #[derive(QueryableByName)]
    struct Taken {
        #[diesel(sql_type = Bool)]
        taken: bool,
    }
    loop {
        let lock = diesel::sql_query("select pg_try_advisory_lock(hashtext($1)) as taken");
        let row: Taken = lock.bind::<Text, _>(format!("cairn relay {service}")).get_result(conn).await?;
        if row.taken {
            return Ok(());
        }
        sleep(Duration::from_secs(1)).await;
    }
}

async fn waiting(conn: &mut AsyncPgConnection) -> Result<Vec<Waiting>, Problem> {
    Ok(events::table
        .select((events::tenant_id, events::id, events::recorded_at, events::routing_key, events::envelope))
        .filter(events::published_at.is_null())
        .order(events::position)
        .limit(BATCH)
        .load(conn)
        .await?)
}

/// Sends all, then waits for the confirms in order; marks what was confirmed, and fails on the first that was not.
async fn publish(
    conn: &mut AsyncPgConnection,
    channel: &Channel,
    exchange: &str,
    rows: Vec<Waiting>,
    clock: &Clock,
) -> Result<(), Problem> {
    let mandatory = BasicPublishOptions { mandatory: true, ..Default::default() };
    let mut confirms = Vec::with_capacity(rows.len());
    for row in &rows {
        let sent = channel.basic_publish(
            exchange.into(),
            row.routing_key.as_str().into(),
            mandatory,
            row.envelope.as_bytes(),
            persistent(),
        );
        confirms.push(sent.await.map_err(away)?);
    }
    let mut confirmed = 0;
    let mut failure = None;
    for confirm in confirms {
        match confirm.await {
            Ok(Confirmation::Ack(None)) => confirmed += 1,
            Ok(_) => {
                failure = Some(Problem::unavailable("The broker", "an event was refused or had no queue"));
                break;
            }
            Err(error) => {
                failure = Some(away(error));
                break;
            }
        }
    }
    let done = rows.get(..confirmed).unwrap_or_default();
    if let (Some(first), Some(last)) =
        (done.iter().map(|row| row.recorded_at).min(), done.iter().map(|row| row.recorded_at).max())
    {
        let tenants: Vec<Uuid> = done.iter().map(|row| row.tenant_id).collect();
        let ids: Vec<Uuid> = done.iter().map(|row| row.id.0).collect();
        diesel::sql_query(
            "update events e set published_at = $1 from unnest($2, $3) as done (tenant_id, id) \
             where e.tenant_id = done.tenant_id and e.id = done.id and e.recorded_at between $4 and $5",
        )
        .bind::<Timestamptz, _>(clock.now())
        .bind::<Array<SqlUuid>, _>(tenants)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Timestamptz, _>(first)
        .bind::<Timestamptz, _>(last)
        .execute(conn)
        .await?;
        metrics::counter!("cairn_events_published_total").increment(u64::try_from(confirmed).unwrap_or(0));
    }
    failure.map_or(Ok(()), Err)
}

/// Partitions of the coming days; and what is kept for a time only.
async fn upkeep(conn: &mut AsyncPgConnection, now: Timestamp) -> Result<(), Problem> {
    diesel::sql_query("select ensure_event_partitions($1)").bind::<Date, _>(now.date_naive()).execute(conn).await?;
    diesel::delete(db::inbox::table)
        .filter(db::inbox::received_at.lt(now - chrono::Duration::days(7)))
        .execute(conn)
        .await?;
    diesel::delete(db::idempotency_keys::table)
        .filter(db::idempotency_keys::created_at.lt(now - chrono::Duration::days(30)))
        .execute(conn)
        .await?;
    Ok(())
}

fn away(error: lapin::Error) -> Problem {
    Problem::unavailable("The broker", error)
}
