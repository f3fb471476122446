//! `cairn bench`: what the platform costs, beside the plain way of doing the same, in one run on this machine.
//!
//! It runs the platform as `cairn up` does, fills it (`fill`), loads it (`wrk`, and senders of our own for telemetry),
//! and does the same work without it: the same SQL in `pgbench` (`statements`), the same rows by COPY, the same route
//! behind nginx. The two sides take turns, so that noise hits both. Nothing passes or fails: each row of the `table` is a
//! figure or a ratio, with what we aim for beside it. Whoever makes the load works on the same cores as what is loaded.

mod bare;
mod cpu;
mod fill;
mod footprint;
mod gateway;
mod latency;
mod machine;
mod nginx;
mod platform;
mod postgres;
mod process;
mod reads;
mod reports;
mod signal;
mod statements;
mod storm;
mod streams;
mod syncs;
mod table;
mod telemetry;
mod wrk;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use crate::servers::progress;
use crate::servers::signal::StopRequests;
pub(crate) use bare::{BareProxy, run as run_bare_proxy};
use cairn::generate::Sizes;
use fill::Content;
use platform::Platform;
use postgres::Postgres;
use table::Table;
use wrk::{Load, Wrk};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Each side of a comparison is measured in so many turns.
const TURNS: u32 = 2;
/// How many connections load the platform: a few, and more than it has database connections.
const CONNECTIONS: [u32; 2] = [8, 32];

const WARM_UP: u32 = 32;

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Two seconds for each figure instead of ten: to try, not to quote.
    #[arg(long)]
    quick: bool,
    /// Only these parts.
    #[arg(long, value_delimiter = ',', value_name = "PARTS")]
    only: Vec<Part>,
    /// Folder for the time of the measurement; it is removed at the end.
    #[arg(long, value_name = "DIR", default_value = ".cairn/bench")]
    data: PathBuf,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Reads through the gateway, beside the same SQL in pgbench
    #[value(name = "a")]
    Reads,
    /// Telemetry values made durable, beside COPY
    #[value(name = "b")]
    Telemetry,
    /// The gateway, beside nginx
    #[value(name = "c")]
    Gateway,
    /// From a commit to those who listen
    #[value(name = "d")]
    Latency,
    /// Memory, idle and after the load
    #[value(name = "e")]
    Memory,
    /// Start-up
    #[value(name = "f")]
    Start,
    /// Processor time of one request
    #[value(name = "g")]
    Processor,
    /// Streams of events
    #[value(name = "h")]
    Streams,
    /// A refresh during a storm of sign-ins
    #[value(name = "i")]
    Storm,
    /// Plans that follow a product
    #[value(name = "j")]
    Syncs,
    /// From a telemetry value to its task done
    #[value(name = "k")]
    Signal,
    /// Reports over a large tenant
    #[value(name = "l")]
    Reports,
}

impl Arguments {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// How many plans follow a product.
    fn followers(&self) -> u32 {
        if self.quick { 500 } else { 10_000 }
    }

    /// How large the tenant is that reports are about.
    fn reported(&self) -> Sizes {
        let (customers, values) = if self.quick { (100, 100_000) } else { (1_000, 10_000_000) };
        Sizes { customers, plans: 10, tasks: 50, values }
    }

    /// How long one turn takes.
    fn turn(&self) -> Duration {
        Duration::from_secs(if self.quick { 2 } else { 10 }) / TURNS
    }
}

/// A platform that is ready to be measured, and what to measure it with.
struct Bench<'a> {
    platform: &'a Platform,
    postgres: Postgres,
    wrk: Wrk,
    content: Content,
    /// For files of our own.
    folder: &'a Path,
    turn: Duration,
}

impl Bench<'_> {
    /// Opens and warms every connection on the way before anything is counted.
    async fn warm_up(&self, url: &str, token: &str) -> Outcome<()> {
        self.wrk.get(url, token, WARM_UP, Duration::from_secs(1)).await.map(drop)
    }
}

