//! From a queue into the service's own transactions.
//!
//! Each delivery's effect, its inbox row and what follows from it commit together, then the delivery is acknowledged:
//! redelivered or published twice, it takes effect once. Up to 100 deliveries of one tenant share a transaction; if
//! that fails they are taken one by one. One that keeps failing is held for some seconds, then dead-lettered.

use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

use contracts::Envelope;
use db::{Db, Tx};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use kernel::config::Broker as Config;
use kernel::problem::UNAVAILABLE;
use kernel::{Actor, EventId, Problem, Trace};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::FieldTable;
use observe::Outage;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};
use uuid::Uuid;

use crate::broker::{Broker, BusError, in_time};
use crate::topology::{Queue, queue};

const BATCH: u16 = 100;
/// Pauses between tries of one delivery: about ten seconds in all.
const RETRIES: [u64; 6] = [100, 300, 800, 1_500, 3_000, 5_000];

type Taken<'a> = LocalBoxFuture<'a, Result<(), Problem>>;
type TakeOne = dyn for<'a> Fn(&'a mut Tx, &'a Envelope) -> Taken<'a>;
type TakeMany = dyn for<'a> Fn(&'a mut Tx, &'a [&'a Envelope]) -> Taken<'a>;

/// A queue and what is done with its events, inside a transaction.
#[derive(Clone)]
pub struct Consumer {
    queue: &'static Queue,
    service: &'static str,
    handle: Handle,
}

#[derive(Clone)]
enum Handle {
    Each(Rc<TakeOne>),
    Together(Rc<TakeMany>),
}

impl Consumer {
    /// A consumer of a queue in the topology. `handle` matches on [`Envelope::key`] and ignores what it does not know:
    /// a newer producer may tell more.
    ///
    /// # Panics
    /// When the topology has no such queue: a mistake in the program, seen at its first start.
    pub fn new(name: &'static str, handle: impl for<'a> Fn(&'a mut Tx, &'a Envelope) -> Taken<'a> + 'static) -> Self {
        Self::of(name, Handle::Each(Rc::new(handle)))
    }

    /// The same, for one that takes the events of a transaction together: what it announces itself follows from none of
    /// them.
    ///
    /// # Panics
    /// As [`Consumer::new`].
    pub fn together(
        name: &'static str,
        handle: impl for<'a> Fn(&'a mut Tx, &'a [&'a Envelope]) -> Taken<'a> + 'static,
    ) -> Self {
        Self::of(name, Handle::Together(Rc::new(handle)))
    }

    /// Removes what a service holds of a tenant that was deleted.
    #[must_use]
    pub fn forgetting(queue: &'static Queue) -> Self {
        Self::of(queue.name, Handle::Each(Rc::new(|tx, _| Box::pin(async { tx.forget_tenant().await }))))
    }

    fn of(name: &'static str, handle: Handle) -> Self {
        let Some(queue) = queue(name) else { panic!("{name} is not in bus::topology") };
        Self { queue, service: queue.service(), handle }
    }
}

/// Consumes until it is told to stop, through every loss of the broker.
pub async fn consume(config: Config, db: Db, consumer: Consumer, stop: CancellationToken) {
    let mut outage = Outage::none(format!("the consumer of {}", consumer.queue.name));
    while !stop.is_cancelled() {
        let pause = match session(&config, &db, &consumer, &stop, &mut outage).await {
            Ok(()) if stop.is_cancelled() => return,
            Ok(()) => outage.lasts("the broker took the queue away"),
            Err(error) => outage.lasts(error),
        };
        tokio::select! { () = stop.cancelled() => return, () = sleep(pause) => {} }
    }
}

/// Consumes until it is told to stop or loses the queue.
async fn session(
    config: &Config,
    db: &Db,
    consumer: &Consumer,
    stop: &CancellationToken,
    outage: &mut Outage,
) -> Result<(), BusError> {
    let broker = Broker::connect(config, consumer.queue.name).await?;
    // The channel lives as long as it is held.
    let (_channel, deliveries) = in_time(async {
        let channel = broker.channel().await?;
        channel.basic_qos(BATCH * 2, BasicQosOptions::default()).await?;
        let (name, options) = (broker.queue(consumer.queue), BasicConsumeOptions::default());
        let deliveries = channel.basic_consume(name.into(), "".into(), options, FieldTable::default()).await?;
        Ok((channel, deliveries))
    })
    .await?;
    let mut batches = deliveries.ready_chunks(usize::from(BATCH));
    outage.is_over();
    loop {
        let batch = tokio::select! { () = stop.cancelled() => return Ok(()), batch = batches.next() => batch };
        let Some(batch) = batch else { return Ok(()) };
        let mut readable = Vec::with_capacity(batch.len());
        for delivery in batch {
            let delivery = delivery?;
            match serde_json::from_slice::<Envelope>(&delivery.data) {
                Ok(event) => readable.push((event, delivery)),
                Err(error) => bury(consumer, &delivery, &format!("not an envelope: {error}")).await?,
            }
        }
        for group in readable.chunk_by(|(a, _), (b, _)| a.tenantid == b.tenantid) {
            take(db, consumer, group, stop).await?;
        }
    }
}

