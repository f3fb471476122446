//! The platform that is measured: `cairn up`, as people run it, in a folder and on ports of its own.
//!
//! Postgres is durable and every other setting has its default. Only the rate limits are raised: they would refuse the load.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kernel::config::{Config, SERVICES};
use reqwest::{Body, RequestBuilder};
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::Outcome;
use super::postgres::Postgres;
use super::process::{self, Memory, Process};
use crate::running;
use crate::servers::signal::Signal;
use crate::servers::{ServerPorts, ports};

/// Where a free block of a hundred ports is looked for.
const BLOCKS: std::ops::Range<u16> = 200..310;
/// More than any machine serves in a second.
const NO_LIMIT: &str = "1000000000";
const READY_LIMIT: Duration = Duration::from_secs(180);
/// Services drain and servers write a checkpoint.
const STOP_LIMIT: Duration = Duration::from_secs(90);

/// A running platform with its first tenant.
pub(super) struct Platform {
    child: Child,
    supervisor: Process,
    data: PathBuf,
    port_base: u16,
    http: reqwest::Client,
}

impl Platform {
    /// Begins to start it.
    pub(super) fn spawn(data: &Path) -> Outcome<Self> {
        let port_base = free_block()?;
        let mut command = Command::new("setpriv");
        command.arg("--pdeathsig=TERM").arg(std::env::current_exe()?).arg("up").arg("--data").arg(data);
        let elsewhere =
            std::env::vars().filter(|(name, _)| name.starts_with("CAIRN_DATABASE_URL") || name == "CAIRN_AMQP_URL");
        for (name, _) in elsewhere {
            command.env_remove(name);
        }
        command.env("CAIRN_PORT_BASE", port_base.to_string()).env("CAIRN_LOG_FORMAT", "text");
        let limits = ["CAIRN_RATE_USER", "CAIRN_RATE_TENANT", "CAIRN_RATE_ADDRESS", "CAIRN_EVENT_STREAMS"];
        command.envs(limits.map(|name| (name, NO_LIMIT)));
        // Ctrl-C is for us; we ask it to stop when we have done what needs it.
        let child = command.process_group(0).spawn()?;
        let supervisor = Process::new(child.id().ok_or("the platform ended at once")?);
        Ok(Self { child, supervisor, data: data.to_owned(), port_base, http: reqwest::Client::new() })
    }