/// Measures, prints the table and writes it beside the build.
pub(crate) async fn bench(arguments: Arguments) -> Outcome<ExitCode> {
    let mut requests = StopRequests::listen()?;
    reserve(&arguments.data)?;
    let facts = machine::facts().await;
    let mut platform = Platform::spawn(&arguments.data)?;
    let mut table = Table::default();
    let outcome = tokio::select! {
        outcome = measure(&arguments, &mut platform, &mut table) => outcome,
        _ = requests.next() => Err("stopped before the end".into()),
    };
    platform.stop().await;
    remove(&arguments.data)?;
    let text = format!(
        "{facts}\n\nThe load is made on the same cores as what is loaded, on both sides of each ratio.\n\n{table}"
    );
    print!("{text}");
    outcome?;
    let beside = std::env::current_exe()?.parent().and_then(Path::parent).map(|target| target.join("bench.md"));
    let file = beside.ok_or("the build has no folder")?;
    fs::write(&file, text)?;
    progress::say("bench", format_args!("written to {}", file.display()));
    Ok(ExitCode::SUCCESS)
}

async fn measure(arguments: &Arguments, platform: &mut Platform, table: &mut Table) -> Outcome<()> {
    let rows = &mut table.0;
    let started = platform.ready().await?;
    if arguments.wants(Part::Start) {
        rows.push(footprint::start(started));
    }
    if arguments.wants(Part::Memory) {
        rows.push(footprint::idle(platform).await);
    }
    progress::say("bench", "filling the platform");
    let postgres = platform.postgres()?;
    let bench = Bench {
        content: fill::fill(platform, &postgres).await?,
        postgres,
        wrk: Wrk::new(&arguments.data)?,
        platform,
        folder: &arguments.data,
        turn: arguments.turn(),
    };
    if arguments.wants(Part::Reads) {
        progress::say("bench", "reads beside pgbench");
        rows.extend(reads::measure(&bench).await?);
    }
    if arguments.wants(Part::Gateway) {
        progress::say("bench", "the gateway beside nginx");
        rows.extend(gateway::measure(&bench).await?);
    }
    if arguments.wants(Part::Processor) {
        progress::say("bench", "processor time");
        rows.extend(cpu::measure(&bench).await?);
    }
    if arguments.wants(Part::Latency) {
        progress::say("bench", "events");
        rows.extend(latency::measure(&bench).await?);
    }
    if arguments.wants(Part::Storm) {
        progress::say("bench", "a storm of sign-ins");
        rows.extend(storm::measure(&bench).await?);
    }
    if arguments.wants(Part::Streams) {
        progress::say("bench", "streams of events");
        rows.extend(streams::measure(&bench).await?);
    }
    if arguments.wants(Part::Telemetry) {
        progress::say("bench", "telemetry beside COPY");
        rows.extend(telemetry::measure(&bench).await?);
    }
    if arguments.wants(Part::Signal) {
        progress::say("bench", "from a value to its task done");
        rows.push(signal::measure(&bench).await?);
    }
    if arguments.wants(Part::Memory) {
        rows.push(footprint::loaded(platform));
    }
    if arguments.wants(Part::Syncs) {
        progress::say("bench", "plans that follow a product");
        rows.push(syncs::measure(&bench, arguments.followers()).await?);
    }
    if arguments.wants(Part::Reports) {
        progress::say("bench", "reports over a large tenant");
        rows.extend(reports::measure(&bench, arguments.reported()).await?);
    }
    Ok(())
}

/// Loads two sides in turns: one, the other, and again.
async fn in_turns(
    one: impl AsyncFn() -> Outcome<Load>,
    other: impl AsyncFn() -> Outcome<Load>,
) -> Outcome<(Load, Load)> {
    let (mut first, mut second) = (Load::default(), Load::default());
    for _ in 0..TURNS {
        first = first + one().await?;
        second = second + other().await?;
    }
    Ok((first, second))
}

/// Makes the folder. One that is there belongs to a measurement that runs, or that was killed.
fn reserve(data: &Path) -> Outcome<()> {
    fs::create_dir_all(data.parent().unwrap_or(Path::new(".")))?;
    let taken = |error| format!("{}: {error}; if no other measurement runs, remove it", data.display());
    Ok(fs::create_dir(data).map_err(taken)?)
}

/// Removes the folder, and the database where it lives elsewhere (see `servers::home`).
fn remove(data: &Path) -> Outcome<()> {
    if let Ok(elsewhere) = fs::read_link(data.join("postgres")) {
        fs::remove_dir_all(elsewhere)?;
    }
    Ok(fs::remove_dir_all(data)?)
}
