//! HTTP load from wrk: as many connections as asked for, each with its next request as soon as it is answered.

use std::ops::Add;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

use super::Outcome;

const REPORT: &str = include_str!("../../../../deploy/bench/wrk.lua");

/// The load generator.
pub(super) struct Wrk {
    report: PathBuf,
}

/// What came of a load.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Load {
    /// Requests answered.
    pub(super) requests: f64,
    seconds: f64,
    /// 99 of 100 were answered in this time; of several turns, the worst.
    pub(super) p99: Duration,
}

#[derive(Deserialize)]
struct Report {
    requests: f64,
    seconds: f64,
    p99_ms: f64,
    refused: u64,
    broken: u64,
}

impl Wrk {
    /// With its script in this folder.
    pub(super) fn new(folder: &Path) -> Outcome<Self> {
        let report = folder.join("wrk.lua");
        std::fs::write(&report, REPORT)?;
        Ok(Self { report })
    }

    /// Asks for one address again and again. An answer other than 200 makes all the others worthless.
    pub(super) async fn get(&self, url: &str, token: &str, connections: u32, time: Duration) -> Outcome<Load> {
        let mut command = Command::new("wrk");
        command.args(["--threads", "2", "--connections", &connections.to_string(), "--script"]).arg(&self.report);
        command.args([
            "--duration",
            &format!("{}s", time.as_secs()),
            "--header",
            &format!("authorization: Bearer {token}"),
            url,
        ]);
        let output = command.stderr(Stdio::inherit()).kill_on_drop(true).output().await?;
        let text = String::from_utf8_lossy(&output.stdout);
        let last = text.lines().last().filter(|_| output.status.success()).ok_or("wrk failed")?;
        let Report { requests, seconds, p99_ms, refused, broken } = serde_json::from_str(last)?;
        if refused + broken > 0 {
            return Err(format!("{url}: {refused} of {requests} requests were refused and {broken} broke off").into());
        }
        Ok(Load::new(requests, seconds).p99(Duration::from_secs_f64(p99_ms / 1e3)))
    }
}

impl Load {
    /// So many requests, or what else was done, in so many seconds.
    pub(super) const fn new(requests: f64, seconds: f64) -> Self {
        Self { requests, seconds, p99: Duration::ZERO }
    }

    /// With the time that 99 of 100 kept.
    pub(super) const fn p99(self, p99: Duration) -> Self {
        Self { p99, ..self }
    }

    /// Requests per second.
    pub(super) fn rate(&self) -> f64 {
        self.requests / self.seconds
    }
}

/// Two turns of the same load.
impl Add for Load {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            seconds: self.seconds + other.seconds,
            p99: self.p99.max(other.p99),
        }
    }
}
