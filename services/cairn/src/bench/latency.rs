//! (d) From a change to those who listen, at a thousand changes a second.
//!
//! Tasks are reordered through the gateway, ten in a request, each with an event of its own; the audit trail takes the
//! events from its queue. An event bears the moment at which its transaction began, and its row in the inbox the moment at
//! which the consumer's did: what lies between includes the commit, which waits for the disk.

use std::time::Duration;

use futures_util::future::try_join_all;
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::fill::{PRODUCTS, Plan};
use super::table::{Row, milliseconds, thousands};
use super::{Bench, Outcome, TURNS};

/// Events of one request.
const AT_ONCE: u32 = 10;
/// Each product is reordered this often: together, 1,000 events a second.
const PAUSE: Duration = Duration::from_millis(200);
/// What is on its way after the last change must arrive within this time.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(30);

pub(super) async fn measure(bench: &Bench<'_>) -> Outcome<Vec<Row>> {
    let token = bench.platform.sign_in().await?;
    let start = bench.postgres.run(&["select now()"]).await?;
    let (time, began) = (bench.turn * TURNS, Instant::now());
    let senders = bench.content.plans().iter().zip(0..).map(|(plan, number)| send(bench, &token, plan, number, time));
    let sent: u32 = try_join_all(senders).await?.into_iter().sum();
    let rate = f64::from(sent) / began.elapsed().as_secs_f64();
    let (p50, p99) = arrivals(bench, &start, sent).await?;
    let what = format!("from change to consumer, at {} events/s", thousands(rate));
    Ok(vec![Row::figure(what, format!("p50 {}", milliseconds(p50))).aim("p99 < 50 ms").p99(p99)])
}

/// The changes of one product, one after the other; returns how many. Who is late makes up for it.
async fn send(bench: &Bench<'_>, token: &str, plan: &Plan, number: u32, time: Duration) -> Outcome<u32> {
    let mut tasks = bench.platform.ids(&plan.tasks(), token).await?;
    // The products take turns.
    sleep(PAUSE * number / u32::try_from(PRODUCTS)?).await;
    let mut ticks = interval(PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (began, mut sent) = (Instant::now(), 0);
    while began.elapsed() < time {
        ticks.tick().await;
        // The first ones move round, each to another place; the others stay.
        if let Some(first) = tasks.get_mut(..usize::try_from(AT_ONCE)?) {
            first.rotate_left(1);
        }
        bench.platform.post(&plan.reorder(), token, json!({ "taskIds": tasks }).to_string()).await?;
        sent += AT_ONCE;
    }
    Ok(sent)
}

/// How long the events of these changes took to reach the audit trail: half of them, and 99 of 100.
async fn arrivals(bench: &Bench<'_>, start: &str, sent: u32) -> Outcome<(Duration, Duration)> {
    let began = Instant::now();
    let arrivals = format!(
        "with arrivals as ( \
             select extract(epoch from i.received_at - e.recorded_at)::float8 as took \
             from catalog.events e join identity.inbox i on i.tenant_id = e.tenant_id and i.event_id = e.id \
             where e.routing_key = 'catalog.task.reordered' and e.recorded_at >= '{start}' and i.consumer = 'identity.audit') \
         select count(*), percentile_cont(0.5) within group (order by took), percentile_cont(0.99) within group (order by took) \
         from arrivals"
    );
    while began.elapsed() < ARRIVAL_LIMIT {
        let row = bench.postgres.run(&[&arrivals]).await?;
        let mut numbers = row.split('|').map(str::parse::<f64>);
        if let (Some(Ok(arrived)), Some(Ok(p50)), Some(Ok(p99))) = (numbers.next(), numbers.next(), numbers.next())
            && arrived >= f64::from(sent)
        {
            return Ok((Duration::from_secs_f64(p50), Duration::from_secs_f64(p99)));
        }
        sleep(Duration::from_millis(200)).await;
    }
    Err("some events did not reach the audit trail".into())
}
