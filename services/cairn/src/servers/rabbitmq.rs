//! A private RabbitMQ.

use std::fs::{self, Permissions};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::home::Home;
use super::leftovers::{self, Mark};
use super::process::{self, Process};
use super::signal::Signal;
use super::{Error, Lifetime, RESTART_PAUSE, Result, ServerPorts, epmd, ports, progress, secret};

const NAME: &str = "rabbitmq";
/// Usually under ten seconds; a cold disk and a busy machine take their time.
const START_LIMIT: Duration = Duration::from_secs(120);
/// It writes its queues to disk.
const STOP_LIMIT: Duration = Duration::from_secs(30);
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(2);
/// Debian's own script. The one on the `PATH` there is a wrapper that insists on the user `rabbitmq`.
const DEBIAN: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/// The programs that work in our folder: the virtual machine, its helpers, the port mapper.
const PROGRAMS: &[&str] = &["beam.smp", "erl_child_setup", "inet_gethost", "epmd"];

/// A running RabbitMQ with one user, `cairn`, and no plugins, listening on 127.0.0.1 only.
pub(crate) struct RabbitMq {
    home: Home,
    ports: ServerPorts,
    lifetime: Lifetime,
    password: String,
    epmd: Process,
    process: Process,
}

impl RabbitMq {
    /// Starts the server of the folder `dir` and returns when it speaks AMQP.
    ///
    /// A server that an earlier run left there is stopped first.
    pub(crate) async fn start(dir: &Path, ports: ServerPorts, lifetime: Lifetime) -> Result<Self> {
        let home = Home::own(dir)?;
        let old = leftovers::stop(Mark::Folder(&home.dir, PROGRAMS), Signal::Terminate).await?;
        if old > 0 {
            progress::say(NAME, "stopped the server that an earlier run left behind");
        }
        // A first start that was interrupted may leave data without our user in it, and the next one would not add it.
        let complete = home.dir.join("complete");
        if lifetime == Lifetime::Throwaway || !complete.exists() {
            home.clear()?;
        }
        for (port, purpose) in [
            (ports.rabbitmq, "the private RabbitMQ"),
            (ports.erlang, "the tools of the private RabbitMQ"),
            (ports.epmd, "the port mapper of the private RabbitMQ"),
        ] {
            ports::ensure_free(port, purpose, "CAIRN_PORT_BASE or CAIRN_AMQP_URL")?;
        }
        let password = secret::keep(&home.dir.join("password"))?;
        configure(&home, &password)?;
        let (epmd, process) = launch(&home, ports, lifetime).await?;
        fs::write(&complete, "").map_err(Error::io("write", &complete))?;
        Ok(Self { home, ports, lifetime, password, epmd, process })
    }

    /// Its address, with name and password; `%2f` is the virtual host `/`.
    pub(crate) fn url(&self) -> String {
        format!("amqp://cairn:{}@127.0.0.1:{}/%2f", self.password, self.ports.rabbitmq)
    }

    /// Starts it again whenever it ends by itself; returns only when that fails.
    pub(crate) async fn keep_running(&mut self) -> Error {
        loop {
            tokio::select! {
                _ = self.process.ended() => {}
                _ = self.epmd.ended() => {}
            }
            progress::say(NAME, "stopped by itself and is started again");
            tokio::time::sleep(RESTART_PAUSE).await;
            // Whichever of the two ended, both start anew: a node is known to the port mapper it registered with.
            if let Err(error) = leftovers::stop(Mark::Folder(&self.home.dir, PROGRAMS), Signal::Terminate).await {
                return error;
            }
            match launch(&self.home, self.ports, self.lifetime).await {
                Ok((epmd, process)) => (self.epmd, self.process) = (epmd, process),
                Err(error) => return error,
            }
        }
    }

    /// Stops it. Messages in durable queues are kept.
    pub(crate) async fn stop(self) {
        let signal = match self.lifetime {
            Lifetime::Throwaway => Signal::Kill,
            Lifetime::Kept => Signal::Terminate,
        };
        self.process.stop(signal, STOP_LIMIT).await;
        epmd::stop(self.epmd).await;
        if self.lifetime == Lifetime::Throwaway {
            let _ = self.home.clear();
        }
    }
}

/// Writes its configuration anew at each start: it is ours, not the user's.
fn configure(home: &Home, password: &str) -> Result<()> {
    secret::write(&home.dir.join("rabbitmq.conf"), &configuration(password))?;
    secret::write(&home.dir.join("enabled_plugins"), "[].\n")?;
    // The shared secret of Erlang nodes. Nobody else needs it, so a new one each time is fine.
    let cookie = home.dir.join(".erlang.cookie");
    secret::write(&cookie, &secret::random()?)?;
    fs::set_permissions(&cookie, Permissions::from_mode(0o400)).map_err(Error::io("protect", &cookie))
}

