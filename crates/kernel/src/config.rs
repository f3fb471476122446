//! All configuration of the platform, read once at start from `CAIRN_*` variables and checked as a whole.
//!
//! An unknown `CAIRN_` name is refused: a misspelt setting must not pass for a default. [`SETTINGS`] is the one list;
//! the README's table is printed from it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::keys::{Keyring, MasterKey};
use crate::network;
use crate::secret::Secret;

/// One setting: name, default, meaning.
#[derive(Debug)]
pub struct Setting {
    /// The variable's name.
    pub name: &'static str,
    /// What holds when it is not set; empty when there is no default.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

macro_rules! settings {
    ($($name:literal = $default:literal, $meaning:literal;)+) => {
        /// Every setting there is.
        pub static SETTINGS: &[Setting] = &[$(Setting { name: $name, default: $default, meaning: $meaning }),+];
    };
}

settings! {
    "CAIRN_DATABASE_URL" = "", "Postgres as an administrator; `cairn up` starts a private one when it is not set";
    "CAIRN_DATABASE_URL_*" = "", "one role's own URL, such as CAIRN_DATABASE_URL_CATALOG_APP; default: the administrator's host with the role's derived password";
    "CAIRN_AMQP_URL" = "", "RabbitMQ; `cairn up` starts a private one when it is not set";
    "CAIRN_MASTER_KEY" = "", "32 bytes in base64; every working key is derived from it";
    "CAIRN_MASTER_KEY_FILE" = ".cairn/master.key", "a file with the master key, when CAIRN_MASTER_KEY is not set";
    "CAIRN_MASTER_KEY_PREVIOUS" = "", "the master key before a rotation: still verifies and unwraps";
    "CAIRN_DATA" = ".cairn", "folder of everything `cairn up` keeps";
    "CAIRN_BIND" = "127.0.0.1", "address that services listen on";
    "CAIRN_PORT_BASE" = "7400", "the gateway's port; identity is the next, then catalog, adoption, telemetry, workflow, helpdesk";
    "CAIRN_UPSTREAMS_*" = "", "one service's addresses, separated by commas, such as CAIRN_UPSTREAMS_CATALOG=http://a:7402,http://b:7402";
    "CAIRN_ROUTES_FILE" = "", "a TOML file with the services behind the gateway, such as deploy/routes.toml, instead of CAIRN_UPSTREAMS_* and the ports; read again on SIGHUP";
    "CAIRN_WORKERS" = "", "HTTP workers per service; default: the number of cores, at most 4";
    "CAIRN_DB_POOL" = "4", "database connections per worker";
    "CAIRN_DB_CONNECTIONS" = "160", "the most connections that all pools of one machine may hold";
    "CAIRN_SHUTDOWN_SECONDS" = "25", "how long a stopping service lets requests finish";
    "CAIRN_BODY_LIMIT" = "16777216", "largest request body in bytes";
    "CAIRN_REQUEST_TIMEOUT_SECONDS" = "30", "how long the gateway waits for a service";
    "CAIRN_RATE_USER" = "200", "requests per second and user; twice that at once";
    "CAIRN_RATE_TENANT" = "2000", "requests per second and tenant; twice that at once";
    "CAIRN_RATE_ADDRESS" = "50", "requests per second and address without a token; twice that at once";
    "CAIRN_CHECK_REQUESTS" = "true", "whether the gateway holds requests against the contract before it passes them on; false leaves that to the services";
    "CAIRN_TLS_CERT" = "", "a PEM file with the gateway's certificate and those that vouch for it: its port speaks TLS; read again on SIGHUP";
    "CAIRN_TLS_KEY" = "", "a PEM file with the certificate's key";
    "CAIRN_ACCESS_LOG" = "false", "whether the gateway logs a line for each request";
    "CAIRN_EVENT_STREAMS" = "20", "streams of events (GET /events) that one user may hold open";
    "CAIRN_CORS_ORIGINS" = "", "web origins that may call the gateway, separated by commas";
    "CAIRN_TRUSTED_PROXIES" = "", "addresses or networks (10.0.0.0/8), separated by commas, that may speak for a client: the gateway believes their X-Forwarded-For, a service takes one for the gateway";
    "CAIRN_PUBLIC_URL" = "", "where people reach the platform, for links in mail and for passkeys; default: http://localhost with the gateway's port";
    "CAIRN_SMTP_URL" = "", "the mail server, such as smtps://user:password@mail.example; without it mail is written to files in mail/ of CAIRN_DATA";
    "CAIRN_MAIL_FROM" = "Cairn <cairn@localhost>", "the sender of mail";
    "CAIRN_BCRYPT_COST" = "12", "cost of password hashes, 4 to 16";
    "CAIRN_TELEMETRY_RETENTION_DAYS" = "400", "older telemetry values are refused and their partitions dropped";
    "CAIRN_LOG" = "info", "what is logged, as a tracing filter";
    "CAIRN_LOG_FORMAT" = "json", "json, or text for people";
    "CAIRN_OTLP_ENDPOINT" = "", "OTLP/HTTP collector for traces, such as http://localhost:4318";
    "CAIRN_QUEUE_PREFIX" = "", "prefix of exchange and queues: platforms that share one broker";
    "CAIRN_TEST_TEMPLATE" = "", "tests only: the migrated database that each test copies";
}

/// The whole configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Postgres.
    pub database: Database,
    /// RabbitMQ.
    pub broker: Broker,
    /// Keys.
    pub keys: Keyring,
    /// Addresses and ports.
    pub network: Network,
    /// The gateway's routes and limits.
    pub gateway: Gateway,
    /// Mail, and the links in it.
    pub mail: Mail,
    /// Logs and traces.
    pub observe: Observe,
    /// Cost of password hashes.
    pub bcrypt_cost: u32,
    /// How long telemetry values are kept.
    pub telemetry_retention_days: i64,
    /// How long a stopping service lets requests finish.
    pub shutdown: Duration,
    /// Folder of everything `cairn up` keeps.
    pub data: PathBuf,
}

