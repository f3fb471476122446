//! A private Postgres and a private RabbitMQ, so that Cairn needs nothing but a Debian machine.
//!
//! Both run as child processes with their own ports, data and passwords under one folder (`.cairn/`), beside
//! whatever runs on the standard ports. [`Servers::start`] brings up what the [`Plan`] asks for and cleans up
//! after an earlier run that was killed; [`Servers::stop`] stops what it started and leaves the data.
//! A server whose address is given in the environment is used as it is and never started or stopped.

mod epmd;
mod error;
mod foreground;
mod home;
pub(crate) mod leftovers;
mod plan;
pub(crate) mod ports;
mod postgres;
mod process;
pub(crate) mod progress;
mod rabbitmq;
pub(crate) mod secret;
pub(crate) mod signal;

use std::fs::{File, TryLockError};
use std::future::pending;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

pub(crate) use error::Error;
pub(crate) use foreground::{hold, run};
pub(crate) use plan::{Lifetime, Plan, ServerPorts, Settings};
pub(crate) use postgres::Postgres;
pub(crate) use rabbitmq::RabbitMq;
use signal::StopRequests;

/// What the private servers return.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// A server that keeps dying must not keep the machine busy.
const RESTART_PAUSE: Duration = Duration::from_secs(2);

/// The running servers of one data folder; while it lives, nobody else can start servers there.
pub(crate) struct Servers {
    postgres: Option<Postgres>,
    rabbitmq: Option<RabbitMq>,
    database_url: String,
    amqp_url: String,
    // Released by the kernel however we end; held to the last, after both servers.
    _lock: File,
}

impl Servers {
    /// Starts what `plan` asks for under `root`, both at once, and returns when both answer; nothing when somebody asks
    /// to stop first. What a start had begun that fails or is called off is stopped again.
    pub(crate) async fn start(root: &Path, plan: Plan, requests: &mut StopRequests) -> Result<Option<Self>> {
        let root = home::root(root)?;
        let lock = lock(&root)?;
        let Plan { ports, lifetime, database_url, amqp_url } = plan;

        let home = root.join("postgres");
        let postgres = async {
            match database_url {
                Some(_) => Ok(None),
                None => Postgres::start(&home, ports.postgres, lifetime).await.map(Some),
            }
        };
        let rabbitmq = async {
            match amqp_url {
                Some(_) => Ok(None),
                None => RabbitMq::start(&root.join("rabbitmq"), ports, lifetime).await.map(Some),
            }
        };
        let started = tokio::select! {
            started = async { tokio::try_join!(postgres, rabbitmq) } => started.map(Some),
            _ = requests.next() => Ok(None),
        };
        let (postgres, rabbitmq) = match started {
            Ok(Some(servers)) => servers,
            unfinished => {
                let stopped = postgres::abandon(&home).await;
                return unfinished.and(stopped).map(|()| None);
            }
        };

        let database_url = database_url.or_else(|| postgres.as_ref().map(Postgres::url)).unwrap_or_default();
        let amqp_url = amqp_url.or_else(|| rabbitmq.as_ref().map(RabbitMq::url)).unwrap_or_default();
        Ok(Some(Self { postgres, rabbitmq, database_url, amqp_url, _lock: lock }))
    }

    /// Where Postgres is, with the administrator's name and password.
    pub(crate) fn database_url(&self) -> &str {
        &self.database_url
    }

    /// Where RabbitMQ is, with name and password.
    pub(crate) fn amqp_url(&self) -> &str {
        &self.amqp_url
    }

    /// Starts a server again when it stopped by itself. Returns only if that fails; meant for a `select!` beside the
    /// wait for Ctrl-C, and safe to drop there.
    pub(crate) async fn keep_running(&mut self) -> Error {
        let Self { postgres, rabbitmq, .. } = self;
        tokio::select! {
            error = async {
                match postgres {
                    Some(postgres) => postgres.keep_running().await,
                    None => pending().await,
                }
            } => error,
            error = async {
                match rabbitmq {
                    Some(rabbitmq) => rabbitmq.keep_running().await,
                    None => pending().await,
                }
            } => error,
        }
    }

    /// Stops what was started here, both at once. The data stays, unless the servers were throwaway.
    pub(crate) async fn stop(self) {
        let Self { postgres, rabbitmq, _lock, .. } = self;
        tokio::join!(
            async {
                if let Some(postgres) = postgres {
                    postgres.stop().await;
                }
            },
            async {
                if let Some(rabbitmq) = rabbitmq {
                    rabbitmq.stop().await;
                }
            },
        );
    }
}

/// Two `cairn` on one folder would stop each other's servers as leftovers, so the second one is refused.
fn lock(root: &Path) -> Result<File> {
    let path = root.join("lock");
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(Error::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let _ = file.read_to_string(&mut pid);
            return Err(Error::Locked { root: root.to_owned(), pid: pid.trim().to_owned() });
        }
        Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
    }
    // The number is only there for the message above; the lock itself is the kernel's.
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(Error::io("write", &path))?;
    Ok(file)
}
