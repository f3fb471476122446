//! (g) Processor time that one request takes of the gateway and of the service behind it.

use super::table::Row;
use super::{Bench, Outcome, TURNS};

const CONNECTIONS: u32 = 32;

pub(super) async fn measure(bench: &Bench<'_>) -> Outcome<Vec<Row>> {
    let platform = bench.platform;
    let token = platform.sign_in().await?;
    let url = format!("{}{}", platform.address("gateway"), bench.content.task());
    bench.warm_up(&url, &token).await?;
    let (gateway, catalog) = (platform.service("gateway")?, platform.service("catalog")?);
    let before = [gateway, catalog].map(|service| service.processor_time());
    let load = bench.wrk.get(&url, &token, CONNECTIONS, bench.turn * TURNS).await?;
    let after = [gateway, catalog].map(|service| service.processor_time());
    let rows =
        ["gateway", "catalog"].into_iter().zip(before.into_iter().zip(after)).map(|(service, (before, after))| {
            let each = (after - before).as_secs_f64() * 1e6 / load.requests;
            Row {
                connections: Some(CONNECTIONS),
                ..Row::figure(format!("processor time of one read, {service}"), format!("{each:.0} µs"))
            }
        });
    let mut rows: Vec<Row> = rows.collect();
    if let Some(gateway) = rows.first_mut() {
        gateway.aim = "< 60 µs";
    }
    Ok(rows)
}
