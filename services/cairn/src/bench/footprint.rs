//! What the platform takes before anybody asks it for anything: time to start, and memory.

use std::time::Duration;

use tokio::time::sleep;

use super::platform::Platform;
use super::process::Memory;
use super::table::Row;

/// After this long a started platform has settled.
const REST: Duration = Duration::from_secs(3);

/// How long the seven services took until all of them were ready.
pub(super) fn start(took: Duration) -> Row {
    Row::figure("start of the seven services, servers and schemas being there", format!("{:.2} s", took.as_secs_f64()))
        .aim("< 2 s")
}

/// Memory of the seven and their supervisor, when nothing has been asked yet.
pub(super) async fn idle(platform: &Platform) -> Row {
    sleep(REST).await;
    memory("memory, idle", platform.memory()).aim("< 100 MiB")
}

/// The same after all the load of this run.
pub(super) fn loaded(platform: &Platform) -> Row {
    memory("memory, after the load", platform.memory())
}

fn memory(what: &str, Memory { proportional, resident }: Memory) -> Row {
    let mib = |bytes: u64| bytes / (1 << 20);
    Row::figure(what, format!("{} MiB (sum of RSS {})", mib(proportional), mib(resident)))
}
