//! Postgres as the administrator sees it: version, connections, migrations.

use std::collections::BTreeSet;

use db::Migrations;
use diesel::sql_types::{BigInt, Bool, Integer, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use kernel::config::Config;
use kernel::{Problem, Secret};
use tokio::time::timeout;

use super::{Finding, PATIENCE, told};

/// `server_version_num` of the oldest Postgres that is supported: 15.
const OLDEST: i32 = 150_000;

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let Some(url) = &config.database.admin_url else {
        let detail = "CAIRN_DATABASE_URL is not set; version, connections and migrations were not looked at";
        return vec![Finding::warn("postgres", detail, "run the doctor once with the administrator's URL")];
    };
    let mut conn = match connect(url).await {
        Ok(conn) => conn,
        Err(problem) => {
            let advice =
                "start Postgres, or correct CAIRN_DATABASE_URL; what the schemas hold is not looked at until then";
            return vec![Finding::fail("postgres", told(&problem), advice)];
        }
    };
    let mut findings = server(&mut conn, config).await.unwrap_or_else(|problem| {
        vec![Finding::fail("postgres", told(&problem), "let the user of CAIRN_DATABASE_URL read pg_stat_activity")]
    });
    findings.push(migrations(&mut conn, &crate::migrations()).await);
    findings
}

/// A connection of its own, outside of every pool.
pub(super) async fn connect(url: &Secret<String>) -> Result<AsyncPgConnection, Problem> {
    let connected = timeout(PATIENCE, AsyncPgConnection::establish(url.reveal())).await;
    let connected = connected.map_err(|late| Problem::unavailable("The database", late))?;
    connected.map_err(|error| Problem::unavailable("The database", error))
}

#[derive(diesel::QueryableByName)]
struct Server {
    #[diesel(sql_type = Integer)]
    number: i32,
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = BigInt)]
    used: i64,
    #[diesel(sql_type = BigInt)]
    most: i64,
}

async fn server(conn: &mut AsyncPgConnection, config: &Config) -> Result<Vec<Finding>, Problem> {
    let server: Server = diesel::sql_query(
        "select current_setting('server_version_num')::int as number, current_setting('server_version') as version, \
         (select count(*) from pg_stat_activity where backend_type = 'client backend') as used, \
         current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint as most",
    )
    .get_result(conn)
    .await?;
    let Server { number, version, used, most } = server;
    let version = if number < OLDEST {
        Finding::fail("postgres", format!("version {version}"), "upgrade it to 15 or newer")
    } else {
        Finding::ok("postgres", format!("version {version}"))
    };
    let (check, detail, wanted) =
        ("postgres connections", format!("{used} of {most} are open"), config.database.connections);
    let connections = if used.saturating_mul(10) >= most.saturating_mul(9) {
        Finding::warn(check, detail, "raise max_connections, or lower CAIRN_DB_POOL")
    } else if i64::from(wanted) > most {
        let detail = format!("{detail}; the pools may take {wanted}");
        Finding::warn(check, detail, format!("raise max_connections above {wanted}, or lower CAIRN_DB_CONNECTIONS"))
    } else {
        Finding::ok(check, detail)
    };
    Ok(vec![version, connections])
}

/// The migrations of all schemas against those that this binary brings along.
async fn migrations(conn: &mut AsyncPgConnection, services: &[Migrations]) -> Finding {
    let (mut pending, mut unknown) = (Vec::new(), Vec::new());
    for service in services {
        match ran(conn, service.schema).await {
            Ok(ran) => {
                let known = versions(service);
                let count = |versions: usize| (versions > 0).then(|| format!("{}: {versions}", service.schema));
                pending.extend(count(known.difference(&ran).count()));
                unknown.extend(count(ran.difference(&known).count()));
            }
            Err(_) => pending.push(format!("{}: all", service.schema)),
        }
    }
    if !pending.is_empty() {
        return Finding::fail("migrations", format!("not run yet: {}", pending.join(", ")), "run `cairn migrate`");
    }
    if !unknown.is_empty() {
        let detail = format!("run by a newer version than this one: {}", unknown.join(", "));
        return Finding::warn("migrations", detail, "run the newer version, or see \"Upgrade\" in the README");
    }
    Finding::ok("migrations", format!("nothing is pending in {} schemas", services.len()))
}

/// What has run in a schema. Asked as its owner, as the migrations themselves are run.
async fn ran(conn: &mut AsyncPgConnection, schema: &str) -> Result<BTreeSet<String>, Problem> {
    #[derive(diesel::QueryableByName)]
    struct Known {
        #[diesel(sql_type = Bool)]
        known: bool,
    }
    #[derive(diesel::QueryableByName)]
    struct Ran {
        #[diesel(sql_type = Text)]
        version: String,
    }
    conn.batch_execute(&format!("reset role; set role {schema}_owner")).await?;
    let table = format!("{schema}.__diesel_schema_migrations");
    let known: Known = diesel::sql_query("select to_regclass($1) is not null as known")
        .bind::<Text, _>(&table)
        .get_result(conn)
        .await?;
    if !known.known {
        return Ok(BTreeSet::new());
    }
    let rows: Vec<Ran> = diesel::sql_query(format!("select version from {table}")).load(conn).await?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}

/// The versions of a service's migrations, as diesel writes them down: `2026-11-21-100000_products` is `20261121100000`.
fn versions(service: &Migrations) -> BTreeSet<String> {
    let names = service.fingerprint();
    let names = names.split_whitespace().map(|name| name.rsplit_once('/').map_or(name, |(_, name)| name));
    names.map(|name| name.split('_').next().unwrap_or_default().replace('-', "")).collect()
}
