//! (k) From a signal to done, at five thousand values a second.
//!
//! Senders keep reporting for most plans. Beside them, one value at a time is sent for a task of another plan, and that task is
//! read through the gateway until it says that it is done: the value is stored and evaluated by then, the facts are told,
//! heard and followed, and the plan's sums are computed.

use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::{try_join, try_join_all};
use kernel::Clock;
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::fill::Plan;
use super::table::{Row, milliseconds, thousands};
use super::telemetry::{BATCH, batch};
use super::{Bench, Outcome, TURNS};

/// Plans whose tasks are watched; the others make the load.
const WATCHED: usize = 4;
/// Each sends a batch in every second.
const SENDERS: u32 = 5;
/// How long nothing is asked while a task is not there yet.
const LOOK_EVERY: Duration = Duration::from_millis(5);
const LIMIT: Duration = Duration::from_secs(30);

pub(super) async fn measure(bench: &Bench<'_>) -> Outcome<Row> {
    let token = bench.platform.sign_in().await?;
    let (time, began) = (bench.turn * TURNS, Instant::now());
    let (watched, others) = bench.content.plans().split_at(WATCHED);
    let load = (0..SENDERS).zip(others).map(|(number, plan)| send(bench, &token, plan, number, time));
    let watch = watched.iter().map(|plan| watch(bench, &token, plan, time));
    let (sent, waits) = try_join(try_join_all(load), try_join_all(watch)).await?;
    let rate = f64::from(sent.into_iter().sum::<u32>()) / began.elapsed().as_secs_f64();
    let mut waits: Vec<Duration> = waits.into_iter().flatten().collect();
    waits.sort_unstable();
    let at = |percent: usize| waits.get(waits.len() * percent / 100).copied().unwrap_or_default();
    let what = format!("from a value to its task done, at {} values/s ({} tasks)", thousands(rate), waits.len());
    let figure = format!("p50 {}, p95 {}", milliseconds(at(50)), milliseconds(at(95)));
    Ok(Row::figure(what, figure).aim("p95 < 1 s").p99(at(99)))
}

/// The load of one sender; returns how many values it sent. Who is late makes up for it.
async fn send(bench: &Bench<'_>, token: &str, plan: &Plan, number: u32, time: Duration) -> Outcome<u32> {
    // The senders take turns.
    sleep(Duration::from_secs(1) * number / SENDERS).await;
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut moment = Clock::system().now() - TimeDelta::minutes(1);
    let (began, mut sent) = (Instant::now(), 0);
    while began.elapsed() < time {
        ticks.tick().await;
        bench.platform.post("/telemetry/v1/values", token, batch(plan, &mut moment)).await?;
        sent += BATCH;
    }
    Ok(sent)
}

/// Opens and closes tasks of a plan in turn; returns how long each took to be done.
async fn watch(bench: &Bench<'_>, token: &str, plan: &Plan, time: Duration) -> Outcome<Vec<Duration>> {
    let path = format!("/telemetry/v1/attributes?assignmentId={}&limit=200", plan.assignment);
    let attributes = bench.platform.get(&path, token).await?;
    let text = |attribute: &Value, name: &str| attribute.get(name).and_then(Value::as_str).map(str::to_owned);
    let attributes = attributes.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let ids = attributes.iter().filter_map(|one| Some((text(one, "id")?, text(one, "customerTaskId")?)));
    let (began, mut waits) = (Instant::now(), Vec::new());
    for (attribute, task) in ids.collect::<Vec<_>>().iter().cycle() {
        if began.elapsed() > time {
            break;
        }
        follow(bench, token, (plan, attribute, task), (3, "IN_PROGRESS")).await?;
        waits.push(follow(bench, token, (plan, attribute, task), (12, "DONE")).await?);
    }
    Ok(waits)
}

/// Sends a value and waits until the task has followed it; returns how long that took.
async fn follow(
    bench: &Bench<'_>,
    token: &str,
    (plan, attribute, task): (&Plan, &str, &str),
    (value, status): (i32, &str),
) -> Outcome<Duration> {
    let observed_at = Clock::system().now();
    let value =
        json!({ "assignmentId": plan.assignment, "attributeId": attribute, "value": value, "observedAt": observed_at });
    let path = format!("/adoption/v1/customer-tasks/{task}");
    let began = Instant::now();
    bench.platform.post("/telemetry/v1/values", token, json!({ "values": [value] }).to_string()).await?;
    while began.elapsed() < LIMIT {
        let shown = bench.platform.get(&path, token).await?;
        if shown.get("status").and_then(Value::as_str) == Some(status) {
            return Ok(began.elapsed());
        }
        sleep(LOOK_EVERY).await;
    }
    Err(format!("a task does not become {status}").into())
}
