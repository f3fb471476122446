//! The port mapper of Erlang, without which RabbitMQ does not start.
//!
//! Erlang would start one by itself and leave it running for ever. So we start our own first, as a child on its own
//! port: Erlang finds it and starts none, and it ends with us. The one on the standard port is never touched.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::net::TcpStream;

use super::home::Home;
use super::process::{self, Process};
use super::signal::Signal;
use super::{Error, Result};

const START_LIMIT: Duration = Duration::from_secs(15);
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// Starts it and waits until it listens.
pub(super) async fn start(home: &Home, port: u16) -> Result<Process> {
    let program = process::find("epmd").ok_or_else(|| Error::Missing {
        program: "epmd (part of Erlang, which RabbitMQ needs)".to_owned(),
        setting: "CAIRN_AMQP_URL",
    })?;
    let mut command = process::command(home, Signal::Terminate, program);
    command.args(["-port", &port.to_string(), "-address", "127.0.0.1"]);
    let mut epmd = Process::spawn("epmd", home, command)?;
    epmd.ready(START_LIMIT, async || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok()).await?;
    Ok(epmd)
}

/// Stops it; it keeps nothing that could be lost.
pub(super) async fn stop(epmd: Process) {
    epmd.stop(Signal::Terminate, STOP_LIMIT).await;
}
