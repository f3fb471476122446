//! What can go wrong while servers start, in words that say what to do next.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// Why a private server could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A program that the distribution provides is not installed.
    #[error("{program} is not installed; run deploy/install.sh, or set {setting} to use a server that exists")]
    Missing {
        /// What was looked for.
        program: String,
        /// The setting that makes it unnecessary.
        setting: &'static str,
    },
    /// Somebody else listens where a server of ours should.
    #[error("port {port} for {purpose} is taken by {holder}; stop it, or set {setting}")]
    PortTaken {
        /// The port.
        port: u16,
        /// Which of our servers wants it.
        purpose: String,
        /// Who has it, as far as this user may know.
        holder: String,
        /// What to change instead.
        setting: &'static str,
    },
    /// No block of free ports was found.
    #[error("no free ports between {from} and {to} on 127.0.0.1")]
    NoFreePorts {
        /// First port looked at.
        from: u16,
        /// Last port looked at.
        to: u16,
    },
    /// The ports would leave the range that exists.
    #[error("CAIRN_PORT_BASE must be a number between 1024 and 65400, not {0:?}")]
    PortBase(String),
    /// Another process works with this data folder.
    #[error("another cairn (process {pid}) already uses {}; stop it first, or give this one its own folder with --data", root.display())]
    Locked {
        /// The data folder.
        root: PathBuf,
        /// The process that holds it.
        pid: String,
    },
    /// An earlier run's processes did not go away.
    #[error("processes of an earlier run do not stop, not even killed: {pids:?}")]
    Leftovers {
        /// The processes.
        pids: Vec<u32>,
    },
    /// The server ended while it was starting.
    #[error("{server} ended while starting ({status}); the end of {}:\n{tail}", log.display())]
    Ended {
        /// Which server.
        server: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// The server did not answer in time.
    #[error("{server} does not answer after {seconds} s; the end of {}:\n{tail}", log.display())]
    Silent {
        /// Which server.
        server: &'static str,
        /// How long it was given.
        seconds: u64,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// A helper program failed.
    #[error("{program} failed ({status}):\n{output}")]
    Failed {
        /// Which program.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        output: String,
    },
    /// Data written by a version of Postgres that is not here.
    #[error("the data in {} was written by Postgres {version}, which is not installed: install postgresql-{version}, or move that folder away", data.display())]
    OtherVersion {
        /// The data folder.
        data: PathBuf,
        /// The major version that wrote it.
        version: String,
    },
    /// Postgres refuses to run as root, and there is nobody else to run it as.
    #[error("Postgres does not run as root and there is no user `postgres`; the package postgresql makes one")]
    NoPostgresUser,
    /// A folder that Postgres cannot enter, with data in it that cannot be moved safely.
    #[error("the user of Postgres cannot enter {}; let it in, or move that folder away", dir.display())]
    Unreachable {
        /// The folder.
        dir: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// A verb.
        action: &'static str,
        /// The object.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// No random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(getrandom::Error),
}

impl Error {
    /// For `map_err`: names what was tried, which an [`io::Error`] alone does not.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
