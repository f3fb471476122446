//! `cairn up`: the whole platform on one machine, until Ctrl-C.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::future::pending;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use kernel::config::{Config, SERVICES};
use kernel::keys::MasterKey;

use crate::servers::signal::StopRequests;
use crate::servers::{Plan, Servers, Settings, progress};
use crate::supervise::{Probe, Program, Supervisor};
use crate::tenants::FirstSignIn;
use crate::{running, tenants};

/// Later than this, somebody should look at the logs.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// Starts everything, tells where it is, and stops everything when asked to.
pub(crate) async fn up(data: &Path, settings: Settings) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut requests = StopRequests::listen()?;
    let Some(mut servers) = Servers::start(data, Plan::up(settings), &mut requests).await? else {
        progress::say("cairn", "stopped before it was up; the data is kept");
        return Ok(ExitCode::SUCCESS);
    };
    let outcome = with_servers(data, &mut servers, &mut requests).await;
    running::forget(data);
    tokio::select! {
        () = servers.stop() => progress::say("cairn", "stopped; the data is kept"),
        () = requests.impatience() => progress::say("cairn", "killed what was still running; the data is kept"),
    }
    outcome.map(|()| ExitCode::SUCCESS)
}

/// What runs on the servers: migrations once, then the services until somebody wants them to stop.
async fn with_servers(
    data: &Path,
    servers: &mut Servers,
    requests: &mut StopRequests,
) -> Result<(), Box<dyn std::error::Error>> {
    let environment = environment(data, servers)?;
    let config = Config::from_pairs(environment.clone())?;
    running::note(data, &environment)?;
    tokio::select! {
        migrated = migrate(config.clone()) => migrated?,
        _ = requests.next() => return Ok(()),
    }
    let supervisor = Supervisor::start(programs(&config, &environment), &data.join("log")).await?;
    let outcome = tokio::select! {
        _ = requests.next() => Ok(()),
        error = servers.keep_running() => Err(error.into()),
        failure = announce(&supervisor, &config, data) => Err(failure),
    };
    progress::say("cairn", "stopping; Ctrl-C again to hurry");
    tokio::select! {
        () = supervisor.stop() => {}
        () = requests.impatience() => {}
    }
    outcome
}

/// Brings the schemas up to date, on a thread of its own. One that is under way when we are asked to stop ends with its
/// connection.
async fn migrate(config: Config) -> Result<(), Box<dyn std::error::Error>> {
    progress::say("cairn", "bringing the schemas up to date");
    let began = Instant::now();
    tokio::task::spawn_blocking(move || crate::migrate(&config)).await??;
    progress::say("cairn", format_args!("the schemas are up to date ({:.1} s)", began.elapsed().as_secs_f32()));
    Ok(())
}

/// What every process of the platform is told: our own environment, the servers, and the master key.
fn environment(data: &Path, servers: &Servers) -> Result<Vec<(String, String)>, Box<dyn std::error::Error>> {
    // In full: these settings are read from other folders as well.
    let data = std::fs::canonicalize(data)?;
    let key = data.join("master.key");
    let mut environment: BTreeMap<String, String> =
        std::env::vars().filter(|(name, _)| name.starts_with("CAIRN_")).collect();
    if !environment.contains_key("CAIRN_MASTER_KEY") && !environment.contains_key("CAIRN_MASTER_KEY_FILE") {
        if !key.exists() {
            let text = MasterKey::random()?.to_text();
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&key)?;
            writeln!(file, "{text}")?;
        }
        environment.insert("CAIRN_MASTER_KEY_FILE".to_owned(), key.display().to_string());
    }
    environment.insert("CAIRN_DATABASE_URL".to_owned(), servers.database_url().to_owned());
    environment.insert("CAIRN_AMQP_URL".to_owned(), servers.amqp_url().to_owned());
    environment.insert("CAIRN_DATA".to_owned(), data.display().to_string());
    Ok(environment.into_iter().collect())
}

fn programs(config: &Config, environment: &[(String, String)]) -> Vec<Program> {
    let program = |(service, port): (&str, u16)| Program {
        name: service.to_owned(),
        arguments: ["serve", service].map(Into::into).into(),
        environment: of_service(service, config, environment),
        probe: Probe { port, path: "/readyz".to_owned(), tls: service == "gateway" && config.gateway.tls.is_some() },
    };
    SERVICES.into_iter().zip(config.network.port_base..).map(program).collect()
}

/// What one service is told: the database in its own roles only, so that a fault in it cannot reach past its schema.
fn of_service(service: &str, config: &Config, environment: &[(String, String)]) -> Vec<(String, String)> {
    let others = environment.iter().filter(|(name, _)| !name.starts_with("CAIRN_DATABASE_URL")).cloned();
    let roles = ["app", "relay"].map(|role| format!("{service}_{role}"));
    let own = roles.into_iter().filter_map(|role| {
        let url = config.role_url(&role)?;
        Some((format!("CAIRN_DATABASE_URL_{}", role.to_uppercase()), url.reveal().clone()))
    });
    others.chain(own).collect()
}

/// Waits for the services, makes the first tenant and prints where everything is; then there is nothing more to say.
async fn announce(supervisor: &Supervisor, config: &Config, data: &Path) -> Box<dyn std::error::Error> {
    if !supervisor.ready(READY_LIMIT).await {
        progress::say(
            "cairn",
            format_args!(
                "not everything is ready after {} s; see {}",
                READY_LIMIT.as_secs(),
                data.join("log").display()
            ),
        );
    }
    let first = match tenants::ensure_first(config, data).await {
        Ok(first) => first,
        Err(error) => return error,
    };
    let scheme = if config.gateway.tls.is_some() { "https" } else { "http" };
    let gateway = format!("{scheme}://{}:{}", config.network.bind, config.network.port_base);
    progress::say("cairn", format_args!("up at {gateway}"));
    progress::say(
        "cairn",
        format_args!("API explorer {gateway}/docs, health {gateway}/readyz, logs {}", data.join("log").display()),
    );
    let file = data.join("admin");
    let how = match first {
        FirstSignIn::New(password) => format!("with password {password} (kept in {})", file.display()),
        FirstSignIn::Kept => format!("with the password in {}", file.display()),
        FirstSignIn::Elsewhere => {
            "with the password it was given: this database had an administrator already".to_owned()
        }
    };
    progress::say("cairn", format_args!("sign in as admin {how}"));
    if config.mail.smtp_url.is_none() {
        progress::say("cairn", format_args!("mail is not sent but written to {}", config.data.join("mail").display()));
    }
    progress::say("cairn", "Ctrl-C stops everything and keeps the data");
    pending().await
}
