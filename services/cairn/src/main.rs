//! The one binary: runs the platform, its servers and its tools.

mod bench;
#[cfg(test)]
mod compose;
mod running;
mod serve;
mod servers;
mod settings;
mod supervise;
mod tenants;
mod up;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cairn::demo::{Account, Catalogue, Demo};
use cairn::generate::{Generator, Sizes};
use cairn::{doctor, documents};
use chrono::NaiveTime;
use clap::{Parser, Subcommand};
use kernel::config::Config;
use kernel::{Clock, Problem, TenantId};

use servers::{Plan, Settings, progress};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

/// Customer adoption, from catalogue to helpdesk.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cairn {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the platform until Ctrl-C: private Postgres and RabbitMQ, seven services.
    Up {
        /// Folder of everything it keeps.
        #[arg(long, value_name = "DIR", default_value = ".cairn")]
        data: PathBuf,
    },
    /// Run one service, or `all` in one process, until a signal.
    Serve {
        /// gateway, identity, catalog, adoption, telemetry, workflow, helpdesk or all.
        service: String,
    },
    /// Make roles and schemas and run the migrations that are pending.
    Migrate,
    /// Write the OpenAPI and AsyncAPI documents.
    Contracts {
        /// Only say whether the files are up to date.
        #[arg(long)]
        check: bool,
        /// Their folder.
        #[arg(long, value_name = "DIR", default_value = "openapi")]
        folder: PathBuf,
    },
    /// Make a key that signs tokens two minutes from now; the present one stays known until its tokens have expired.
    RotateSigningKey {
        #[command(flatten)]
        platform: RunningPlatform,
    },
    /// Wrap every tenant's and every person's key with the present master key, after it was replaced.
    RewrapDataKeys {
        #[command(flatten)]
        platform: RunningPlatform,
    },
    /// Make tenants, stop them, and let them go on.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Load a catalogue with its customers and their telemetry into the running platform.
    ///
    /// Running it again changes nothing; after a failure it goes on where it stopped.
    Demo {
        #[command(flatten)]
        platform: RunningPlatform,
        /// The catalogue; default: a small one of our own.
        #[arg(long)]
        file: Option<PathBuf>,
        /// Scale the tasks of a product or solution that weigh more than 100 together to 100 exactly.
        #[arg(long)]
        normalise_weights: bool,
    },
    /// Fill a tenant of the running platform with as much as one likes, to measure with.
    ///
    /// It writes to the database directly, as its administrator, and announces nothing. The same seed gives the same content.
    Generate {
        #[command(flatten)]
        platform: RunningPlatform,
        #[command(flatten)]
        sizes: Sizes,
        /// Another seed gives other content.
        #[arg(long, default_value_t = 1)]
        seed: u32,
        /// The tenant, which must not have been filled before; default: the only one.
        #[arg(long, value_name = "ID")]
        tenant: Option<TenantId>,
    },
    /// Look at everything the platform stands on and say what to do about what is not well.
    Doctor {
        #[command(flatten)]
        platform: RunningPlatform,
        /// Print the findings as JSON.
        #[arg(long)]
        json: bool,
        #[command(subcommand)]
        remedy: Option<Remedy>,
    },
    /// Measure what the platform costs beside plain Postgres, COPY and nginx, with a platform of its own.
    Bench(bench::Arguments),
    /// A part of the bench, which starts it.
    #[command(hide = true)]
    BareProxy(bench::BareProxy),
    /// Say whether a service on this machine is ready; for health checks.
    Healthcheck {
        /// gateway, identity, catalog, adoption, telemetry, workflow or helpdesk.
        service: String,
    },
    /// List every setting with its default and meaning.
    Settings,
    /// The private Postgres and RabbitMQ alone.
    #[command(subcommand)]
    Servers(ServersCommand),
}

#[derive(Debug, Subcommand)]
enum TenantCommand {
    /// Make a tenant with its built-in roles and its first owner.
    Create {
        #[command(flatten)]
        platform: RunningPlatform,
        #[command(flatten)]
        tenant: tenants::Wanted,
    },
    /// Sign everybody in a tenant out and let nobody in.
    Suspend {
        #[command(flatten)]
        platform: RunningPlatform,
        /// The tenant's id.
        tenant: TenantId,
    },
    /// Let a tenant that was stopped go on.
    Reopen {
        #[command(flatten)]
        platform: RunningPlatform,
        /// The tenant's id.
        tenant: TenantId,
    },
}

