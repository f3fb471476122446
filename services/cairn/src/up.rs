//! `cairn up`: the whole platform on one machine, until Ctrl-C.

use std::convert::Infallible;
use std::future::pending;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::servers::signal::StopRequests;
use crate::servers::{Error, Plan, Result, Servers, Settings, progress};
use crate::supervise::{Probe, Program, Supervisor};

/// The services in the order of their ports.
pub(crate) const SERVICES: [&str; 7] =
    ["gateway", "identity", "catalog", "adoption", "telemetry", "workflow", "helpdesk"];
/// Later than this, somebody should look at the logs.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// Starts everything, tells where it is, and stops everything when asked to.
pub(crate) async fn up(data: &Path, settings: Settings) -> Result<ExitCode> {
    let mut requests = StopRequests::listen().map_err(Error::io("listen for signals in", data))?;
    let base = settings.port_base;
    let mut servers = tokio::select! {
        servers = Servers::start(data, Plan::up(settings)) => servers?,
        _ = requests.next() => return Ok(ExitCode::SUCCESS),
    };

    let supervisor = match Supervisor::start(programs(base, &servers), &data.join("log")).await {
        Ok(supervisor) => supervisor,
        Err(error) => {
            servers.stop().await;
            return Err(error);
        }
    };
    let failure = tokio::select! {
        _ = requests.next() => None,
        error = servers.keep_running() => Some(error),
        never = announce(&supervisor, base) => match never {},
    };

    progress::say("cairn", "stopping; Ctrl-C again to hurry");
    let stop = async {
        supervisor.stop().await;
        servers.stop().await;
    };
    tokio::select! {
        () = stop => progress::say("cairn", "stopped; the data is kept"),
        () = requests.impatience() => progress::say("cairn", "killed what was still running; the data is kept"),
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn programs(base: u16, servers: &Servers) -> Vec<Program> {
    let environment = [("CAIRN_DATABASE_URL", servers.database_url()), ("CAIRN_AMQP_URL", servers.amqp_url())];
    let program = |(service, port): (&str, u16)| Program {
        name: service.to_owned(),
        arguments: ["serve", service].map(Into::into).into(),
        environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        probe: Probe { port, path: "/health/ready".to_owned() },
    };
    SERVICES.into_iter().zip(base..).map(program).collect()
}

/// Waits for the services and prints where they are; then there is nothing more to say.
async fn announce(supervisor: &Supervisor, base: u16) -> Infallible {
    if supervisor.ready(READY_LIMIT).await {
        progress::say("cairn", format_args!("up at http://127.0.0.1:{base}; Ctrl-C stops it"));
    } else {
        progress::say(
            "cairn",
            format_args!("not everything is ready after {} s; it may still come", READY_LIMIT.as_secs()),
        );
    }
    pending().await
}