/// Postgres: one administrator's URL, from which each role's is made unless it is given.
#[derive(Debug, Clone)]
pub struct Database {
    /// The administrator's URL; only `cairn migrate` and `cairn up` need it.
    pub admin_url: Option<Secret<String>>,
    role_urls: BTreeMap<String, Secret<String>>,
    /// Connections per worker.
    pub pool: u32,
    /// The most connections of all pools on this machine.
    pub connections: u32,
}

/// RabbitMQ.
#[derive(Debug, Clone)]
pub struct Broker {
    /// AMQP URL.
    pub url: Secret<String>,
    /// Prefix of exchange and queues.
    pub prefix: String,
}

/// Addresses and ports.
#[derive(Debug, Clone)]
pub struct Network {
    /// Address to listen on.
    pub bind: String,
    /// The gateway's port; services follow.
    pub port_base: u16,
    /// HTTP workers per service.
    pub workers: usize,
    /// Largest request body in bytes.
    pub body_limit: usize,
    upstreams: BTreeMap<String, Vec<String>>,
}

/// The gateway's routes and limits.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// The file that names the services behind it.
    pub routes_file: Option<PathBuf>,
    /// How long an upstream may take to answer.
    pub request_timeout: Duration,
    /// Requests per second and user.
    pub rate_user: u32,
    /// Requests per second and tenant.
    pub rate_tenant: u32,
    /// Requests per second and address without a token.
    pub rate_address: u32,
    /// Whether requests are held against the contract.
    pub check_requests: bool,
    /// The certificate, when the gateway speaks TLS.
    pub tls: Option<Tls>,
    /// Whether each request is logged.
    pub access_log: bool,
    /// Streams of events that one user may hold open.
    pub event_streams: usize,
    /// Web origins that may call.
    pub cors_origins: Vec<String>,
    /// Who may speak for a client.
    pub trusted_proxies: Vec<network::Network>,
}

