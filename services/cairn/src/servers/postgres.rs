//! A private Postgres.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::home::Home;
use super::leftovers::{self, Mark};
use super::process::{self, Process};
use super::signal::Signal;
use super::{Error, Lifetime, RESTART_PAUSE, Result, ports, progress, secret};

const NAME: &str = "postgres";
/// Recovery after a crash replays at most a few hundred megabytes.
const START_LIMIT: Duration = Duration::from_secs(120);
/// A fast shutdown writes one checkpoint.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// Where Debian and Ubuntu keep one folder per major version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// The oldest version with everything the schema uses.
const OLDEST: u32 = 15;

/// A running Postgres with one administrator, `cairn`, listening on 127.0.0.1 only.
pub(crate) struct Postgres {
    home: Home,
    port: u16,
    lifetime: Lifetime,
    password: String,
    process: Process,
}

impl Postgres {
    /// Starts the server of the folder `dir`, creating its database on first use, and returns when it answers.
    ///
    /// A server that an earlier run left there is stopped first.
    pub(crate) async fn start(dir: &Path, port: u16, lifetime: Lifetime) -> Result<Self> {
        let home = match lifetime {
            Lifetime::Kept => Home::unprivileged(dir)?,
            Lifetime::Throwaway => Home::throwaway(dir)?,
        };
        let old = leftovers::stop(Mark::Folder(&home.dir, &[NAME]), Signal::Interrupt).await?;
        if old > 0 {
            progress::say(NAME, "stopped the server that an earlier run left behind");
        }
        if lifetime == Lifetime::Throwaway {
            home.clear()?;
        }
        ports::ensure_free(port, "the private Postgres", "CAIRN_PORT_BASE or CAIRN_DATABASE_URL")?;
        let password_file = home.dir.join("password");
        let password = secret::keep(&password_file)?;
        home.hand_over(&password_file)?;
        if !data(&home).join("PG_VERSION").exists() {
            create(&home, &password_file, lifetime).await?;
        }
        let process = launch(&home, port, lifetime).await?;
        Ok(Self { home, port, lifetime, password, process })
    }

    /// Its address, with name and password.
    pub(crate) fn url(&self) -> String {
        format!("postgres://cairn:{}@127.0.0.1:{}/postgres", self.password, self.port)
    }

    /// Starts it again whenever it ends by itself; returns only when that fails.
    pub(crate) async fn keep_running(&mut self) -> Error {
        loop {
            let _ = self.process.ended().await;
            progress::say(NAME, "stopped by itself and is started again");
            tokio::time::sleep(RESTART_PAUSE).await;
            // The master may be gone and a backend still at work: two masters on one folder would ruin it.
            if let Err(error) = leftovers::stop(Mark::Folder(&self.home.dir, &[NAME]), Signal::Terminate).await {
                return error;
            }
            match launch(&self.home, self.port, self.lifetime).await {
                Ok(process) => self.process = process,
                Err(error) => return error,
            }
        }
    }

    /// Stops it. Clients are dropped; nothing committed is lost.
    pub(crate) async fn stop(self) {
        if self.lifetime == Lifetime::Throwaway {
            self.process.stop(Signal::Quit, STOP_LIMIT).await;
            let _ = self.home.clear();
        } else {
            self.process.stop(Signal::Interrupt, STOP_LIMIT).await;
        }
    }
}

/// Stops what a start left there that did not come to its end. Killed, it would leave its shared memory behind.
pub(super) async fn abandon(dir: &Path) -> Result<()> {
    match fs::canonicalize(dir) {
        Ok(dir) => leftovers::stop(Mark::Folder(&dir, &[NAME]), Signal::Interrupt).await.map(drop),
        Err(_) => Ok(()), // nothing was begun
    }
}

fn data(home: &Home) -> PathBuf {
    home.dir.join("data")
}

/// Makes an empty database. It appears under its name only when it is complete, so an interrupted first start leaves
/// nothing that looks like data.
async fn create(home: &Home, password_file: &Path, lifetime: Lifetime) -> Result<()> {
    progress::say(NAME, format_args!("creating the database in {}", home.dir.display()));
    let unfinished = home.dir.join("data.new");
    let initdb = programs(None)?.join("initdb");
    let attempt = async |locale: &str| {
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(Error::io("remove", &unfinished))?;
        }
        let mut command = process::command(home, Signal::Kill, &initdb);
        command.arg("--pgdata").arg(&unfinished).arg("--pwfile").arg(password_file);
        command.args(["--username=cairn", "--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"]);
        command.arg(format!("--locale={locale}"));
        if lifetime != Lifetime::Kept {
            command.arg("--no-sync");
        }
        process::finish("initdb", command).await
    };
    // C.UTF-8 knows letters beyond ASCII and sorts by code point everywhere alike; not every libc has it.
    if attempt("C.UTF-8").await.is_err() {
        attempt("C").await?;
    }
    let data = data(home);
    fs::rename(&unfinished, &data).map_err(Error::io("create", &data))
}

