//! (l) Reports over a tenant as large as the generator makes it: each asked again and again through the gateway, one request at a
//! time.

use std::time::Duration;

use cairn::generate::{Generator, Sizes};
use chrono::NaiveTime;
use kernel::Clock;
use tokio::time::Instant;

use super::table::{Row, milliseconds, thousands};
use super::{Bench, Outcome};
use crate::servers::progress;

/// How often each report is asked for.
const TIMES: usize = 60;
/// Connections of the pools prepare and caches fill before anything is counted.
const BEFORE: usize = 5;
const SEED: u32 = 1;

pub(super) async fn measure(bench: &Bench<'_>, sizes: Sizes) -> Outcome<Vec<Row>> {
    let platform = bench.platform;
    let tenant = text(bench, "/identity/v1/tenant", "/id").await?.parse()?;
    let config = platform.config()?;
    let say = |what: &str| progress::say("generate", what);
    let at = Clock::system().now().date_naive().and_time(NaiveTime::MIN).and_utc().into();
    let began = Instant::now();
    Generator { config: &config, tenant: Some(tenant), seed: SEED, at, tell: &say }.fill(sizes).await?;
    let plans = f64::from(sizes.customers) * f64::from(sizes.plans);
    let tasks = thousands(plans * f64::from(sizes.tasks));
    let what = format!("{} plans, {tasks} tasks and their values generated", thousands(plans));
    let mut rows = vec![Row::figure(what, format!("{:.0} s", began.elapsed().as_secs_f64())).aim("< 600 s")];

    let mut worst = Duration::ZERO;
    for (what, path) in reports(bench).await? {
        let [p50, p95, p99] = ask(bench, &path).await?;
        worst = worst.max(p95);
        rows.push(Row::figure(what, format!("p50 {}, p95 {}", milliseconds(p50), milliseconds(p95))).p99(p99));
    }
    rows.push(Row::figure("the slowest report", format!("p95 {}", milliseconds(worst))).aim("p95 < 100 ms"));
    Ok(rows)
}

/// What is asked for, with the path that it is asked by.
async fn reports(bench: &Bench<'_>) -> Outcome<Vec<(&'static str, String)>> {
    let of_plan = "/adoption/v1/solution-plans?limit=1";
    let plan = text(bench, of_plan, "/items/0/id").await?;
    let (customer, solution) =
        (text(bench, of_plan, "/items/0/customerId").await?, text(bench, of_plan, "/items/0/solutionId").await?);
    let list = |name: &str| format!("/adoption/v1/reports/{name}");
    Ok(vec![
        ("tasks in progress for 30 days", list("stalled-tasks")),
        ("customers below 50 %", list("low-adoption")),
        ("tasks skipped most", list("skipped-tasks")),
        ("plans not synced for 90 days", list("unsynced-plans")),
        ("mean time to complete", list("completion-times")),
        ("by licence level", list("license-levels")),
        ("monthly trend", list("trend")),
        ("attributes that never had a value", "/telemetry/v1/silent-attributes".to_owned()),
        ("a customer at a glance", format!("/adoption/v1/customers/{customer}/overview")),
        ("a customer's health", format!("/adoption/v1/customers/{customer}/health")),
        ("a solution plan looked into", format!("/adoption/v1/solution-plans/{plan}/report")),
        ("all customers of a solution compared", list(&format!("solutions/{solution}"))),
    ])
}

/// How long half of the answers took, 95 and 99 of 100.
async fn ask(bench: &Bench<'_>, path: &str) -> Outcome<[Duration; 3]> {
    let token = bench.platform.sign_in().await?;
    let mut took = Vec::with_capacity(TIMES);
    for turn in 0..BEFORE + TIMES {
        let began = Instant::now();
        bench.platform.get(path, &token).await?;
        if turn >= BEFORE {
            took.push(began.elapsed());
        }
    }
    took.sort();
    Ok([50, 95, 99].map(|percent| took.get(TIMES * percent / 100).copied().unwrap_or_default()))
}

/// A text in an answer.
async fn text(bench: &Bench<'_>, path: &str, pointer: &str) -> Outcome<String> {
    let answer = bench.platform.get(path, &bench.platform.sign_in().await?).await?;
    let text = answer.pointer(pointer).and_then(serde_json::Value::as_str);
    Ok(text.ok_or_else(|| format!("{path} without {pointer}"))?.to_owned())
}
