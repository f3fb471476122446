//! (b) Telemetry made durable through the gateway, beside COPY of the same rows.
//!
//! Each sender reports for one plan, a thousand values at a time, and sends the next batch when it has the receipt of the
//! last: the values are on disk then, stored once, and the tasks they touch are evaluated. What they left behind is taken
//! out and copied back into the same table with the same index, by the table's owner, in one transaction.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::try_join_all;
use kernel::{Clock, Timestamp};
use serde_json::Value;
use tokio::time::Instant;

use super::fill::Plan;
use super::table::Row;
use super::wrk::Load;
use super::{Bench, CONNECTIONS, Outcome, TURNS};

pub(super) const BATCH: u32 = 1_000;
/// A value of ours is observed this long after the one before: none is the same as another.
const STEP: TimeDelta = TimeDelta::microseconds(1);

pub(super) async fn measure(bench: &Bench<'_>) -> Outcome<Vec<Row>> {
    let file = std::path::absolute(bench.folder.join("values.copy"))?;
    let mut rows = Vec::new();
    for connections in CONNECTIONS {
        let (mut cairn, mut plain) = (Load::default(), Load::default());
        for _ in 0..TURNS {
            bench.postgres.run(&["truncate telemetry.values", "checkpoint"]).await?;
            let load = send_all(bench, connections).await?;
            plain = plain + bench.copy(&file, &load).await?;
            cairn = cairn + load;
        }
        let aim = ">= 0.40, >= 50,000/s";
        rows.push(
            Row::rates("telemetry", connections, (cairn.rate(), plain.rate()), "values", "COPY")
                .aim(aim)
                .p99(cairn.p99),
        );
    }
    Ok(rows)
}

/// One turn of all senders.
async fn send_all(bench: &Bench<'_>, senders: u32) -> Outcome<Load> {
    let token = bench.platform.sign_in().await?;
    let began = Instant::now();
    let plans = bench.content.plans().iter().cycle();
    let senders = (0..senders).zip(plans).map(|(sender, plan)| send(bench, &token, sender, plan));
    let mut waits: Vec<Duration> = try_join_all(senders).await?.into_iter().flatten().collect();
    waits.sort_unstable();
    let seconds = began.elapsed().as_secs_f64();
    let values = f64::from(BATCH) * f64::from(u32::try_from(waits.len())?);
    Ok(Load::new(values, seconds).p99(waits.get(waits.len() * 99 / 100).copied().unwrap_or_default()))
}

/// One sender's turn; returns how long each receipt took.
async fn send(bench: &Bench<'_>, token: &str, sender: u32, plan: &Plan) -> Outcome<Vec<Duration>> {
    let (began, mut waits) = (Instant::now(), Vec::new());
    // Senders of one plan keep apart, and each turn comes after the one before.
    let mut moment = Clock::system().now() - TimeDelta::minutes(60 - i64::from(sender));
    while began.elapsed() < bench.turn {
        let body = batch(plan, &mut moment);
        let asked = Instant::now();
        let receipt = bench.platform.post("/telemetry/v1/values", token, body).await?;
        waits.push(asked.elapsed());
        if receipt.get("accepted").and_then(Value::as_u64) != Some(u64::from(BATCH)) {
            return Err(format!("not all values were accepted: {receipt}").into());
        }
    }
    Ok(waits)
}

/// A batch about all attributes of a plan, in turn.
pub(super) fn batch(plan: &Plan, moment: &mut Timestamp) -> String {
    let mut body = String::with_capacity(200_000);
    body.push_str("{\"values\":[");
    for (number, attribute) in (0..BATCH).zip(plan.attributes.iter().cycle()) {
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(
            body,
            "{comma}{{\"assignmentId\":\"{}\",\"attributeId\":\"{attribute}\",\"value\":{},\"observedAt\":\"{moment}\"}}",
            plan.assignment,
            number % 20
        );
        *moment = *moment + STEP;
    }
    body.push_str("]}");
    body
}

impl Bench<'_> {
    /// Takes out what was stored and copies it back.
    async fn copy(&self, file: &Path, stored: &Load) -> Outcome<Load> {
        let out = format!("\\copy (select * from telemetry.values) to '{}'", file.display());
        self.postgres.run(&[out.as_str(), "truncate telemetry.values", "checkpoint"]).await?;
        let back = format!("\\copy telemetry.values from '{}'", file.display());
        let began = Instant::now();
        self.postgres.run(&["set role telemetry_owner", back.as_str()]).await?;
        let seconds = began.elapsed().as_secs_f64();
        let count: f64 = self.postgres.run(&["select count(*) from telemetry.values"]).await?.parse()?;
        std::fs::remove_file(file)?;
        if (count - stored.requests).abs() > 0.5 {
            return Err(format!("{} values were accepted and {count} are there", stored.requests).into());
        }
        Ok(Load::new(count, seconds))
    }
}
