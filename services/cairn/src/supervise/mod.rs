//! Keeps a handful of programs running: the seven services of `cairn up`.
//!
//! Each is a child process with a log file of its own. One that ends by itself is started again, at once the first
//! time and more and more slowly after. The terminal stays quiet: it shows warnings and errors, and what the
//! supervisor itself does. A request to stop goes to all of them; who does not follow in time is killed.

mod backoff;
mod child;
mod health;
mod log;

use std::ffi::OsString;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::servers::leftovers::{self, Mark};
use crate::servers::signal::Signal;
use crate::servers::{Error, Result, ports, progress};

pub(crate) use health::Probe;

/// What a child is marked with, so that the next run finds those that outlived us. Not a `CAIRN_` name: those are
/// settings, and a service refuses one that it does not know.
const MARK: &str = "SUPERVISED_FROM";

/// A program to keep running: this same binary with other arguments.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Its name on the terminal and that of its log file.
    pub(crate) name: String,
    /// The arguments after the binary's own name.
    pub(crate) arguments: Vec<OsString>,
    /// Variables set beside those it inherits.
    pub(crate) environment: Vec<(String, String)>,
    /// Where it says that it is ready; its port is also checked to be free before the start.
    pub(crate) probe: Probe,
}

/// The running programs.
pub(crate) struct Supervisor {
    probes: Vec<(String, Probe)>,
    stop: watch::Sender<bool>,
    programs: JoinSet<()>,
}

impl Supervisor {
    /// Starts all programs, with their logs in the folder `logs`. Those that an earlier run left behind are stopped
    /// first. Call it on a thread that lasts: the children die with it.
    pub(crate) async fn start(programs: Vec<Program>, logs: &Path) -> Result<Self> {
        // For the owner only: they name people and addresses.
        DirBuilder::new().recursive(true).mode(0o700).create(logs).map_err(Error::io("create", logs))?;
        let logs = std::fs::canonicalize(logs).map_err(Error::io("find", logs))?;
        let binary = std::env::current_exe().map_err(Error::io("find", Path::new("our own binary")))?;
        let mark = logs.display().to_string();
        leftovers::stop(Mark::Environment(&format!("{MARK}={mark}")), Signal::Terminate).await?;
        for program in &programs {
            ports::ensure_free(program.probe.port, &program.name, "CAIRN_PORT_BASE")?;
        }

        let probes = programs.iter().map(|program| (program.name.clone(), program.probe.clone())).collect();
        let (stop, _) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for mut program in programs {
            program.environment.push((MARK.to_owned(), mark.clone()));
            let log = log::Log::open(&logs, &program.name)?;
            tasks.spawn(child::keep_running(binary.clone(), program, log, stop.subscribe()));
        }
        Ok(Self { probes, stop, programs: tasks })
    }

    /// Waits until every program says that it is ready, and tells the terminal of each. False if `limit` passes first;
    /// the programs are left running, because they may only be slow.
    pub(crate) async fn ready(&self, limit: Duration) -> bool {
        let began = Instant::now();
        let mut waiting = JoinSet::new();
        for (name, probe) in self.probes.clone() {
            waiting.spawn(async move {
                probe.passes().await;
                progress::say(
                    &name,
                    format_args!("ready on 127.0.0.1:{} ({:.1} s)", probe.port, began.elapsed().as_secs_f32()),
                );
            });
        }
        tokio::time::timeout(limit, waiting.join_all()).await.is_ok()
    }

    /// Asks all programs to stop and returns when none runs any more.
    pub(crate) async fn stop(self) {
        let Self { stop, programs, .. } = self;
        let _ = stop.send(true);
        programs.join_all().await;
    }
}
