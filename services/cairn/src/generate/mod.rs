//! `cairn generate`: a tenant as large as one likes, to measure with, made from nothing but a seed.
//!
//! It writes past the services, as the database's administrator, what they would have written: the catalog, plans with their
//! sums, statuses with their history, what telemetry has told of each task, values with their rollups. Nothing is announced,
//! so the audit trail and those who listen hear of none of it; what they would have learned is written where they keep it.
//! Everything follows from the numbers in `given`, so the same seed gives the same tenant, but for its ids. Two connections
//! share the work: each makes the ground of it (`ground.sql`) for itself.

use std::cell::Cell;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::try_join;
use kernel::config::Config;
use kernel::{TenantId, Timestamp, UserId};

const GROUND: &str = include_str!("ground.sql");
const CATALOG: &str = include_str!("catalog.sql");
const ADOPTION: &str = include_str!("adoption.sql");
const TELEMETRY: &str = include_str!("telemetry.sql");
const VALUES: &str = include_str!("values.sql");
const DAYS: &str = "select telemetry.ensure_value_partitions(((at - interval '130 days') at time zone 'UTC')::date, \
    (at at time zone 'UTC')::date) from given";
const GIVEN: &str = "create temp table given (tenant uuid, salt bigint, seed bigint, customers integer, plans integer, \
    tasks integer, count bigint, bundled integer, at timestamptz, who uuid, revision bigint, criterion text); \
    set jit = off; set synchronous_commit = off";

/// What proves each task, as the catalog writes it.
const CRITERION: &str = r#"{"operator":"greater_than_or_equal","threshold":10,"type":"number_threshold"}"#;
/// The most products that the solution bundles.
const BUNDLED: i32 = 4;
/// Tasks whose values are written by one statement.
const AT_ONCE: i64 = 10_000;
/// What is read in many ways afterwards: Postgres shall know what there is.
const LOOKED_AT: [&str; 9] = [
    "adoption.customers",
    "adoption.assignments",
    "adoption.plans",
    "adoption.plan_totals",
    "adoption.plan_months",
    "adoption.customer_tasks",
    "telemetry.attributes",
    "telemetry.facts",
    "telemetry.rollups",
];

/// How much is made.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Sizes {
    /// Customers.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(i32).range(1..=100_000))]
    pub customers: i32,
    /// Plans of each customer.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(i32).range(1..=100))]
    pub plans: i32,
    /// Tasks of each plan.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i32).range(1..=500))]
    pub tasks: i32,
    /// Telemetry values of all tasks together.
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(i64).range(0..=1_000_000_000))]
    pub values: i64,
}

/// Whom it is made for, and what of.
pub struct Generator<'a> {
    /// The platform; its database's administrator must be known.
    pub config: &'a Config,
    /// The tenant; without one, the only one there is.
    pub tenant: Option<TenantId>,
    /// Another seed gives another tenant.
    pub seed: u32,
    /// The present of what is made: 24 months lead to it.
    pub at: Timestamp,
    /// Hears of each step.
    pub tell: &'a dyn Fn(&str),
}

