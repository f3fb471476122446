//! One service: whether it is ready, and what waits in its schema.

use std::time::Duration;

use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kernel::config::Config;
use kernel::{Problem, Timestamp};
use serde_json::Value;

use super::{Finding, postgres, span, told};

/// Events leave within a second; this is past any restart of the broker that nobody noticed.
const OUTBOX_WARN_SECONDS: i64 = 60;
const OUTBOX_FAIL_SECONDS: i64 = 600;
/// A service that says it is ready says so at once.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// Asks every server of a service whether it is ready.
pub(super) async fn ready(config: &Config, service: &'static str) -> Finding {
    for address in config.upstreams(service) {
        let log = format!("its log says more (`cairn up` keeps it in log/{service}.log)");
        match ask(&address, speaks_tls(config, service)).await {
            Ok(()) => {}
            Err(Unready::Silent(why)) => {
                let advice = format!("is `cairn serve {service}` running? {log}");
                return Finding::fail(service, format!("{address} {why}"), advice);
            }
            Err(Unready::Lacks(parts)) => {
                let advice = format!("it is ready by itself when that is mended; {log}");
                return Finding::fail(service, format!("lacks: {parts}"), advice);
            }
        }
    }
    Finding::ok(service, "ready")
}

/// Whether the service on this very machine is ready: what a container's health check asks.
///
/// # Errors
/// Why it is not.
pub async fn is_ready(config: &Config, service: &str) -> Result<(), Unready> {
    ask(&format!("http://127.0.0.1:{}", config.port(service)), speaks_tls(config, service)).await
}

/// What waits in a schema, as its relay role, the one that sees all tenants.
pub(super) async fn examine(config: &Config, schema: &'static str, now: Timestamp) -> Vec<Finding> {
    let looked = async {
        let mut conn = as_relay(config, schema).await?;
        Ok::<_, Problem>(vec![
            outbox(&mut conn, schema, now).await?,
            partitions(&mut conn, schema, now).await?,
            jobs(&mut conn, schema, now).await?,
        ])
    };
    looked.await.unwrap_or_else(|problem| {
        let advice = "run `cairn migrate` with the present master key: it makes the roles and sets their passwords";
        vec![Finding::fail(format!("{schema} schema"), told(&problem), advice)]
    })
}

/// Gives the parked jobs of a service another chance, all of them, and says how many.
///
/// # Errors
/// When there is no such service, or the database is away.
pub async fn retry(config: &Config, service: &str, now: Timestamp) -> Result<usize, Box<dyn std::error::Error>> {
    let schemas: Vec<_> = crate::migrations().iter().map(|migrations| migrations.schema).collect();
    if !schemas.contains(&service) {
        return Err(format!("{service} has no jobs; {} have", schemas.join(", ")).into());
    }
    let mut conn = as_relay(config, service).await?;
    let jobs = "update jobs set parked_at = null, attempts = 0, run_at = $1 where parked_at is not null";
    Ok(diesel::sql_query(jobs).bind::<Timestamptz, _>(now).execute(&mut conn).await?)
}

async fn as_relay(config: &Config, schema: &str) -> Result<AsyncPgConnection, Problem> {
    let role = format!("{schema}_relay");
    let url = config.role_url(&role).ok_or_else(|| Problem::internal(format!("{role} has no address")))?;
    postgres::connect(&url).await
}