fn configuration(password: &str) -> String {
    format!(
        "# Written by cairn at each start.\n\
         default_user = cairn\n\
         default_pass = {password}\n\
         default_permissions.configure = .*\n\
         default_permissions.read = .*\n\
         default_permissions.write = .*\n\
         # Everything goes to standard output and from there to rabbitmq.log; a line per connection would drown what matters.\n\
         log.file = false\n\
         log.console = true\n\
         log.console.level = warning\n\
         # Small enough for a laptop; publishers are held back beyond it.\n\
         vm_memory_high_watermark.absolute = 512MB\n\
         disk_free_limit.absolute = 50MB\n\
         # The log of the quorum queues: half a gigabyte by default, all of it also in memory.\n\
         raft.wal_max_size_bytes = 64000000\n"
    )
}

/// Starts the port mapper and the server, and waits until the server speaks.
async fn launch(home: &Home, ports: ServerPorts, lifetime: Lifetime) -> Result<(Process, Process)> {
    let began = Instant::now();
    let program = program()?;
    let epmd = epmd::start(home, ports.epmd).await?;

    let mut command = process::command(home, Signal::Terminate, program);
    let path = |name: &str| home.dir.join(name);
    command
        // The script then becomes the server instead of waiting for it: the process we hold is the one that matters.
        .env("RUNNING_UNDER_SYSTEMD", "true")
        // Part of the data's identity, so it must not depend on the ports. With a port mapper of our own it need not.
        .env("RABBITMQ_NODENAME", "cairn@localhost")
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_NODE_PORT", ports.rabbitmq.to_string())
        .env("RABBITMQ_DIST_PORT", ports.erlang.to_string())
        .env("ERL_EPMD_PORT", ports.epmd.to_string())
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_MNESIA_BASE", &home.dir)
        .env("RABBITMQ_MNESIA_DIR", path("data"))
        .env("RABBITMQ_FEATURE_FLAGS_FILE", path("feature_flags"))
        .env("RABBITMQ_PLUGINS_EXPAND_DIR", path("plugins"))
        .env("RABBITMQ_PID_FILE", path("pid"))
        .env("RABBITMQ_LOG_BASE", &home.dir)
        .env("RABBITMQ_LOGS", "-")
        .env("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf"))
        .env("RABBITMQ_ADVANCED_CONFIG_FILE", path("none.config"))
        .env("RABBITMQ_CONF_ENV_FILE", path("none.conf"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", path("enabled_plugins"))
        // No break handler: it would turn a signal into a question.
        .env("RABBITMQ_SERVER_START_ARGS", "+B i")
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", erlang_arguments(lifetime));

    progress::say(NAME, "starting, which takes about ten seconds");
    let mut process = Process::spawn(NAME, home, command)?;
    let port = ports.rabbitmq;
    process.ready(START_LIMIT, async || speaks(port).await).await?;
    progress::say(NAME, format_args!("ready on 127.0.0.1:{port} ({:.1} s)", began.elapsed().as_secs_f32()));
    Ok((epmd, process))
}

fn erlang_arguments(lifetime: Lifetime) -> String {
    // Two schedulers are plenty for one machine's worth of events and keep its memory small.
    let always = "+S 2:2 -kernel inet_dist_use_interface {127,0,0,1}";
    match lifetime {
        Lifetime::Kept => always.to_owned(),
        Lifetime::Throwaway => format!("{always} -ra wal_sync_method none"),
    }
}

/// Whether somebody answers an AMQP greeting with a frame of class 10 (connection), method 10 (start). The port opens
/// as the last step of RabbitMQ's start, so its user exists by then.
async fn speaks(port: u16) -> bool {
    let greet = async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.write_all(b"AMQP\x00\x00\x09\x01").await?;
        let mut answer = [0_u8; 11];
        stream.read_exact(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    matches!(tokio::time::timeout(HANDSHAKE_LIMIT, greet).await, Ok(Ok([1, 0, 0, _, _, _, _, 0, 10, 0, 10])))
}

fn program() -> Result<PathBuf> {
    let debian = PathBuf::from(DEBIAN);
    if debian.is_file() {
        return Ok(debian);
    }
    process::find("rabbitmq-server")
        .ok_or_else(|| Error::Missing { program: "RabbitMQ 3.10 or newer".to_owned(), setting: "CAIRN_AMQP_URL" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_has_one_setting_per_line() {
        let text = configuration("s3cret");
        assert!(text.contains("\ndefault_pass = s3cret\n"));
        assert!(text.lines().all(|line| line.starts_with('#') || line.contains(" = ")), "{text}");
    }

    #[tokio::test]
    async fn a_port_that_does_not_speak_amqp_is_not_ready() {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let web = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        };
        let (speaks, ()) = tokio::join!(speaks(port), web);
        assert!(!speaks);
    }
}
