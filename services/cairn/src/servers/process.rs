//! A server as a child process: started, watched until it answers, stopped within bounds.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use super::home::Home;
use super::signal::Signal;
use super::{Error, Result, progress};

const POLL: Duration = Duration::from_millis(50);
/// How much of a log an error shows.
const TAIL_LINES: usize = 15;

/// A running server.
pub(super) struct Process {
    server: &'static str,
    child: Child,
    log: PathBuf,
}

/// The start of a command that runs `program` in `home` as its owner, with a clean environment: settings of the
/// machine's own Postgres or RabbitMQ must not leak into ours.
///
/// `setpriv` also asks the kernel to send `farewell` when we die without a chance to stop our children. That hangs on
/// the thread that spawns, so servers are started from a thread that lasts.
pub(super) fn command(home: &Home, farewell: Signal, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.arg(format!("--pdeathsig={}", farewell.name()));
    if let Some(owner) = home.owner {
        command.args(owner.setpriv());
    }
    command
        .arg(program)
        .current_dir(&home.dir)
        .env_clear()
        .env("PATH", search_path())
        .env("LANG", "C.UTF-8")
        .env("HOME", &home.dir)
        .stdin(Stdio::null())
        // Ctrl-C at the terminal is for us; we stop the servers after their clients.
        .process_group(0)
        .kill_on_drop(true);
    command
}

impl Process {
    /// Starts a server that writes to `<home>/<server>.log`; the log of the run before is kept beside it.
    pub(super) fn spawn(server: &'static str, home: &Home, mut command: Command) -> Result<Self> {
        let log = home.dir.join(format!("{server}.log"));
        let _ = fs::rename(&log, home.dir.join(format!("{server}.log.1")));
        let file = File::create(&log).map_err(Error::io("create", &log))?;
        let second = file.try_clone().map_err(Error::io("open", &log))?;
        home.hand_over(&log)?;
        let child = command.stdout(file).stderr(second).spawn().map_err(Error::io("start", Path::new(server)))?;
        Ok(Self { server, child, log })
    }

    /// Waits until `answers` says yes, the server ends, or `limit` has passed.
    pub(super) async fn ready(&mut self, limit: Duration, answers: impl AsyncFn() -> bool) -> Result<()> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().map_err(Error::io("watch", Path::new(self.server)))? {
                return Err(Error::Ended { server: self.server, status, tail: self.tail(), log: self.log.clone() });
            }
            if answers().await {
                return Ok(());
            }
            if began.elapsed() > limit {
                let seconds = limit.as_secs();
                return Err(Error::Silent { server: self.server, seconds, tail: self.tail(), log: self.log.clone() });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits until it ends by itself.
    pub(super) async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Asks it to stop and waits for `patience`; then it is killed.
    pub(super) async fn stop(mut self, signal: Signal, patience: Duration) {
        // No id: it has ended and been waited for.
        let Some(pid) = self.child.id() else { return };
        signal.send(pid);
        if tokio::time::timeout(patience, self.child.wait()).await.is_err() {
            progress::say(self.server, format_args!("did not stop within {} s and is killed", patience.as_secs()));
            let _ = self.child.kill().await;
        }
    }

    fn tail(&self) -> String {
        tail(&fs::read_to_string(&self.log).unwrap_or_default(), TAIL_LINES)
    }
}

/// Runs a helper program to its end and gives an error with its words if it fails.
pub(super) async fn finish(name: &str, mut command: Command) -> Result<()> {
    let output = command.output().await.map_err(Error::io("run", Path::new(name)))?;
    if output.status.success() {
        return Ok(());
    }
    let words =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()).join("\n");
    Err(Error::Failed { program: name.to_owned(), status: output.status, output: tail(&words, TAIL_LINES) })
}

/// Finds a program on the `PATH`.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&search_path()).map(|dir| dir.join(program)).find(|path| path.is_file())
}

/// The last lines of a text.
pub(crate) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    let skip = all.len().saturating_sub(lines);
    all.into_iter().skip(skip).collect::<Vec<_>>().join("\n")
}

/// Our own `PATH` with the folders of the system behind it, which a normal user's may lack.
fn search_path() -> std::ffi::OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_a_log_is_its_last_lines() {
        assert_eq!(tail("a\nb\nc\n", 2), "b\nc");
        assert_eq!(tail("a", 5), "a");
        assert_eq!(tail("", 5), "");
    }

    #[test]
    fn a_program_is_found_on_the_path() {
        assert!(find("sh").is_some());
        assert_eq!(find("no-such-program-anywhere"), None);
    }
}