/// Why a service is not ready.
#[derive(Debug, thiserror::Error)]
pub enum Unready {
    /// It does not answer.
    #[error("it {0}")]
    Silent(&'static str),
    /// It answers, and names what it lacks.
    #[error("it lacks: {0}")]
    Lacks(String),
}

/// Whether a service has a certificate, which is for other names than the address that we know it by.
fn speaks_tls(config: &Config, service: &str) -> bool {
    service == "gateway" && config.gateway.tls.is_some()
}

/// Asks `/readyz`. Of one that speaks TLS it has to do that it is there.
async fn ask(address: &str, tls: bool) -> Result<(), Unready> {
    if tls {
        let host = address.trim_start_matches("http://");
        let there = tokio::time::timeout(ANSWER_LIMIT, tokio::net::TcpStream::connect(host)).await;
        return there.ok().and_then(Result::ok).map(drop).ok_or(Unready::Silent("cannot be reached"));
    }
    let asked = async {
        let client = reqwest::Client::builder().no_proxy().timeout(ANSWER_LIMIT).build()?;
        client.get(format!("{address}/readyz")).send().await
    };
    let answer = asked.await.map_err(|error| {
        Unready::Silent(if error.is_timeout() { "does not answer in time" } else { "cannot be reached" })
    })?;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(Unready::Lacks(lacking(&answer.json().await.unwrap_or_default())))
}

/// What a report of `/readyz` names: a part that is away, or (at the gateway) the services that are not ready.
fn lacking(told: &Value) -> String {
    let parts = told.as_object().into_iter().flatten();
    let parts = parts
        .filter(|(name, value)| **value == Value::Bool(name.as_str() == "stopping"))
        .map(|(name, _)| name.as_str());
    let services = told["services"].as_array().into_iter().flatten();
    let services =
        services.filter(|report| report["status"] != "READY").filter_map(|report| report["service"].as_str());
    let all: Vec<_> = parts.chain(services).collect();
    if all.is_empty() { "it does not say why".to_owned() } else { all.join(", ") }
}

#[derive(diesel::QueryableByName)]
struct Waiting {
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    oldest: Option<Timestamp>,
}

async fn outbox(conn: &mut AsyncPgConnection, schema: &str, now: Timestamp) -> Result<Finding, Problem> {
    let query = "select count(*) as count, min(recorded_at) as oldest from events where published_at is null";
    let Waiting { count, oldest } = diesel::sql_query(query).get_result(conn).await?;
    let check = format!("{schema} outbox");
    let Some(age) = oldest.map(|oldest| (now - oldest).num_seconds()) else {
        return Ok(Finding::ok(check, "every event is published"));
    };
    let detail = format!("waiting: {count}, the oldest for {}", span(age));
    let advice = format!("is RabbitMQ reachable, and `cairn serve {schema}` running? Then they leave by themselves");
    Ok(match age {
        ..OUTBOX_WARN_SECONDS => Finding::ok(check, detail),
        OUTBOX_WARN_SECONDS..OUTBOX_FAIL_SECONDS => Finding::warn(check, detail, advice),
        _ => Finding::fail(check, detail, advice),
    })
}

#[derive(diesel::QueryableByName)]
struct Ahead {
    #[diesel(sql_type = Nullable<Integer>)]
    days: Option<i32>,
}

/// The days after today that have a partition for their events.
async fn partitions(conn: &mut AsyncPgConnection, schema: &str, now: Timestamp) -> Result<Finding, Problem> {
    let ahead: Ahead = diesel::sql_query(
        "select max(to_date(right(c.relname, 8), 'YYYYMMDD')) - $1::date as days from pg_class c \
         join pg_inherits i on i.inhrelid = c.oid where i.inhparent = to_regclass('events') and c.relname ~ '^events_\\d{8}$'",
    )
    .bind::<Date, _>(now.date_naive())
    .get_result(conn)
    .await?;
    let (check, days) = (format!("{schema} partitions"), ahead.days.unwrap_or_default());
    Ok(if days >= 1 {
        Finding::ok(check, format!("{days} days ahead"))
    } else {
        let advice = format!(
            "`cairn serve {schema}` makes them every ten minutes while it reaches Postgres and RabbitMQ; see its log"
        );
        Finding::warn(check, "tomorrow's events have no partition of their own", advice)
    })
}

#[derive(diesel::QueryableByName)]
struct Jobs {
    #[diesel(sql_type = BigInt)]
    parked: i64,
    #[diesel(sql_type = BigInt)]
    late: i64,
    #[diesel(sql_type = Nullable<Text>)]
    last: Option<String>,
}

async fn jobs(conn: &mut AsyncPgConnection, schema: &str, now: Timestamp) -> Result<Finding, Problem> {
    let jobs: Jobs = diesel::sql_query(
        "select count(*) filter (where parked_at is not null) as parked, \
         count(*) filter (where parked_at is null and run_at < $1 - interval '5 minutes' \
             and (leased_until is null or leased_until < $1)) as late, \
         (select kind || ': ' || last_error from jobs where parked_at is not null order by parked_at desc limit 1) as last \
         from jobs",
    )
    .bind::<Timestamptz, _>(now)
    .get_result(conn)
    .await?;
    let check = format!("{schema} jobs");
    let Jobs { parked, late, last } = jobs;
    Ok(if parked > 0 {
        let detail = format!("parked: {parked}; the last one: {}", last.unwrap_or_default());
        Finding::warn(check, detail, format!("when the cause is mended, `cairn doctor retry {schema}`"))
    } else if late > 0 {
        Finding::warn(
            check,
            format!("late by more than 5 min: {late}"),
            format!("is `cairn serve {schema}` running? Its log says more"),
        )
    } else {
        Finding::ok(check, "none is parked, none is late")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_lacking_is_named() {
        assert_eq!(lacking(&json!({ "database": false, "keys": true, "stopping": false })), "database");
        assert_eq!(lacking(&json!({ "database": true, "keys": true, "stopping": true })), "stopping");
        let gateway = json!({ "services": [{ "service": "identity", "status": "READY" }, { "service": "catalog", "status": "NOT_READY" }] });
        assert_eq!(lacking(&gateway), "catalog");
        assert_eq!(lacking(&Value::Null), "it does not say why");
    }
}
