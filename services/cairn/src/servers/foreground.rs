//! The private servers in the foreground, for tests and for a person with a debugger.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitCode, ExitStatus};

use tokio::process::{Child, Command};

use super::signal::{Signal, StopRequests};
use super::{Error, Plan, Result, Servers, progress, secret};

/// Runs `command` with `CAIRN_DATABASE_URL` and `CAIRN_AMQP_URL` set to servers that exist only for it, and passes
/// its exit code on.
pub(crate) async fn run(data: &Path, plan: Plan, command: &[OsString]) -> Result<ExitCode> {
    let Some((program, arguments)) = command.split_first() else { return Ok(ExitCode::SUCCESS) };
    let mut requests = StopRequests::listen().map_err(Error::io("listen for signals in", data))?;
    let Some(servers) = Servers::start(data, plan, &mut requests).await? else { return Ok(ExitCode::from(130)) };

    let child = Command::new(program)
        .args(arguments)
        .env("CAIRN_DATABASE_URL", servers.database_url())
        .env("CAIRN_AMQP_URL", servers.amqp_url())
        .kill_on_drop(true)
        .spawn();
    let status = match child {
        Ok(child) => accompany(child, &mut requests).await,
        Err(error) => Err(error),
    };
    servers.stop().await;
    status.map(exit_code).map_err(Error::io("run", Path::new(program)))
}

/// Keeps the servers up until Ctrl-C. Their addresses are printed as shell code, and kept in `<data>/env` meanwhile.
pub(crate) async fn hold(data: &Path, plan: Plan) -> Result<ExitCode> {
    let mut requests = StopRequests::listen().map_err(Error::io("listen for signals in", data))?;
    let Some(mut servers) = Servers::start(data, plan, &mut requests).await? else { return Ok(ExitCode::from(130)) };

    let lines =
        format!("export CAIRN_DATABASE_URL={}\nexport CAIRN_AMQP_URL={}\n", servers.database_url(), servers.amqp_url());
    let file = data.join("env");
    let written = secret::write(&file, &lines);
    let _ = std::io::stdout().write_all(lines.as_bytes());
    progress::say(
        "servers",
        format_args!("`. {}` gives another shell their addresses; Ctrl-C stops them", file.display()),
    );

    let failed = tokio::select! {
        _ = requests.next() => None,
        error = servers.keep_running() => Some(error),
    };
    servers.stop().await;
    let _ = std::fs::remove_file(&file);
    match failed {
        Some(error) => Err(error),
        None => written.map(|()| ExitCode::SUCCESS),
    }
}

/// Waits for the command and hands on what it should hear. Ctrl-C at a terminal reaches it without us, and twice would
/// mean "now, at once" to many programs; without a terminal the signal came to us alone.
async fn accompany(mut child: Child, requests: &mut StopRequests) -> std::io::Result<ExitStatus> {
    let heard_already = std::io::stdin().is_terminal();
    loop {
        let request = tokio::select! {
            status = child.wait() => return status,
            request = requests.next() => request,
        };
        if let Some(pid) = child.id()
            && !(request == Signal::Interrupt && heard_already)
        {
            request.send(pid);
        }
    }
}

/// As a shell has it: a command killed by signal n counts as 128 + n.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| signal.saturating_add(128)));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
}
