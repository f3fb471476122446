//! (j) Plans follow a product that changes.
//!
//! One product of fifty tasks is assigned to thousands of customers. Then a task gets another telemetry attribute and a task is
//! added, and one command makes all plans equal to the catalog, in the background.

use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::fill::{self, TASKS};
use super::table::{Row, thousands};
use super::{Bench, Outcome};

/// Customers that are made at the same time.
const AT_ONCE: usize = 8;
/// Customers that are made before a token has ended.
const PER_TOKEN: usize = 1_000;
/// Longer than we want to wait.
const LIMIT: Duration = Duration::from_secs(600);

pub(super) async fn measure(bench: &Bench<'_>, followers: u32) -> Outcome<Row> {
    let platform = bench.platform;
    let plan = bench.content.plans().first().ok_or("a platform without plans")?;
    let numbers: Vec<u32> = (0..followers).collect();
    for numbers in numbers.chunks(PER_TOKEN) {
        let token = platform.sign_in().await?;
        let made = numbers
            .iter()
            .map(async |number| fill::assign(platform, &token, &plan.product, &format!("Follower {number}")).await);
        stream::iter(made).buffer_unordered(AT_ONCE).try_for_each(async |_| Ok(())).await?;
    }
    bench.postgres.run(&["analyze"]).await?;
    let token = platform.sign_in().await?;
    let attribute = json!({ "name": "Gateways in use", "dataType": "NUMBER", "isRequired": false }).to_string();
    platform.post(&format!("/catalog/v1/tasks/{}/telemetry-attributes", plan.task), &token, attribute).await?;
    let tasks = format!("/catalog/v1/products/{}/tasks", plan.product);
    platform.post(&tasks, &token, fill::task(TASKS + 1).to_string()).await?;
    let began = Instant::now();
    let command = json!({ "productId": plan.product }).to_string();
    let operation = platform.post("/adoption/v1/plan-syncs", &token, command).await?;
    let id = operation.get("id").and_then(Value::as_str).ok_or("an operation without id")?;
    let synced = end(bench, &token, &format!("/adoption/v1/plan-syncs/{id}")).await?;
    if synced != followers + 1 {
        return Err(format!("{synced} of {} plans follow", followers + 1).into());
    }
    let took = began.elapsed().as_secs_f64();
    let what = format!("{} plans of {TASKS} tasks follow a change of their product", thousands(f64::from(synced)));
    Ok(Row::figure(what, format!("{took:.1} s ({} plans/s)", thousands(f64::from(synced) / took)))
        .aim("10,000 in < 60 s"))
}

/// Waits for the end of an operation; says how many plans it has changed.
async fn end(bench: &Bench<'_>, token: &str, operation: &str) -> Outcome<u32> {
    let began = Instant::now();
    while began.elapsed() < LIMIT {
        let now = bench.platform.get(operation, token).await?;
        if now.get("status").and_then(Value::as_str) == Some("DONE") {
            let synced = now.pointer("/result/synced").and_then(Value::as_u64).ok_or("an operation without result")?;
            return Ok(u32::try_from(synced)?);
        }
        sleep(Duration::from_millis(200)).await;
    }
    Err("the plans do not follow".into())
}