/// Mail, and the links in it.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Where people reach the platform: scheme, host and port.
    pub public_url: String,
    /// The mail server; none: mail becomes files.
    pub smtp_url: Option<Secret<String>>,
    /// The sender.
    pub from: String,
}

/// A certificate and its key, as PEM files.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The certificate, then those that vouch for it.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// Logs and traces.
#[derive(Debug, Clone)]
pub struct Observe {
    /// A tracing filter.
    pub filter: String,
    /// JSON lines instead of text for people.
    pub json: bool,
    /// OTLP/HTTP collector.
    pub otlp_endpoint: Option<String>,
}

/// The services in the order of their ports.
pub const SERVICES: [&str; 7] = ["gateway", "identity", "catalog", "adoption", "telemetry", "workflow", "helpdesk"];

/// Everything that is wrong with the configuration, at once.
#[derive(Debug, thiserror::Error)]
#[error("the configuration is not usable:\n  {}", .0.join("\n  "))]
pub struct ConfigError(pub Vec<String>);

impl Config {
    /// Reads the process environment.
    ///
    /// # Errors
    /// All faults at once: unknown names, values of the wrong type, a missing or unreadable key.
    pub fn from_environment() -> Result<Self, ConfigError> {
        Self::from_pairs(std::env::vars().filter(|(name, _)| name.starts_with("CAIRN_")))
    }

    /// Reads the given variables.
    ///
    /// # Errors
    /// As [`Config::from_environment`].
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut read = Reader { values: pairs.into_iter().collect(), faults: Vec::new() };
        read.refuse_unknown_names();
        let config = Self {
            database: Database {
                admin_url: read.optional("CAIRN_DATABASE_URL").map(Secret::new),
                role_urls: read.family("CAIRN_DATABASE_URL_").map(|(role, url)| (role, Secret::new(url))).collect(),
                pool: read.number("CAIRN_DB_POOL"),
                connections: read.number("CAIRN_DB_CONNECTIONS"),
            },
            broker: Broker {
                url: Secret::new(
                    read.optional("CAIRN_AMQP_URL").unwrap_or_else(|| "amqp://127.0.0.1:5672/%2f".to_owned()),
                ),
                prefix: read.text("CAIRN_QUEUE_PREFIX"),
            },
            keys: read.keyring(),
            network: Network {
                bind: read.text("CAIRN_BIND"),
                port_base: read.number("CAIRN_PORT_BASE"),
                workers: read.optional_number("CAIRN_WORKERS").unwrap_or_else(default_workers),
                body_limit: read.number("CAIRN_BODY_LIMIT"),
                upstreams: read.family("CAIRN_UPSTREAMS_").map(|(service, urls)| (service, list(&urls))).collect(),
            },
            gateway: Gateway {
                routes_file: read.optional("CAIRN_ROUTES_FILE").map(PathBuf::from),
                request_timeout: Duration::from_secs(read.number("CAIRN_REQUEST_TIMEOUT_SECONDS")),
                rate_user: read.number("CAIRN_RATE_USER"),
                rate_tenant: read.number("CAIRN_RATE_TENANT"),
                rate_address: read.number("CAIRN_RATE_ADDRESS"),
                check_requests: read.one_of("CAIRN_CHECK_REQUESTS", &["true", "false"]) == "true",
                tls: read.tls(),
                access_log: read.one_of("CAIRN_ACCESS_LOG", &["true", "false"]) == "true",
                event_streams: read.number("CAIRN_EVENT_STREAMS"),
                cors_origins: list(&read.text("CAIRN_CORS_ORIGINS")),
                trusted_proxies: read.networks("CAIRN_TRUSTED_PROXIES"),
            },
            mail: Mail {
                public_url: read
                    .optional("CAIRN_PUBLIC_URL")
                    .unwrap_or_else(|| format!("http://localhost:{}", read.number::<u16>("CAIRN_PORT_BASE"))),
                smtp_url: read.optional("CAIRN_SMTP_URL").map(Secret::new),
                from: read.text("CAIRN_MAIL_FROM"),
            },
            observe: Observe {
                filter: read.text("CAIRN_LOG"),
                json: read.one_of("CAIRN_LOG_FORMAT", &["json", "text"]) == "json",
                otlp_endpoint: read.optional("CAIRN_OTLP_ENDPOINT"),
            },
            bcrypt_cost: read.number_within("CAIRN_BCRYPT_COST", 4, 16),
            telemetry_retention_days: read.number_within("CAIRN_TELEMETRY_RETENTION_DAYS", 1, 36_500),
            shutdown: Duration::from_secs(read.number("CAIRN_SHUTDOWN_SECONDS")),
            data: read.text("CAIRN_DATA").into(),
        };
        if read.faults.is_empty() { Ok(config) } else { Err(ConfigError(read.faults)) }
    }

    /// The port of a service.
    #[must_use]
    pub fn port(&self, service: &str) -> u16 {
        let offset =
            SERVICES.iter().position(|name| *name == service).and_then(|at| u16::try_from(at).ok()).unwrap_or(0);
        self.network.port_base.saturating_add(offset)
    }

    /// The addresses of a service, for the gateway and for typed clients.
    #[must_use]
    pub fn upstreams(&self, service: &str) -> Vec<String> {
        match self.network.upstreams.get(service) {
            Some(urls) if !urls.is_empty() => urls.clone(),
            _ => vec![format!("http://{}:{}", self.network.bind, self.port(service))],
        }
    }

    /// Names the addresses of a service (tests, `cairn serve all` on free ports, and the gateway's routes).
    pub fn set_upstreams(&mut self, service: &str, urls: Vec<String>) {
        self.network.upstreams.insert(service.to_owned(), urls);
    }

    /// The URL a database role connects with: its own, or the administrator's with the role's derived password.
    #[must_use]
    pub fn role_url(&self, role: &str) -> Option<Secret<String>> {
        if let Some(own) = self.database.role_urls.get(role) {
            return Some(own.clone());
        }
        let admin = self.database.admin_url.as_ref()?.reveal();
        let (scheme, rest) = admin.split_once("://")?;
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        Some(Secret::new(format!("{scheme}://{role}:{}@{host}", self.role_password(role).reveal())))
    }

    /// The password of a database role, derived from the master key: nothing to store, nothing to leak.
    #[must_use]
    pub fn role_password(&self, role: &str) -> Secret<String> {
        Secret::new(self.keys.current.derive_text(&format!("database role {role}")))
    }
}

fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(4)
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// Reads values by name and gathers what is wrong.
struct Reader {
    values: BTreeMap<String, String>,
    faults: Vec<String>,
}

impl Reader {
    fn refuse_unknown_names(&mut self) {
        let known = |name: &str| {
            SETTINGS.iter().any(|setting| match setting.name.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => setting.name == name,
            })
        };
        let unknown = self.values.keys().filter(|name| !known(name));
        self.faults.extend(unknown.map(|name| format!("{name} is not a setting; `cairn settings` lists them")));
    }

    fn optional(&self, name: &str) -> Option<String> {
        self.values.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| default_of(name).to_owned())
    }

    fn optional_number<T: std::str::FromStr>(&mut self, name: &str) -> Option<T> {
        let text = self.optional(name)?;
        let number = text.parse().ok();
        if number.is_none() {
            self.faults.push(format!("{name} is `{text}`; give a whole number"));
        }
        number
    }

    fn number<T: std::str::FromStr + Default>(&mut self, name: &str) -> T {
        match self.optional(name) {
            Some(_) => self.optional_number(name).unwrap_or_default(),
            None => default_of(name).parse().unwrap_or_default(),
        }
    }

    fn number_within<T>(&mut self, name: &str, least: T, most: T) -> T
    where
        T: std::str::FromStr + Default + PartialOrd + std::fmt::Display,
    {
        let number: T = self.number(name);
        if number < least || number > most {
            self.faults.push(format!("{name} is {number}; give {least} to {most}"));
        }
        number
    }

    fn one_of(&mut self, name: &str, choices: &[&str]) -> String {
        let text = self.text(name);
        if !choices.contains(&text.as_str()) {
            self.faults.push(format!("{name} is `{text}`; give {}", choices.join(" or ")));
        }
        text
    }

    fn networks(&mut self, name: &str) -> Vec<network::Network> {
        let mut networks = Vec::new();
        for item in list(&self.text(name)) {
            match item.parse() {
                Ok(network) => networks.push(network),
                Err(fault) => self.faults.push(format!("{name}: {fault}")),
            }
        }
        networks
    }

    fn tls(&mut self) -> Option<Tls> {
        match (self.optional("CAIRN_TLS_CERT"), self.optional("CAIRN_TLS_KEY")) {
            (Some(certificate), Some(key)) => Some(Tls { certificate: certificate.into(), key: key.into() }),
            (None, None) => None,
            _ => {
                self.faults.push("CAIRN_TLS_CERT and CAIRN_TLS_KEY belong together; give both or neither".to_owned());
                None
            }
        }
    }

    fn family(&self, prefix: &str) -> impl Iterator<Item = (String, String)> {
        let of_family = self.values.iter().filter_map(|(name, value)| {
            name.strip_prefix(prefix).map(|rest| (rest.to_lowercase(), value.trim().to_owned()))
        });
        of_family.filter(|(_, value)| !value.is_empty()).collect::<Vec<_>>().into_iter()
    }

    fn keyring(&mut self) -> Keyring {
        let current = match self.optional("CAIRN_MASTER_KEY") {
            Some(text) => MasterKey::parse(&text),
            None => {
                let file = self.text("CAIRN_MASTER_KEY_FILE");
                std::fs::read_to_string(&file)
                    .map_err(|error| format!("no master key: set CAIRN_MASTER_KEY or make {file} ({error})"))
                    .and_then(|text| MasterKey::parse(&text))
            }
        };
        let previous = self.optional("CAIRN_MASTER_KEY_PREVIOUS").map(|text| MasterKey::parse(&text)).transpose();
        let previous = previous.unwrap_or_else(|fault| {
            self.faults.push(format!("CAIRN_MASTER_KEY_PREVIOUS: {fault}"));
            None
        });
        let current = current.unwrap_or_else(|fault| {
            self.faults.push(fault);
            MasterKey::unusable()
        });
        Keyring { current, previous }
    }
}