/// Starts the server and waits until it answers.
async fn launch(home: &Home, port: u16, lifetime: Lifetime) -> Result<Process> {
    let began = Instant::now();
    let data = data(home);
    let version_file = data.join("PG_VERSION");
    let version = fs::read_to_string(&version_file).map_err(Error::io("read", &version_file))?;
    let postgres = programs(Some((version.trim(), &data)))?.join("postgres");

    // Nobody works in this folder any more (see `leftovers`), so a lock file is a lie of a crashed run. Postgres would
    // believe it if its process number were in use again.
    let lock_file = data.join("postmaster.pid");
    let _ = fs::remove_file(&lock_file);

    let mut command = process::command(home, Signal::Interrupt, postgres);
    // See `abandon`.
    command.kill_on_drop(false);
    command.arg("-D").arg(&data).args(["-p", &port.to_string()]);
    for setting in settings(lifetime) {
        command.args(["-c", setting]);
    }
    progress::say(NAME, "starting");
    let mut process = Process::spawn(NAME, home, command)?;
    process.ready(START_LIMIT, async || accepts(&fs::read_to_string(&lock_file).unwrap_or_default())).await?;
    progress::say(NAME, format_args!("ready on 127.0.0.1:{port} ({:.1} s)", began.elapsed().as_secs_f32()));
    Ok(process)
}

fn settings(lifetime: Lifetime) -> impl Iterator<Item = &'static str> {
    let always = [
        "listen_addresses=127.0.0.1",
        // No socket file: it would need a folder that both users may write, and a lock of its own.
        "unix_socket_directories=",
        "max_connections=300",
        "shared_buffers=256MB",
        "timezone=UTC",
        "log_timezone=UTC",
        "log_line_prefix=%m [%p] %u ",
        "cluster_name=cairn",
    ];
    let fast: &[&str] = match lifetime {
        Lifetime::Kept => &[],
        Lifetime::Throwaway => &["fsync=off", "synchronous_commit=off", "full_page_writes=off"],
    };
    always.into_iter().chain(fast.iter().copied())
}

/// Whether the server's own lock file says that it takes connections: line 8, the way `pg_ctl` looks at it. Unlike a
/// connection it cannot reach somebody else's server by mistake.
fn accepts(lock_file: &str) -> bool {
    lock_file.lines().nth(7).is_some_and(|status| status.trim() == "ready")
}

/// The folder with the server's programs: of the version that wrote the data, or else the newest.
fn programs(wanted: Option<(&str, &Path)>) -> Result<PathBuf> {
    if let Some((version, data)) = wanted {
        let dir = Path::new(DEBIAN).join(version).join("bin");
        return match () {
            () if dir.join("postgres").exists() => Ok(dir),
            () if !Path::new(DEBIAN).exists() => on_path(),
            () => Err(Error::OtherVersion { data: data.to_owned(), version: version.to_owned() }),
        };
    }
    let names =
        fs::read_dir(DEBIAN).into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let usable = names.filter(|name| Path::new(DEBIAN).join(name).join("bin/initdb").exists());
    match newest(usable) {
        Some(version) => Ok(Path::new(DEBIAN).join(version.to_string()).join("bin")),
        None => on_path(),
    }
}

fn on_path() -> Result<PathBuf> {
    process::find("initdb")
        .and_then(|initdb| Some(initdb.parent()?.to_owned()))
        .ok_or_else(|| Error::Missing { program: format!("Postgres {OLDEST} or newer"), setting: "CAIRN_DATABASE_URL" })
}

fn newest(names: impl Iterator<Item = String>) -> Option<u32> {
    names.filter_map(|name| name.parse().ok()).filter(|version| *version >= OLDEST).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_wins_by_number_and_old_ones_do_not_count() {
        let of = |names: &[&str]| newest(names.iter().map(|name| (*name).to_owned()));
        assert_eq!(of(&["9.6", "15", "17", "16"]), Some(17));
        assert_eq!(of(&["13", "14"]), None);
        assert_eq!(of(&["15", "100"]), Some(100));
    }

    #[test]
    fn a_server_accepts_when_its_lock_file_says_ready() {
        let lines = "812\n/data\n1794\n7432\n\n127.0.0.1\n  1 2\n";
        assert!(accepts(&format!("{lines}ready   \n")));
        assert!(!accepts(&format!("{lines}starting\n")));
        assert!(!accepts(lines));
        assert!(!accepts(""));
    }

    #[test]
    fn only_data_that_may_be_lost_is_written_without_sync() {
        assert!(!settings(Lifetime::Kept).any(|setting| setting == "fsync=off"));
        assert!(settings(Lifetime::Throwaway).any(|setting| setting == "fsync=off"));
    }
}
