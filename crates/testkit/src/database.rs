//! A database and a queue prefix per test.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use db::Migrations;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use kernel::Secret;
use kernel::config::Config;

use crate::proxy::Proxy;

/// Every test process derives the same database passwords from it: roles belong to the cluster, not to a database.
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Where `make servers` notes the addresses of the servers it keeps.
const NOTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.cairn/test/env");

/// Where the migrations are.
const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");

/// What a test owns.
pub struct TestWorld {
    /// The configuration of a platform in this world.
    pub config: Config,
    /// Environment variables with which a process of the platform enters this world.
    pub environment: Vec<(String, String)>,
    database: String,
    admin_url: String,
    amqp_url: Secret<String>,
}

/// Makes a world from a template that has the given migrations.
///
/// # Panics
/// Without a Postgres and a RabbitMQ: run `make test`, or keep `make servers` open beside you.
#[expect(clippy::disallowed_methods, reason = "tests learn from the environment where the servers are")]
pub fn world(migrations: &[Migrations]) -> TestWorld {
    let noted = std::fs::read_to_string(NOTED).unwrap_or_default();
    let server = |name: &str| {
        let noted = noted.lines().find_map(|line| line.strip_prefix("export ")?.strip_prefix(name)?.strip_prefix('='));
        std::env::var(name)
            .ok()
            .or_else(|| noted.map(str::to_owned))
            .unwrap_or_else(|| panic!("{name} is not set: run `make test`"))
    };
    let (admin_url, amqp_url) = (server("CAIRN_DATABASE_URL"), server("CAIRN_AMQP_URL"));
    let id = kernel::TenantId::fresh().0.simple().to_string();
    let database = format!("cairn_{id}");
    let prefix = format!("t{}.", &id[12..24]);
    let template = template_name(migrations);
    let schemas = migrations.to_vec();
    let admin = admin_url.clone();
    let name = database.clone();
    // A thread of its own: diesel's migration harness needs the multi-threaded runtime, a test has its own.
    let made = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            ensure_template(&admin, &template, &schemas).await;
            let mut conn = AsyncPgConnection::establish(&admin).await.unwrap();
            conn.batch_execute(&format!("create database {name} template {template} strategy file_copy"))
                .await
                .unwrap();
        });
    });
    made.join().expect("the test's database could not be made");
    let mut environment = environment(&database_url(&admin_url, &database), &amqp_url, &prefix);
    let data = std::env::temp_dir().join(&database);
    environment.push(("CAIRN_DATA".to_owned(), data.display().to_string()));
    let config = Config::from_pairs(environment.clone()).unwrap();
    TestWorld { config, environment, database, admin_url, amqp_url: Secret::new(amqp_url) }
}

impl TestWorld {
    /// Puts a proxy before Postgres (`true`) or RabbitMQ (`false`) for everybody who enters this world from now on.
    ///
    /// # Panics
    /// When the address cannot be read.
    pub fn put_proxy(&mut self, postgres: bool) -> Proxy {
        let name = if postgres { "CAIRN_DATABASE_URL" } else { "CAIRN_AMQP_URL" };
        let url = self.environment.iter().find(|(known, _)| known == name).unwrap().1.clone();
        self.lead(name, &url)
    }

    /// Puts a proxy before Postgres for one role only, such as `catalog_app`: a service that fails alone.
    ///
    /// # Panics
    /// When the address cannot be read.
    pub fn put_proxy_for(&mut self, role: &str) -> Proxy {
        let url = self.config.role_url(role).unwrap();
        self.lead(&format!("CAIRN_DATABASE_URL_{}", role.to_uppercase()), url.reveal())
    }

