//! (g) Processor time that one request takes: of the gateway, of the service behind it, and of two in the gateway's place that
//! only pass on: nginx, and a proxy of the gateway's own libraries.
//!
//! What the gateway takes beyond the latter is what it does itself: it checks the request against the contract, verifies the
//! token, counts the caller against three limits and the quotas, joins the trace and writes the access log.

use std::time::Duration;

use super::bare::Bare;
use super::nginx::Nginx;
use super::table::Row;
use super::{Bench, Outcome, TURNS};

const CONNECTIONS: u32 = 32;

/// What somebody spent on so many requests.
#[derive(Default)]
struct Spent {
    time: Duration,
    requests: f64,
}

impl Spent {
    fn micros_each(&self) -> f64 {
        self.time.as_secs_f64() * 1e6 / self.requests
    }
}

pub(super) async fn measure(bench: &Bench<'_>) -> Outcome<Vec<Row>> {
    let platform = bench.platform;
    let (workers, service) = (platform.config()?.network.workers, platform.port("catalog"));
    let nginx = Nginx::start(bench.folder, platform.spare_port(), service, workers).await?;
    let bare = Bare::start(platform.spare_port() + 1, service, workers).await?;
    let token = platform.sign_in().await?;
    let task = bench.content.task();
    let (gateway, catalog) = (platform.service("gateway")?, platform.service("catalog")?);
    let url = |address: String| format!("{address}{task}");
    let (ours, plain, others) = (url(platform.address("gateway")), url(bare.address()), url(nginx.address()));
    for url in [&ours, &plain, &others] {
        bench.warm_up(url, &token).await?;
    }
    let [mut by_gateway, mut by_catalog, mut by_bare, mut by_nginx] = <[Spent; 4]>::default();
    for _ in 0..TURNS {
        let before = catalog.processor_time();
        let requests = spend(bench, &ours, &token, &mut by_gateway, || gateway.processor_time()).await?;
        by_catalog.time += catalog.processor_time() - before;
        by_catalog.requests += requests;
        spend(bench, &plain, &token, &mut by_bare, || bare.processor_time()).await?;
        spend(bench, &others, &token, &mut by_nginx, || nginx.processor_time()).await?;
    }
    let [ours, service, plain, others] = [by_gateway, by_catalog, by_bare, by_nginx].map(|spent| spent.micros_each());
    let row = |what: &str, figure: f64| Row {
        connections: Some(CONNECTIONS),
        ..Row::figure(format!("processor time of one read, {what}"), format!("{figure:.0} µs"))
    };
    Ok(vec![
        Row { baseline: format!("{others:.0} µs (nginx)"), ratio: Some(ours / others), ..row("gateway", ours) },
        row("a proxy of the same libraries that only passes on", plain),
        row("gateway beyond that", ours - plain).aim("< 60 µs"),
        row("catalog", service),
    ])
}

/// Loads somebody for a turn, and adds what they spent; returns how many requests it was.
async fn spend(
    bench: &Bench<'_>,
    url: &str,
    token: &str,
    spent: &mut Spent,
    time: impl Fn() -> Duration,
) -> Outcome<f64> {
    let before = time();
    let requests = bench.wrk.get(url, token, CONNECTIONS, bench.turn).await?.requests;
    spent.time += time() - before;
    spent.requests += requests;
    Ok(requests)
}