#[derive(Debug, Subcommand)]
enum Remedy {
    /// Put the dead letters of a queue back into it.
    Replay {
        /// The queue, such as identity.audit.
        queue: String,
    },
    /// Give the parked jobs of a service another chance.
    Retry {
        /// The service, such as telemetry.
        service: String,
    },
    /// Walk every tenant's audit trail and name the first row that is not as it was written.
    Audit,
}

/// Which platform a command is about: the one its environment describes, else the one that runs in this folder.
#[derive(Debug, clap::Args)]
struct RunningPlatform {
    /// Folder of a running `cairn up`.
    #[arg(long, value_name = "DIR", default_value = ".cairn", global = true)]
    data: PathBuf,
}

#[derive(Debug, Subcommand)]
enum ServersCommand {
    /// Run a command with servers of its own; its exit code is passed on.
    Run {
        #[command(flatten)]
        servers: ServersArguments,
        /// The command; it finds CAIRN_DATABASE_URL and CAIRN_AMQP_URL in its environment.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
    /// Keep servers up until Ctrl-C; prints their addresses as shell code.
    Start {
        #[command(flatten)]
        servers: ServersArguments,
    },
}

#[derive(Debug, clap::Args)]
struct ServersArguments {
    /// Where their data lives.
    #[arg(long, value_name = "DIR", default_value = ".cairn/servers")]
    data: PathBuf,
    /// Start with empty data and remove it at the end.
    #[arg(long)]
    throwaway: bool,
}

fn main() -> ExitCode {
    let Cairn { command } = Cairn::parse();
    run(command).unwrap_or_else(|error| {
        // Of a problem the cause: its other words are for callers of the API.
        let told = error.downcast_ref::<Problem>().map_or_else(|| error.to_string(), doctor::told);
        eprintln!("cairn: {told}");
        ExitCode::FAILURE
    })
}

fn run(command: Command) -> Outcome {
    match command {
        Command::Up { data } => on_this_thread(up::up(&data, Settings::from_environment()?)),
        Command::Serve { service } => serve::serve(&service),
        Command::Migrate => {
            let config = Config::from_environment()?;
            observe::start(&config.observe, "migrate");
            migrate(&config)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Contracts { check, folder } => contracts(check, &folder),
        Command::RotateSigningKey { platform } => on_this_thread(rotate_signing_key(&platform)),
        Command::RewrapDataKeys { platform } => on_this_thread(rewrap_data_keys(&platform)),
        Command::Tenant(TenantCommand::Suspend { platform, tenant }) => {
            on_this_thread(set_suspended(&platform, tenant, true))
        }
        Command::Tenant(TenantCommand::Reopen { platform, tenant }) => {
            on_this_thread(set_suspended(&platform, tenant, false))
        }
        Command::Tenant(TenantCommand::Create { platform, tenant }) => {
            on_this_thread(async { tenants::create(&running::config(&platform.data)?, &tenant).await })
        }
        Command::Demo { platform, file, normalise_weights } => {
            on_this_thread(demo(&platform.data, file.as_deref(), normalise_weights))
        }
        Command::Generate { platform, sizes, seed, tenant } => {
            on_this_thread(generate(&platform.data, sizes, seed, tenant))
        }
        Command::Doctor { platform, json, remedy: None } => on_this_thread(examine(&platform, json)),
        Command::Doctor { platform, json, remedy: Some(remedy) } => on_this_thread(mend(&platform, &remedy, json)),
        Command::BareProxy(proxy) => bench::run_bare_proxy(proxy),
        Command::Bench(arguments) => on_this_thread(bench::bench(arguments)),
        Command::Healthcheck { service } => on_this_thread(healthcheck(&service)),
        Command::Settings => settings::print(),
        Command::Servers(command) => on_this_thread(servers(command)),
    }
}

async fn servers(command: ServersCommand) -> Outcome {
    let settings = Settings::from_environment()?;
    Ok(match command {
        ServersCommand::Run { servers: ServersArguments { data, throwaway }, command } => {
            servers::run(&data, Plan::beside(settings, throwaway)?, &command).await?
        }
        ServersCommand::Start { servers: ServersArguments { data, throwaway } } => {
            servers::hold(&data, Plan::beside(settings, throwaway)?).await?
        }
    })
}

/// One thread: child processes are tied to the thread that starts them.
fn on_this_thread(work: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, work)
}

/// Several threads: diesel's migration harness blocks the one it runs on.
fn migrate(config: &Config) -> Result<(), Problem> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.map_err(Problem::internal)?.block_on(db::migrate(config, &cairn::migrations()))
}

