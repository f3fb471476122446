//! Plain Postgres, without the platform in front of it: `psql` and `pgbench` as its administrator, past the tenancy wall.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::sleep;

use super::Outcome;
use super::statements::{self, Statement};
use super::wrk::Load;

/// A reloaded setting reaches every connection within this time.
const RELOAD: Duration = Duration::from_millis(300);

/// The platform's own server.
pub(super) struct Postgres {
    url: String,
    log: PathBuf,
}

impl Postgres {
    /// The server at an administrator's address, with its log.
    pub(super) fn new(url: String, log: PathBuf) -> Self {
        Self { url, log }
    }

    /// Runs SQL, each text in a transaction of its own, and returns what the last one answers.
    pub(super) async fn run(&self, sql: &[impl AsRef<OsStr>]) -> Outcome<String> {
        let mut command = Command::new("psql");
        command.args([
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--set=ON_ERROR_STOP=1",
            "--dbname",
            &self.url,
        ]);
        for text in sql {
            command.arg("--command").arg(text);
        }
        Ok(finish(command).await?.trim().to_owned())
    }

    /// The statements with which a service answers what `ask` asks, in its own words: from the server's log.
    pub(super) async fn statements_behind(
        &self,
        service: &str,
        ask: impl Future<Output = Outcome<()>>,
    ) -> Outcome<Vec<Statement>> {
        self.run(&["alter system set log_statement = 'all'", "select pg_reload_conf()"]).await?;
        sleep(RELOAD).await;
        let before = std::fs::read_to_string(&self.log)?.len();
        let asked = ask.await;
        sleep(RELOAD).await;
        let log = std::fs::read_to_string(&self.log)?;
        self.run(&["alter system reset log_statement", "select pg_reload_conf()"]).await?;
        asked?;
        let found = statements::read(log.get(before..).unwrap_or_default(), &format!("{service}_app"));
        if found.is_empty() { Err(format!("{service} read nothing from the database").into()) } else { Ok(found) }
    }

    /// Runs statements of one schema again and again, prepared, from as many clients as asked for.
    pub(super) async fn bench(
        &self,
        schema: &str,
        statements: &[Statement],
        script: &Path,
        clients: u32,
        time: Duration,
    ) -> Outcome<Load> {
        std::fs::write(script, statements::script(statements))?;
        let mut command = Command::new("pgbench");
        command.args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--file"]).arg(script);
        command.args([format!("--client={clients}"), format!("--time={}", time.as_secs())]);
        command.args(statements::variables(statements).iter().map(|variable| format!("--define={variable}")));
        command.arg(format!("{}?options=-csearch_path%3D{schema}", self.url));
        let text = finish(command).await?;
        let number = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split([' ', '/']).next()?.parse::<f64>().ok())
                .ok_or("pgbench's report cannot be read")
        };
        let transactions = number("number of transactions actually processed: ")?;
        Ok(Load::new(transactions, transactions / number("tps = ")?))
    }
}

async fn finish(mut command: Command) -> Outcome<String> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    Err(format!("{program} failed: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
}
