//! What the figures were measured on: they mean little on another machine, the ratios travel better.

use std::fs;
use std::thread::available_parallelism;

use tokio::process::Command;

/// One line of facts.
pub(super) async fn facts() -> String {
    let cores = available_parallelism().map_or(1, usize::from);
    let model = after_colon(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default(), "model name").unwrap_or_default();
    let memory = after_colon(&fs::read_to_string("/proc/meminfo").unwrap_or_default(), "MemTotal");
    let kib: f64 = memory.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or(0.0);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or_default();
    let postgres = version("psql").await;
    format!(
        "{cores} cores ({model}), {:.0} GiB, Linux {}, {postgres}; load before we began: {load}",
        kib / f64::from(1 << 20),
        kernel.trim()
    )
}

fn after_colon(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

async fn version(program: &str) -> String {
    let output = Command::new(program).arg("--version").output().await;
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