    /// Sets a variable to the same server behind a proxy.
    fn lead(&mut self, name: &str, url: &str) -> Proxy {
        let (login, rest) = url.rsplit_once('@').unwrap();
        let (server, path) = rest.split_once('/').unwrap();
        let proxy = Proxy::before(server);
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), format!("{login}@{}/{path}", proxy.address)));
        self.config = Config::from_pairs(self.environment.clone()).unwrap();
        proxy
    }

    /// Changes a setting for everybody who enters this world from now on.
    ///
    /// # Panics
    /// When the setting cannot have this value.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self.config = Config::from_pairs(self.environment.clone()).unwrap();
    }

    /// Removes the database, the queues and the files.
    pub async fn end(self) {
        std::fs::remove_dir_all(&self.config.data).ok();
        // Past a proxy that may be cut.
        let direct = Config::from_pairs(self.environment.clone())
            .map(|config| kernel::config::Broker { url: self.amqp_url.clone(), ..config.broker });
        bus::Broker::remove(&direct.unwrap()).await.ok();
        if let Ok(mut conn) = AsyncPgConnection::establish(&self.admin_url).await {
            conn.batch_execute(&format!("drop database if exists {} with (force)", self.database)).await.ok();
        }
    }

    /// A connection as the administrator of this world's database, to look behind the wall.
    ///
    /// # Panics
    /// When the database is away.
    pub async fn administrator(&self) -> AsyncPgConnection {
        AsyncPgConnection::establish(&database_url(&self.admin_url, &self.database)).await.unwrap()
    }
}

fn environment(database: &str, amqp: &str, prefix: &str) -> Vec<(String, String)> {
    [
        ("CAIRN_DATABASE_URL", database),
        ("CAIRN_AMQP_URL", amqp),
        ("CAIRN_QUEUE_PREFIX", prefix),
        ("CAIRN_MASTER_KEY", MASTER_KEY),
        ("CAIRN_PORT_BASE", "0"),
        ("CAIRN_WORKERS", "1"),
        ("CAIRN_DB_POOL", "3"),
        ("CAIRN_BCRYPT_COST", "4"),
        ("CAIRN_SHUTDOWN_SECONDS", "5"),
        ("CAIRN_LOG", "warn"),
        ("CAIRN_LOG_FORMAT", "text"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

fn database_url(admin_url: &str, database: &str) -> String {
    let (server, _) = admin_url.rsplit_once('/').unwrap_or((admin_url, ""));
    format!("{server}/{database}")
}

/// The template's name changes with the text of the migrations, so an old one is never taken for the present one.
fn template_name(migrations: &[Migrations]) -> String {
    let mut hash = DefaultHasher::new();
    for schema in migrations.iter().map(|migration| migration.schema).chain(["house"]) {
        let folder = std::fs::read_dir(format!("{MIGRATIONS}/{schema}"));
        let mut folders: Vec<_> = folder.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        for folder in folders {
            (folder.file_name(), std::fs::read(folder.join("up.sql")).unwrap()).hash(&mut hash);
        }
    }
    format!("cairn_template_{:016x}", hash.finish())
}

async fn ensure_template(admin_url: &str, template: &str, migrations: &[Migrations]) {
    let mut conn = AsyncPgConnection::establish(admin_url).await.unwrap();
    conn.batch_execute("select pg_advisory_lock(hashtext('cairn test template'))").await.unwrap();
    let known = diesel::sql_query("select 1 from pg_database where datname = $1 and datistemplate");
    if known.bind::<diesel::sql_types::Text, _>(template).execute(&mut conn).await.unwrap() == 0 {
        conn.batch_execute(&format!("drop database if exists {template}")).await.unwrap();
        conn.batch_execute(&format!("create database {template}")).await.unwrap();
        let config = Config::from_pairs(environment(&database_url(admin_url, template), "amqp://nowhere", "")).unwrap();
        db::migrate(&config, migrations).await.expect("migrations");
        conn.batch_execute(&format!("alter database {template} is_template true")).await.unwrap();
    }
    conn.batch_execute("select pg_advisory_unlock(hashtext('cairn test template'))").await.unwrap();
}
