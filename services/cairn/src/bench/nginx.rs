//! nginx as a bare reverse proxy: what passing a request on costs at least.

use std::path::Path;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::Outcome;
use super::process::Process;
use crate::servers::signal::Signal;

const CONFIGURATION: &str = include_str!("../../../../deploy/bench/nginx.conf");
const READY_LIMIT: Duration = Duration::from_secs(10);

/// A running nginx, stopped when it is dropped.
pub(super) struct Nginx {
    child: Child,
    port: u16,
}

impl Nginx {
    /// Starts one on `port` that passes everything on to the port `upstream`, with as many workers as the gateway.
    pub(super) async fn start(folder: &Path, port: u16, upstream: u16, workers: usize) -> Outcome<Self> {
        let folder = folder.join("nginx");
        std::fs::create_dir_all(&folder)?;
        let folder = folder.canonicalize()?;
        let told = CONFIGURATION
            .replace("WORKERS", &workers.to_string())
            .replace("UPSTREAM", &upstream.to_string())
            .replace("PORT", &port.to_string());
        std::fs::write(folder.join("nginx.conf"), told)?;
        let mut command = Command::new("setpriv");
        // Debian keeps it where a normal user's PATH does not look.
        command
            .args(["--pdeathsig=TERM", "env", "PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/bin", "nginx", "-p"])
            .arg(&folder);
        let child = command.args(["-e", "stderr", "-c", "nginx.conf"]).process_group(0).spawn()?;
        let nginx = Self { child, port };
        let answers = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(READY_LIMIT, answers).await.map_err(|_| "nginx does not start")?;
        Ok(nginx)
    }

    /// Processor time of its workers so far.
    pub(super) fn processor_time(&self) -> Duration {
        let master = self.child.id().map(Process::new);
        master.into_iter().flat_map(Process::children).map(Process::processor_time).sum()
    }

    /// Where it listens.
    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Killed, it would leave its workers behind.
        if let Some(pid) = self.child.id() {
            Signal::Terminate.send(pid);
        }
    }
}
