//! (g) Processor time that one request takes: of the gateway, of the service behind it, and of nginx in the gateway's place.
//!
//! nginx only passes on. What the gateway takes beyond that is what it does itself: it checks the request against the
//! contract, verifies the token, counts the caller against three limits, joins the trace and writes the access log.

use std::time::Duration;

use super::nginx::Nginx;
use super::table::Row;
use super::{Bench, Outcome, TURNS};

const CONNECTIONS: u32 = 32;

pub(super) async fn measure(bench: &Bench<'_>) -> Outcome<Vec<Row>> {
    let platform = bench.platform;
    let workers = platform.config()?.network.workers;
    let nginx = Nginx::start(bench.folder, platform.spare_port(), platform.port("catalog"), workers).await?;
    let token = platform.sign_in().await?;
    let task = bench.content.task();
    let (ours, theirs) = (format!("{}{task}", platform.address("gateway")), format!("{}{task}", nginx.address()));
    for url in [&ours, &theirs] {
        bench.warm_up(url, &token).await?;
    }
    let (gateway, catalog) = (platform.service("gateway")?, platform.service("catalog")?);
    let (mut ours_done, mut theirs_done) = (0.0, 0.0);
    let mut spent = [Duration::ZERO; 3];
    for _ in 0..TURNS {
        let start = [gateway.processor_time(), catalog.processor_time()];
        ours_done += bench.wrk.get(&ours, &token, CONNECTIONS, bench.turn).await?.requests;
        let end = [gateway.processor_time(), catalog.processor_time()];
        let before = nginx.processor_time();
        theirs_done += bench.wrk.get(&theirs, &token, CONNECTIONS, bench.turn).await?.requests;
        let [gateway, catalog] = [end[0] - start[0], end[1] - start[1]];
        spent = [spent[0] + gateway, spent[1] + catalog, spent[2] + nginx.processor_time() - before];
    }
    let [gateway, catalog, nginx] = spent.map(|time| time.as_secs_f64() * 1e6);
    let (gateway, catalog, nginx) = (gateway / ours_done, catalog / ours_done, nginx / theirs_done);
    let row = |what: &str, figure: f64| Row {
        connections: Some(CONNECTIONS),
        ..Row::figure(format!("processor time of one read, {what}"), format!("{figure:.0} µs"))
    };
    Ok(vec![
        Row { baseline: format!("{nginx:.0} µs (nginx)"), ratio: Some(gateway / nginx), ..row("gateway", gateway) },
        row("gateway beyond passing on", gateway - nginx).aim("< 60 µs"),
        row("catalog", catalog),
    ])
}
