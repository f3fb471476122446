//! Making, moving and taking back jobs, inside the transaction that wants them.

use db::{Json, Tx, jobs};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use kernel::{Problem, TenantId, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

/// Rows per insert, within what Postgres takes in a statement.
const ROWS: usize = 5_000;

/// A job that a runner has leased.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = jobs, check_for_backend(diesel::pg::Pg))]
pub struct Job {
    /// The tenant it belongs to.
    pub tenant_id: TenantId,
    /// Its id.
    pub id: Uuid,
    /// What is to be done: the name of a [`crate::Kind`].
    pub kind: String,
    /// What it is done for, unique within the kind.
    pub unique_key: String,
    payload: Json<Value>,
    /// Which try this is, counted from 1.
    pub attempts: i32,
    /// Rises with every lease: a runner that lost its lease cannot finish the job.
    pub(crate) fence: i64,
}

impl Job {
    /// The ids it was scheduled with.
    ///
    /// # Errors
    /// When they have another shape: the kind was changed without regard for the jobs that wait.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        T::deserialize(&self.payload.0).map_err(Problem::internal)
    }
}

/// Schedules a job, or moves the one of the same kind and key to this moment, as if it were new. Due at once when
/// `run_at` has passed.
///
/// # Errors
/// When the database refuses the row.
pub async fn schedule<T: Serialize + Sync>(
    tx: &mut Tx,
    kind: &'static str,
    key: &str,
    payload: &T,
    run_at: Timestamp,
) -> Result<(), Problem> {
    let row = (
        jobs::tenant_id.eq(tx.tenant()),
        jobs::id.eq(Uuid::now_v7()),
        jobs::kind.eq(kind),
        jobs::unique_key.eq(key),
        jobs::payload.eq(Json(serde_json::to_value(payload).map_err(Problem::internal)?)),
        jobs::run_at.eq(run_at),
    );
    diesel::insert_into(jobs::table)
        .values(row)
        .on_conflict((jobs::tenant_id, jobs::kind, jobs::unique_key))
        .do_update()
        .set((
            jobs::payload.eq(excluded(jobs::payload)),
            jobs::run_at.eq(excluded(jobs::run_at)),
            jobs::attempts.eq(0),
            // The fence stays: it tells a runner that its job was moved from one that its lease was lost.
            jobs::leased_until.eq(None::<Timestamp>),
            jobs::parked_at.eq(None::<Timestamp>),
            jobs::last_error.eq(None::<String>),
        ))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// Schedules many jobs of a kind for one moment. Those that are there already stay as they are.
///
/// # Errors
/// When the database refuses the rows.
pub async fn schedule_all<T: Serialize>(
    tx: &mut Tx,
    kind: &'static str,
    all: impl IntoIterator<Item = (String, T)>,
    run_at: Timestamp,
) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let row = |(key, payload): (String, T)| {
        let payload = Json(serde_json::to_value(payload).map_err(Problem::internal)?);
        Ok((
            jobs::tenant_id.eq(tenant),
            jobs::id.eq(Uuid::now_v7()),
            jobs::kind.eq(kind),
            jobs::unique_key.eq(key),
            jobs::payload.eq(payload),
            jobs::run_at.eq(run_at),
        ))
    };
    let mut rows = all.into_iter().map(row).collect::<Result<Vec<_>, Problem>>()?;
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(ROWS));
        let insert = diesel::insert_into(jobs::table).values(rows).on_conflict_do_nothing();
        insert.execute(&mut tx.conn()).await?;
        rows = rest;
    }
    Ok(())
}

/// Takes a job back; nothing happens when there is none.
///
/// # Errors
/// When the database is away.
pub async fn cancel(tx: &mut Tx, kind: &'static str, key: &str) -> Result<(), Problem> {
    let row = jobs::table
        .filter(jobs::tenant_id.eq(tx.tenant()))
        .filter(jobs::kind.eq(kind))
        .filter(jobs::unique_key.eq(key));
    diesel::delete(row).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Ends a job in the transaction of its effects. One that was moved to another time meanwhile stays.
///
/// # Errors
/// When the lease was lost to another runner: the effects must not commit twice.
pub(crate) async fn finish(tx: &mut Tx, job: &Job) -> Result<(), Problem> {
    let mine = jobs::table.find((job.tenant_id, job.id)).filter(jobs::fence.eq(job.fence));
    let ended = diesel::delete(mine.filter(jobs::leased_until.is_not_null())).execute(&mut tx.conn()).await?;
    if ended == 1 || mine.select(jobs::id).first::<Uuid>(&mut tx.conn()).await.optional()?.is_some() {
        return Ok(());
    }
    Err(Problem::internal(format!("the lease of job {} ({}) was lost", job.id, job.kind)))
}
