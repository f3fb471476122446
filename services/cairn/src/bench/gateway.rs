//! (c) The gateway beside nginx, in front of the same service and the same read.
//!
//! Both pass the same request on, and the service verifies the token and stays behind the wall either way. The gateway
//! verifies it too, counts the caller against three limits and joins the trace.

use super::nginx::Nginx;
use super::table::Row;
use super::{Bench, CONNECTIONS, Outcome, in_turns};

pub(super) async fn measure(bench: &Bench<'_>) -> Outcome<Vec<Row>> {
    let platform = bench.platform;
    let workers = platform.config()?.network.workers;
    let nginx = Nginx::start(bench.folder, platform.spare_port(), platform.port("catalog"), workers).await?;
    let token = platform.sign_in().await?;
    let path = bench.content.task();
    let (ours, theirs) = (format!("{}{path}", platform.address("gateway")), format!("{}{path}", nginx.address()));
    bench.warm_up(&ours, &token).await?;
    let mut rows = Vec::new();
    for connections in CONNECTIONS {
        let (cairn, plain) = in_turns(
            async || bench.wrk.get(&ours, &token, connections, bench.turn).await,
            async || bench.wrk.get(&theirs, &token, connections, bench.turn).await,
        )
        .await?;
        let rates = (cairn.rate(), plain.rate());
        rows.push(
            Row::rates("one task behind a proxy", connections, rates, "requests", "nginx")
                .aim(">= 0.75")
                .p99(cairn.p99),
        );
    }
    Ok(rows)
}
