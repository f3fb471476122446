//! Roles, schemas and migrations: what an administrator does once, and again at every upgrade.
//!
//! Each service has three roles: `<s>_owner` (no login, owns the schema, past the wall, for migrations), `<s>_app`
//! (the service: behind the wall) and `<s>_relay` (outbox, jobs and upkeep across tenants, nothing else). Their names are
//! constants and their passwords derived text, so composing this DDL from text is safe; Postgres takes no parameters here.

use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use kernel::Problem;
use kernel::config::Config;

/// What every schema has.
const HOUSE: EmbeddedMigrations = embed_migrations!("../../migrations/house");

/// One service's schema and the migrations that build it.
#[derive(Clone, Copy)]
pub struct Migrations {
    /// The schema: the service's name.
    pub schema: &'static str,
    /// The service's own migrations.
    pub own: fn() -> EmbeddedMigrations,
}

impl Migrations {
    /// The names of all migrations: changes when one is added.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let names = MigrationSource::<Pg>::migrations(&self.source()).unwrap_or_default();
        names.iter().map(|migration| format!("{}/{} ", self.schema, migration.name())).collect()
    }

    fn source(&self) -> Combined {
        Combined([HOUSE, (self.own)()])
    }
}

/// The house's migrations and a service's own, ordered together by their version.
struct Combined([EmbeddedMigrations; 2]);

impl MigrationSource<Pg> for Combined {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<Pg>>>> {
        let mut all = Vec::new();
        for source in &self.0 {
            all.extend(MigrationSource::<Pg>::migrations(source)?);
        }
        Ok(all)
    }
}

/// Makes roles and schemas and runs what is pending. Safe to run by many at once: an advisory lock admits one.
///
/// Needs the multi-threaded runtime, because diesel's harness blocks.
///
/// # Errors
/// When Postgres is away or a migration fails; what ran before it stays.
pub async fn migrate(config: &Config, services: &[Migrations]) -> Result<(), Problem> {
    let mut conn = administrator(config).await?;
    conn.batch_execute("select pg_advisory_lock(hashtext('cairn migrate'))").await?;
    roles(&mut conn, config, services).await?;
    for service in services {
        conn = as_owner(conn, service.schema).await?;
        let schema = service.schema;
        let mut harness = AsyncMigrationHarness::new(conn);
        let ran = harness.run_pending_migrations(service.source()).map_err(Problem::internal)?;
        if !ran.is_empty() {
            tracing::info!(schema, count = ran.len(), "migrated");
        }
        conn = harness.into_inner();
        grant_usage(&mut conn, schema).await?;
    }
    Ok(())
}

/// Runs every `down.sql`, newest first: the test that each of them works.
///
/// # Errors
/// When one of them fails.
pub async fn revert_all(config: &Config, services: &[Migrations]) -> Result<(), Problem> {
    let mut conn = administrator(config).await?;
    for service in services {
        conn = as_owner(conn, service.schema).await?;
        let mut harness = AsyncMigrationHarness::new(conn);
        harness.revert_all_migrations(service.source()).map_err(Problem::internal)?;
        conn = harness.into_inner();
    }
    Ok(())
}

async fn administrator(config: &Config) -> Result<AsyncPgConnection, Problem> {
    let Some(url) = &config.database.admin_url else {
        return Err(Problem::internal("CAIRN_DATABASE_URL is not set: migrations need an administrator"));
    };
    AsyncPgConnection::establish(url.reveal()).await.map_err(|error| Problem::unavailable("The database", error))
}

async fn as_owner(mut conn: AsyncPgConnection, schema: &str) -> Result<AsyncPgConnection, Problem> {
    conn.batch_execute(&format!("reset role; set role {schema}_owner; set search_path = {schema}")).await?;
    Ok(conn)
}

async fn roles(conn: &mut AsyncPgConnection, config: &Config, services: &[Migrations]) -> Result<(), Problem> {
    for Migrations { schema, .. } in services {
        let owner = format!("{schema}_owner");
        ensure_role(conn, &owner, "nologin bypassrls").await?;
        for role in [format!("{schema}_app"), format!("{schema}_relay")] {
            ensure_role(conn, &role, "login").await?;
            let password = config.role_password(&role);
            conn.batch_execute(&format!(
                "alter role {role} login nobypassrls password '{}'; alter role {role} set search_path = {schema}",
                password.reveal()
            ))
            .await?;
        }
        conn.batch_execute(&format!("create schema if not exists {schema} authorization {owner}")).await?;
    }
    ensure_role(conn, "cairn_backup", "nologin bypassrls").await?;
    conn.batch_execute("grant pg_read_all_data to cairn_backup").await?;
    // What search is made of. They come with Postgres, but only an administrator puts them into a database.
    for extension in ["pg_trgm", "btree_gin"] {
        conn.batch_execute(&format!("create extension if not exists {extension} schema public")).await?;
    }
    Ok(())
}

async fn ensure_role(conn: &mut AsyncPgConnection, role: &str, rights: &str) -> Result<(), Problem> {
    let known = diesel::sql_query("select 1 from pg_roles where rolname = $1").bind::<Text, _>(role);
    if known.execute(conn).await? == 0 {
        conn.batch_execute(&format!("create role {role} {rights}")).await?;
    }
    Ok(())
}

async fn grant_usage(conn: &mut AsyncPgConnection, schema: &str) -> Result<(), Problem> {
    let sql = format!("grant usage on schema {schema} to {schema}_app, {schema}_relay");
    Ok(conn.batch_execute(&sql).await?)
}
