//! Leases what is due, across tenants, with the relay's role; does each job inside its tenant, with the service's.

use std::rc::Rc;
use std::time::Duration;

use db::{Db, Tx};
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use futures_util::future::LocalBoxFuture;
use futures_util::{StreamExt, stream};
use kernel::config::Config;
use kernel::{Actor, Problem, TenantId, Timestamp, Trace};
use observe::Outage;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::retry::pause_after;
use crate::schedule::{Job, finish};

/// How often it is looked for jobs that are due.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Jobs leased at once.
const BATCH: usize = 20;
/// Jobs done at once: they share the pool with the service's consumers.
const AT_ONCE: usize = 2;
/// How long a runner may take for what it leased; past this, another one may take it.
const LEASE: chrono::Duration = chrono::Duration::seconds(60);
/// Longest error text kept with a job, in characters.
const ERROR_CHARS: usize = 500;

type Handle = Rc<dyn for<'a> Fn(&'a mut Tx, &'a Job) -> LocalBoxFuture<'a, Result<(), Problem>>>;

/// A kind of job and what is done for it, inside a transaction of the job's tenant.
#[derive(Clone)]
pub struct Kind {
    name: &'static str,
    handle: Handle,
}

impl Kind {
    /// A kind. `handle` may schedule the same job again: that is how a job repeats.
    pub fn new(
        name: &'static str,
        handle: impl for<'a> Fn(&'a mut Tx, &'a Job) -> LocalBoxFuture<'a, Result<(), Problem>> + 'static,
    ) -> Self {
        Self { name, handle: Rc::new(handle) }
    }
}

/// Runs a service's jobs until it is told to stop, through every loss of the database. What is under way is finished.
pub async fn run(config: Config, service: &'static str, db: Db, kinds: Vec<Kind>, stop: CancellationToken) {
    Runner { service, db, kinds, connection: None, pace: Pace::Quick }.run(config, stop).await;
}

/// Runs jobs that take long or much memory: one at a time, and tenants take turns. Otherwise as [`run`].
pub async fn run_in_turns(config: Config, service: &'static str, db: Db, kinds: Vec<Kind>, stop: CancellationToken) {
    let pace = Pace::InTurns { last: TenantId(uuid::Uuid::nil()) };
    Runner { service, db, kinds, connection: None, pace }.run(config, stop).await;
}

struct Runner {
    service: &'static str,
    db: Db,
    kinds: Vec<Kind>,
    connection: Option<AsyncPgConnection>,
    pace: Pace,
}

/// How a runner takes what is due.
#[derive(Debug, Clone, Copy)]
enum Pace {
    /// Many at a time, the earliest first.
    Quick,
    /// One at a time. The tenants stand in a circle: whose job it was last waits until all others have had theirs.
    InTurns { last: TenantId },
}

impl Runner {
    async fn run(mut self, config: Config, stop: CancellationToken) {
        let service = self.service;
        let Some(url) = config.role_url(&format!("{service}_relay")) else {
            tracing::warn!(service, "no database is configured: jobs do not run");
            return;
        };
        let mut outage = Outage::none(format!("the job runner of {service}"));
        while !stop.is_cancelled() {
            let pause = match self.turn(url.reveal()).await {
                Ok(more) => {
                    outage.is_over();
                    if more { Duration::ZERO } else { LOOK_EVERY }
                }
                Err(problem) => {
                    self.connection = None;
                    outage.lasts(problem)
                }
            };
            tokio::select! { () = stop.cancelled() => {}, () = sleep(pause) => {} }
        }
    }