fn contracts(check: bool, folder: &Path) -> Outcome {
    if !check {
        documents::write(folder)?;
        return Ok(ExitCode::SUCCESS);
    }
    let stale = documents::stale(folder)?;
    for name in &stale {
        eprintln!("{} is not up to date; run `make contracts`", folder.join(name).display());
    }
    Ok(if stale.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn rotate_signing_key(platform: &RunningPlatform) -> Outcome {
    let config = running::config(&platform.data)?;
    let context = web::Context::new("identity", std::sync::Arc::new(config), Clock::system())?;
    let id = identity::rotate_signing_key(&context.pool(), &context.config.keys, context.clock.now()).await?;
    println!("key {id} signs from two minutes on");
    Ok(ExitCode::SUCCESS)
}

async fn rewrap_data_keys(platform: &RunningPlatform) -> Outcome {
    let config = running::config(&platform.data)?;
    let context = web::Context::new("identity", std::sync::Arc::new(config), Clock::system())?;
    let count = identity::rewrap_data_keys(&context.pool(), &context.config.keys).await?;
    println!("{count} keys are wrapped with the present master key now");
    Ok(ExitCode::SUCCESS)
}

async fn set_suspended(platform: &RunningPlatform, tenant: TenantId, suspended: bool) -> Outcome {
    cairn::operator::set_suspended(&running::config(&platform.data)?, tenant, suspended).await?;
    println!("{tenant} {}", if suspended { "is stopped" } else { "goes on" });
    Ok(ExitCode::SUCCESS)
}

async fn demo(data: &Path, file: Option<&Path>, normalise_weights: bool) -> Outcome {
    let mut catalogue = file.map_or_else(Catalogue::own, Catalogue::read)?;
    let say = |what: &str| progress::say("demo", what);
    for owner in catalogue.weigh(normalise_weights)? {
        say(&format!("{owner}; scaled to 100.00"));
    }
    let account = Account::of(data)?;
    let config = running::config(data)?;
    let gateway = config.upstreams("gateway").into_iter().next().ok_or("the gateway has no address")?;
    let demo = Demo { gateway: &gateway, account: &account, clock: &Clock::system(), tell: &say };
    let report = demo.load(&catalogue).await?;
    print!("{report}");
    if report.agrees() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("cairn: some plans are not where telemetry leaves them; were tasks or statuses changed by hand?");
    Ok(ExitCode::FAILURE)
}

async fn generate(data: &Path, sizes: Sizes, seed: u32, tenant: Option<TenantId>) -> Outcome {
    let config = running::config(data)?;
    let say = |what: &str| progress::say("generate", what);
    // Whole days, so that what is made twice on a day is the same.
    let at = Clock::system().now().date_naive().and_time(NaiveTime::MIN).and_utc().into();
    Generator { config: &config, tenant, seed, at, tell: &say }.fill(sizes).await?;
    Ok(ExitCode::SUCCESS)
}

async fn examine(platform: &RunningPlatform, json: bool) -> Outcome {
    let config = running::config(&platform.data)?;
    let key_file = running::key_file(&platform.data);
    told(&doctor::examine(&config, key_file.as_deref(), &Clock::system()).await, json)
}

fn told(report: &doctor::Report, json: bool) -> Outcome {
    if json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        print!("{report}");
    }
    Ok(if report.health == doctor::Health::Fail { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn mend(platform: &RunningPlatform, remedy: &Remedy, json: bool) -> Outcome {
    let config = running::config(&platform.data)?;
    match remedy {
        Remedy::Replay { queue } => {
            println!("dead letters put back into {queue}: {}", doctor::replay(&config, queue).await?)
        }
        Remedy::Retry { service } => {
            println!(
                "jobs of {service} that run again: {}",
                doctor::retry(&config, service, Clock::system().now()).await?
            );
        }
        Remedy::Audit => return told(&doctor::audit(&config, &Clock::system()).await?, json),
    }
    Ok(ExitCode::SUCCESS)
}

async fn healthcheck(service: &str) -> Outcome {
    doctor::is_ready(&Config::from_environment()?, service).await?;
    Ok(ExitCode::SUCCESS)
}