/// Why nothing, or not everything, was made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No administrator.
    #[error("CAIRN_DATABASE_URL is not set: only the database's administrator writes past the services")]
    NoAdministrator,
    /// It is not clear for whom.
    #[error("there is not one tenant but {0}: say with --tenant which one is meant")]
    WhichTenant(usize),
    /// There is none with that id.
    #[error("there is no tenant {0}")]
    NoTenant(TenantId),
    /// It is there already.
    #[error("this tenant was filled before: choose another one")]
    FilledBefore,
    /// The database is away.
    #[error("the database cannot be reached: {0}")]
    Away(#[from] diesel::ConnectionError),
    /// The database refused something.
    #[error("the database refused it: {0}")]
    Refused(#[from] diesel::result::Error),
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Tenant {
    #[diesel(sql_type = SqlUuid)]
    id: TenantId,
}

#[derive(QueryableByName)]
struct Person {
    #[diesel(sql_type = SqlUuid)]
    user_id: UserId,
}

impl Generator<'_> {
    /// Fills the tenant.
    ///
    /// # Errors
    /// When it was filled before, or the database refuses something; what was written before it stays.
    pub async fn fill(&self, sizes: Sizes) -> Result<(), Error> {
        let (mut one, mut other) = try_join!(self.connect(), self.connect())?;
        let tenant = self.tenant(&mut one).await?;
        (self.tell)("laying the ground");
        try_join!(self.lay(&mut one, tenant, sizes), self.lay(&mut other, tenant, sizes))?;
        // Nobody waits for long to make partitions, so only one does, and first.
        one.batch_execute(DAYS).await?;
        let written = Cell::new(0);
        let plans = async {
            one.batch_execute(CATALOG).await?;
            one.batch_execute(ADOPTION).await?;
            (self.tell)("catalog, customers and plans are there");
            self.write_values(&mut one, 0, &written).await
        };
        let values = async {
            other.batch_execute(TELEMETRY).await?;
            (self.tell)("telemetry knows its attributes");
            self.write_values(&mut other, 1, &written).await
        };
        try_join!(plans, values)?;
        for table in LOOKED_AT {
            one.batch_execute(&format!("vacuum (analyze) {table}")).await?;
        }
        Ok(())
    }

    async fn connect(&self) -> Result<AsyncPgConnection, Error> {
        let url = self.config.database.admin_url.as_ref().ok_or(Error::NoAdministrator)?;
        Ok(AsyncPgConnection::establish(url.reveal()).await?)
    }

    /// Whom it is for, if nothing was made for them yet.
    async fn tenant(&self, conn: &mut AsyncPgConnection) -> Result<TenantId, Error> {
        let all: Vec<Tenant> = diesel::sql_query("select id from identity.tenants").load(conn).await?;
        let tenant = match (self.tenant, all.as_slice()) {
            (Some(named), all) if all.iter().any(|tenant| tenant.id == named) => named,
            (Some(named), _) => return Err(Error::NoTenant(named)),
            (None, [Tenant { id }]) => *id,
            (None, all) => return Err(Error::WhichTenant(all.len())),
        };
        let made = "select id from catalog.products where tenant_id = $1 and external_key = 'generated:1'";
        let made = diesel::sql_query(made).bind::<SqlUuid, _>(tenant).execute(conn).await?;
        if made == 0 { Ok(tenant) } else { Err(Error::FilledBefore) }
    }

    /// Lays the ground that a connection works on.
    async fn lay(&self, conn: &mut AsyncPgConnection, tenant: TenantId, sizes: Sizes) -> Result<(), Error> {
        let Sizes { customers, plans, tasks, values } = sizes;
        // Somebody must have set what is set by hand.
        let person = "select user_id from identity.members where tenant_id = $1 order by id limit 1";
        let person: Vec<Person> = diesel::sql_query(person).bind::<SqlUuid, _>(tenant).load(conn).await?;
        conn.batch_execute(GIVEN).await?;
        diesel::sql_query("insert into given values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
            .bind::<SqlUuid, _>(tenant)
            .bind::<BigInt, _>(salt(tenant) + i64::from(self.seed))
            .bind::<BigInt, _>(i64::from(self.seed))
            .bind::<Integer, _>(customers)
            .bind::<Integer, _>(plans)
            .bind::<Integer, _>(tasks)
            .bind::<BigInt, _>(values)
            .bind::<Integer, _>(BUNDLED.min(plans - 1))
            .bind::<Timestamptz, _>(self.at)
            .bind::<Nullable<SqlUuid>, _>(person.as_slice().first().map(|person| person.user_id))
            .bind::<BigInt, _>(i64::from(2 * tasks + 1))
            .bind::<Text, _>(CRITERION)
            .execute(conn)
            .await?;
        Ok(conn.batch_execute(GROUND).await?)
    }

    /// Writes the values of every second lot of tasks.
    async fn write_values(&self, conn: &mut AsyncPgConnection, lot: i64, written: &Cell<usize>) -> Result<(), Error> {
        let last = diesel::sql_query("select coalesce(max(rank), 0) as number from made_tasks");
        let last = last.get_result::<Number>(conn).await?.number;
        let mut from = lot * AT_ONCE + 1;
        while from <= last {
            let write = diesel::sql_query(VALUES).bind::<BigInt, _>(from).bind::<BigInt, _>(from + AT_ONCE - 1);
            written.set(written.get() + write.execute(conn).await?);
            (self.tell)(&format!("values of {} attributes and days", written.get()));
            from += 2 * AT_ONCE;
        }
        Ok(())
    }
}

/// What tells the ids of one tenant from those of another; with room above it for what is added.
fn salt(tenant: TenantId) -> i64 {
    let [.., a, b, c, d, e, f] = *tenant.0.as_bytes();
    i64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

#[cfg(test)]
mod tests {
    use rules::{Criterion, DataType};

    use super::CRITERION;

    #[test]
    fn the_criterion_is_as_the_catalog_writes_it() {
        let short = serde_json::json!({ "operator": ">=", "value": 10 });
        assert_eq!(Criterion::parse(&short, DataType::Number).unwrap().to_json().to_string(), CRITERION);
    }
}