    /// Takes what is due, once; says whether there may be more.
    async fn turn(&mut self, url: &str) -> Result<bool, Problem> {
        let mut conn = match self.connection.take() {
            Some(conn) => conn,
            None => {
                AsyncPgConnection::establish(url).await.map_err(|error| Problem::unavailable("The database", error))?
            }
        };
        let jobs = lease(&mut conn, &self.kinds, self.pace, self.db.clock().now()).await?;
        let more = match (&mut self.pace, jobs.as_slice()) {
            (Pace::Quick, jobs) => jobs.len() == BATCH,
            (Pace::InTurns { .. }, []) => false,
            (Pace::InTurns { last }, [job, ..]) => {
                *last = job.tenant_id;
                true
            }
        };
        let mut outcomes =
            stream::iter(&jobs).map(async |job| (job, self.perform(job).await)).buffer_unordered(AT_ONCE);
        while let Some((job, outcome)) = outcomes.next().await {
            if let Err(problem) = outcome {
                give_back(&mut conn, self.service, job, &problem, self.db.clock().now()).await?;
            }
        }
        drop(outcomes);
        self.connection = Some(conn);
        Ok(more)
    }

    async fn perform(&self, job: &Job) -> Result<(), Problem> {
        let Some(kind) = self.kinds.iter().find(|kind| kind.name == job.kind) else { return Ok(()) };
        let actor = Actor::service(self.service, job.tenant_id, Trace::start());
        self.db
            .write(&actor, async |tx| {
                (kind.handle)(tx, job).await?;
                finish(tx, job).await
            })
            .await?;
        metrics::counter!("cairn_jobs_done_total", "service" => self.service, "kind" => kind.name).increment(1);
        Ok(())
    }
}

/// Leases due jobs. Replicas skip what another one is leasing.
async fn lease(conn: &mut AsyncPgConnection, kinds: &[Kind], pace: Pace, now: Timestamp) -> Result<Vec<Job>, Problem> {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
    let leased = diesel::sql_query(
        "update jobs set leased_until = $2, fence = fence + 1, attempts = attempts + 1 \
         where (tenant_id, id) in (select tenant_id, id from jobs where run_at <= $1 and parked_at is null \
             and (leased_until is null or leased_until < $1) and kind = any($3) order by ",
    );
    let leased = leased.into_boxed().bind::<Timestamptz, _>(now).bind::<Timestamptz, _>(now + LEASE);
    let leased = leased.bind::<Array<Text>, _>(names);
    let leased = match pace {
        Pace::Quick => leased.sql(format!("run_at limit {BATCH}")),
        Pace::InTurns { last } => leased.sql("tenant_id <= $4, tenant_id, run_at limit 1").bind::<Uuid, _>(last),
    };
    let leased =
        leased.sql(" for update skip locked) returning tenant_id, id, kind, unique_key, payload, attempts, fence");
    Ok(leased.load(conn).await?)
}

/// Puts a job back whose try failed: for later, or aside.
async fn give_back(
    conn: &mut AsyncPgConnection,
    service: &'static str,
    job: &Job,
    problem: &Problem,
    now: Timestamp,
) -> Result<(), Problem> {
    let pause = pause_after(job.attempts);
    if pause.is_none() {
        tracing::error!(service, job.kind, job.id = %job.id, job.unique_key, tenant = %job.tenant_id, error = %problem, "a job was parked; see `cairn doctor`");
        metrics::counter!("cairn_jobs_parked_total", "service" => service, "kind" => job.kind.clone()).increment(1);
    } else {
        tracing::warn!(service, job.kind, job.id = %job.id, error = %problem, "a job failed and will be tried again");
    }
    let error: String = problem.to_string().chars().take(ERROR_CHARS).collect();
    diesel::sql_query(
        "update jobs set leased_until = null, run_at = coalesce($1, run_at), parked_at = $2, last_error = $3 \
         where tenant_id = $4 and id = $5 and fence = $6 and leased_until is not null",
    )
    .bind::<Nullable<Timestamptz>, _>(pause.map(|pause| now + pause))
    .bind::<Nullable<Timestamptz>, _>(pause.is_none().then_some(now))
    .bind::<Text, _>(error)
    .bind::<Uuid, _>(job.tenant_id)
    .bind::<Uuid, _>(job.id)
    .bind::<BigInt, _>(job.fence)
    .execute(conn)
    .await?;
    Ok(())
}