fn default_of(name: &str) -> &'static str {
    SETTINGS.iter().find(|setting| setting.name == name).map_or("", |setting| setting.default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let key = MasterKey::random().unwrap().to_text();
        let own = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::from_pairs(own.chain([("CAIRN_MASTER_KEY".to_owned(), key)]))
    }

    #[test]
    fn a_misspelt_name_is_refused_and_every_fault_is_told_at_once() {
        let error =
            read(&[("CAIRN_PROT_BASE", "1"), ("CAIRN_DB_POOL", "many"), ("CAIRN_LOG_FORMAT", "xml")]).unwrap_err();
        assert_eq!(error.0.len(), 3, "{error}");
    }

    #[test]
    fn a_roles_url_is_the_administrators_with_a_derived_password() {
        let config = read(&[("CAIRN_DATABASE_URL", "postgres://root:s@cret@db:5433/cairn")]).unwrap();
        let url = config.role_url("catalog_app").unwrap();
        assert!(url.reveal().starts_with("postgres://catalog_app:"));
        assert!(url.reveal().ends_with("@db:5433/cairn"));
        assert!(!url.reveal().contains("s@cret"));
    }

    #[test]
    fn services_have_consecutive_ports_unless_their_addresses_are_given() {
        let config =
            read(&[("CAIRN_PORT_BASE", "9000"), ("CAIRN_UPSTREAMS_CATALOG", "http://a:1, http://b:2")]).unwrap();
        assert_eq!(config.port("telemetry"), 9004);
        assert_eq!(config.upstreams("catalog"), ["http://a:1", "http://b:2"]);
        assert_eq!(config.upstreams("identity"), ["http://127.0.0.1:9001"]);
    }
}