    /// Waits until every service is ready, and says how long they took from their start: servers and schemas were there.
    pub(super) async fn ready(&mut self) -> Outcome<Duration> {
        let began = Instant::now();
        // The gateway answers for all.
        while !self.is_ready().await {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("the platform ended while it started ({status})").into());
            }
            if began.elapsed() > READY_LIMIT {
                return Err(format!("the platform is not ready after {} s", READY_LIMIT.as_secs()).into());
            }
            sleep(Duration::from_millis(20)).await;
        }
        let now = process::uptime()?;
        let first = SERVICES.into_iter().filter_map(|service| self.service(service).ok()).map(Process::started).min();
        let took = now.saturating_sub(first.ok_or("no service runs")?);
        // The first tenant comes last.
        while !self.data.join("admin").exists() {
            sleep(Duration::from_millis(20)).await;
        }
        Ok(took)
    }

    async fn is_ready(&self) -> bool {
        let answer = self.http.get(format!("{}/readyz", self.address("gateway"))).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Where a service listens; `gateway` for what people see.
    pub(super) fn address(&self, service: &str) -> String {
        format!("http://127.0.0.1:{}", self.port(service))
    }

    /// Its port.
    pub(super) fn port(&self, service: &str) -> u16 {
        SERVICES
            .into_iter()
            .zip(self.port_base..)
            .find_map(|(name, port)| (name == service).then_some(port))
            .unwrap_or_default()
    }

    /// A port of the platform's block that it does not use; the next one is free too.
    pub(super) fn spare_port(&self) -> u16 {
        self.port_base + 90
    }

    /// The process of a service.
    pub(super) fn service(&self, name: &str) -> Outcome<Process> {
        self.supervisor.child(&["serve", name]).ok_or_else(|| format!("{name} is not running").into())
    }

    /// The memory of the seven services and of what supervises them.
    pub(super) fn memory(&self) -> Memory {
        let services = SERVICES.into_iter().filter_map(|name| self.service(name).ok());
        services.chain([self.supervisor]).map(Process::memory).sum()
    }

    /// Its configuration.
    pub(super) fn config(&self) -> Outcome<Config> {
        Ok(running::noted(&self.data)?)
    }

    /// Its database server.
    pub(super) fn postgres(&self) -> Outcome<Postgres> {
        let url = self.config()?.database.admin_url.ok_or("the platform has no database")?;
        Ok(Postgres::new(url.reveal().clone(), self.data.join("postgres/postgres.log")))
    }

    /// An access token of the first tenant's administrator.
    pub(super) async fn sign_in(&self) -> Outcome<String> {
        let tokens = self.session().await?;
        Ok(tokens.pointer("/accessToken").and_then(Value::as_str).ok_or("no access token")?.to_owned())
    }

    /// The tokens of a new session of the administrator.
    pub(super) async fn session(&self) -> Outcome<Value> {
        match self.try_post("/identity/v1/sessions", &self.credentials()?).await? {
            (201, tokens) => Ok(tokens),
            (status, _) => Err(format!("a sign-in was answered with {status}").into()),
        }
    }

    /// Name and password of the administrator.
    pub(super) fn credentials(&self) -> Outcome<Value> {
        let account = std::fs::read_to_string(self.data.join("admin"))?;
        let value = |name: &str| account.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        Ok(json!({ "login": value("login="), "password": value("password=") }))
    }

    /// What somebody gets who is not signed in, whatever it is.
    pub(super) async fn try_post(&self, path: &str, body: &Value) -> Outcome<(u16, Value)> {
        let answer = self.http.post(format!("{}{path}", self.address("gateway"))).json(body).send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await?))
    }

    /// What a caller gets.
    pub(super) async fn get(&self, path: &str, token: &str) -> Outcome<Value> {
        self.ask(self.http.get(format!("{}{path}", self.address("gateway"))), token).await
    }

    /// The ids of what is on a page.
    pub(super) async fn ids(&self, path: &str, token: &str) -> Outcome<Vec<String>> {
        let page = self.get(path, token).await?;
        let items = page.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let ids = items.iter().map(|item| Some(item.get("id")?.as_str()?.to_owned())).collect::<Option<_>>();
        Ok(ids.ok_or_else(|| format!("{path}: something without an id"))?)
    }

    /// What a caller gets who sends this JSON.
    pub(super) async fn post(&self, path: &str, token: &str, body: impl Into<Body>) -> Outcome<Value> {
        let request = self.http.post(format!("{}{path}", self.address("gateway")));
        self.ask(request.header("content-type", "application/json").body(body), token).await
    }

    async fn ask(&self, request: RequestBuilder, token: &str) -> Outcome<Value> {
        // In full: what the client says first is not what went wrong.
        let answer = request.bearer_auth(token).send().await.map_err(|error| format!("{error:?}"))?;
        let (status, path) = (answer.status(), answer.url().path().to_owned());
        let text = answer.text().await?;
        if status.is_success() {
            Ok(serde_json::from_str(&text)?)
        } else {
            Err(format!("{path}: {status}: {text}").into())
        }
    }

    /// Asks it to stop, and waits.
    pub(super) async fn stop(mut self) {
        if let Some(pid) = self.child.id() {
            Signal::Terminate.send(pid);
            let _ = timeout(STOP_LIMIT, self.child.wait()).await;
        }
    }
}

/// The first block in which everything that `cairn up` wants is free.
fn free_block() -> Outcome<u16> {
    let is_free = |port: u16| ports::ensure_free(port, "", "").is_ok();
    let fits = |base: &u16| {
        let ServerPorts { postgres, rabbitmq, erlang, epmd } = ServerPorts::in_block(*base);
        (*base..).take(SERVICES.len()).chain([postgres, rabbitmq, erlang, epmd, base + 90, base + 91]).all(is_free)
    };
    BLOCKS.map(|block| block * 100).find(fits).ok_or_else(|| "no free block of ports".into())
}