/// Takes the deliveries of one tenant: together, else one by one.
async fn take(
    db: &Db,
    consumer: &Consumer,
    group: &[(Envelope, Delivery)],
    stop: &CancellationToken,
) -> Result<(), BusError> {
    let (Some((_, last)), true) = (group.last(), group.len() > 1) else {
        return take_each(db, consumer, group, stop).await;
    };
    match apply(db, consumer, group).await {
        // Acknowledges the whole group: deliveries are tagged in order.
        Ok(()) => last.acker.ack(BasicAckOptions { multiple: true }).await.map(|_| ()),
        Err(_) => take_each(db, consumer, group, stop).await,
    }
}

async fn take_each(
    db: &Db,
    consumer: &Consumer,
    group: &[(Envelope, Delivery)],
    stop: &CancellationToken,
) -> Result<(), BusError> {
    for one in group {
        let mut pauses = RETRIES.iter();
        loop {
            let Err(problem) = apply(db, consumer, std::slice::from_ref(one)).await else {
                one.1.acker.ack(BasicAckOptions::default()).await?;
                break;
            };
            // Without a database nothing can be taken, and nothing is wrong with the event: wait as long as it lasts.
            let pause = if problem.kind() == &UNAVAILABLE { Some(&1_000) } else { pauses.next() };
            let Some(pause) = pause else {
                bury(consumer, &one.1, &problem.to_string()).await?;
                break;
            };
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = sleep(Duration::from_millis(*pause)) => {}
            }
        }
    }
    Ok(())
}

async fn apply(db: &Db, consumer: &Consumer, group: &[(Envelope, Delivery)]) -> Result<(), Problem> {
    let Some((first, _)) = group.first() else { return Ok(()) };
    let actor = Actor::service(consumer.service, first.tenantid, Trace::start());
    db.write(&actor, async |tx| {
        let new = first_time(tx, consumer.queue.name, group).await?;
        match &consumer.handle {
            Handle::Each(handle) => {
                for event in new {
                    let (span, trace) = step(consumer, event);
                    tx.follow(event, trace);
                    handle(tx, event).instrument(span).await?;
                }
                Ok(())
            }
            Handle::Together(handle) => {
                // Each event's trace shows that it was taken, and how long that took.
                let _steps: Vec<_> = new.iter().map(|event| step(consumer, event)).collect();
                handle(tx, &new).await
            }
        }
    })
    .await?;
    metrics::counter!("cairn_events_consumed_total", "queue" => consumer.queue.name)
        .increment(u64::try_from(group.len()).unwrap_or(0));
    Ok(())
}

/// Where taking this event belongs in its trace.
fn step(consumer: &Consumer, event: &Envelope) -> (Span, Trace) {
    let span = tracing::info_span!(
        "consume",
        queue = consumer.queue.name,
        event.key = event.key(),
        trace_id = tracing::field::Empty
    );
    let trace = observe::continue_trace(Trace::parse(&event.traceparent).unwrap_or_else(Trace::start), &span);
    span.record("trace_id", trace.id());
    (span, trace)
}

/// Notes the events in the inbox, and returns those that were not there yet, each once.
async fn first_time<'a>(
    tx: &mut Tx,
    consumer: &'static str,
    group: &'a [(Envelope, Delivery)],
) -> Result<Vec<&'a Envelope>, Problem> {
    let ids: Vec<Uuid> = group.iter().map(|(event, _)| event.id.0).collect();
    let noted = diesel::sql_query(
        "insert into inbox (tenant_id, consumer, event_id, received_at) \
         select $1, $2, event_id, $3 from unnest($4) as told (event_id) \
         on conflict do nothing returning event_id",
    );
    let noted = noted.bind::<SqlUuid, _>(tx.tenant().0).bind::<Text, _>(consumer).bind::<Timestamptz, _>(tx.now());
    let mut new: HashSet<EventId> = noted
        .bind::<Array<SqlUuid>, _>(ids)
        .load::<Noted>(&mut tx.conn())
        .await?
        .into_iter()
        .map(|row| row.event_id)
        .collect();
    Ok(group.iter().map(|(event, _)| event).filter(|event| new.remove(&event.id)).collect())
}

#[derive(QueryableByName)]
struct Noted {
    #[diesel(sql_type = SqlUuid)]
    event_id: EventId,
}

async fn bury(consumer: &Consumer, delivery: &Delivery, reason: &str) -> Result<(), BusError> {
    tracing::error!(
        queue = consumer.queue.name,
        reason,
        "an event could not be taken and was dead-lettered; see `cairn doctor`"
    );
    metrics::counter!("cairn_events_dead_total", "queue" => consumer.queue.name).increment(1);
    delivery.acker.nack(BasicNackOptions { requeue: false, ..Default::default() }).await.map(|_| ())
}
