//! The one binary: runs the platform, its servers and its tools.

mod serve;
mod servers;
mod supervise;
mod up;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use servers::{Plan, Settings};

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
    /// Run one service.
    Serve {
        /// Which.
        service: String,
    },
    /// The private Postgres and RabbitMQ alone.
    #[command(subcommand)]
    Servers(ServersCommand),
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
    // One thread: child processes are tied to the thread that starts them.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    runtime.block_on(run(command)).unwrap_or_else(|error| fail(&error))
}

async fn run(command: Command) -> servers::Result<ExitCode> {
    let settings = Settings::from_environment()?;
    match command {
        Command::Up { data } => up::up(&data, settings).await,
        Command::Serve { service } => serve::serve(&service, settings.port_base).await,
        Command::Servers(ServersCommand::Run { servers: ServersArguments { data, throwaway }, command }) => {
            servers::run(&data, Plan::beside(settings, throwaway)?, &command).await
        }
        Command::Servers(ServersCommand::Start { servers: ServersArguments { data, throwaway } }) => {
            servers::hold(&data, Plan::beside(settings, throwaway)?).await
        }
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("cairn: {error}");
    ExitCode::FAILURE
}
