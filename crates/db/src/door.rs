//! Pools and the two doors through the tenancy wall.

use std::cell::Cell;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod, bb8,
};
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, SimpleAsyncConnection, TransactionManager};
use futures_util::FutureExt;
use kernel::problem::UNAVAILABLE;
use kernel::{Actor, Clock, Problem, TenantId};
use tokio::sync::Notify;

use crate::tx::Tx;

/// A connection inside an open transaction. A shared reference is enough to query: statements may be pipelined.
pub type Conn = AsyncPgConnection;

/// Rung after a commit that announced events, so that the relay does not wait for its next look.
pub type Wake = Arc<Notify>;

/// How long a request waits for a free connection before it is told to come back.
const CHECKOUT: Duration = Duration::from_secs(2);
/// How long a change waits for one that another transaction is making: a request is told to come back, and a job tries again.
const LOCK_WAIT: &str = "10s";

/// A pool of connections of one database role. Each HTTP worker owns one; its connections live on that worker.
#[derive(Clone)]
pub struct Db {
    pool: bb8::Pool<AsyncPgConnection>,
    size: u32,
    clock: Clock,
    wake: Wake,
}

impl Db {
    /// A pool that connects when it is first used: a service starts while Postgres is still away.
    #[must_use]
    pub fn lazy(url: &str, size: u32, clock: Clock, wake: Wake) -> Self {
        let mut config = ManagerConfig::default();
        // A connection that died shows it at its first statement; asking at every checkout would cost a round trip.
        config.recycling_method = RecyclingMethod::Fast;
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        let pool = bb8::Pool::builder()
            .max_size(size)
            .test_on_check_out(false)
            .connection_timeout(CHECKOUT)
            .build_unchecked(manager);
        Self { pool, size, clock, wake }
    }

    /// The clock that domain times come from.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Reads as a tenant: one consistent, read-only snapshot. The opening statement travels with the first query, and
    /// the end is sent without being waited for, so a read of one statement costs one round trip.
    ///
    /// # Errors
    /// What `work` answers; 503 when the database is away, or all connections are taken for longer than two seconds.
    pub async fn read<T>(
        &self,
        tenant: TenantId,
        work: impl AsyncFnOnce(&Conn) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let conn = self.checkout().await?;
        let open = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL app.tenant = '{tenant}'");
        let result = {
            let shared: &Conn = &conn;
            let mut begin = shared;
            // Both are polled in this order, so BEGIN is on the wire before the first statement.
            let (begun, result) = futures_util::future::join(begin.batch_execute(&open), work(shared)).await;
            begun?;
            result
        };
        // Polled once to put it on the wire; the next user of the connection queues behind it.
        let _sent = (&mut &*conn).batch_execute("COMMIT").now_or_never();
        conn.finished();
        result
    }

    /// Changes rows and announces events as an actor, in one transaction: all of it commits, or nothing does.
    ///
    /// # Errors
    /// What `work` answers (then everything is undone); 503 when the database is away, or somebody else changes the same
    /// rows for longer than ten seconds.
    pub async fn write<T>(
        &self,
        actor: &Actor,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let (value, has_announced) = self.transact(actor, "COMMIT", work).await?;
        if has_announced {
            self.wake.notify_one();
        }
        Ok(value)
    }

    /// Does what a write would do, and undoes it: what it answers is all that stays. What it locks is locked meanwhile.
    ///
    /// # Errors
    /// What `work` answers; 503 when the database is away.
    pub async fn rehearse<T>(
        &self,
        actor: &Actor,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        Ok(self.transact(actor, "ROLLBACK", work).await?.0)
    }

    /// A transaction that ends so when it goes well; and whether it has announced anything.
    async fn transact<T>(
        &self,
        actor: &Actor,
        end: &str,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T, Problem>,
    ) -> Result<(T, bool), Problem> {
        let conn = Rc::new(self.checkout().await?);
        let open = format!("BEGIN; SET LOCAL app.tenant = '{}'; SET LOCAL lock_timeout = '{LOCK_WAIT}'", actor.tenant);
        let mut tx = Tx::new(Rc::clone(&conn), actor.clone(), self.clock.now());
        // As in a read, the opening statement travels with the first one. Should it fail on a connection that lives on (an
        // operator cancelled just it), what follows has no tenant, the wall refuses it, and the caller hears of the failure.
        let mut begin: &Conn = &conn;
        let (begun, result) = futures_util::future::join(begin.batch_execute(&open), work(&mut tx)).await;
        // The SELECT fails in a transaction that a swallowed error has spoilt; a bare COMMIT would roll it back and
        // call that success.
        let end = format!("SELECT 1; {end}");
        let ended = match (begun, result) {
            (Err(error), _) => Err(error.into()),
            (Ok(()), Err(problem)) => Err(problem),
            (Ok(()), Ok(value)) => begin.batch_execute(&end).await.map(|()| value).map_err(Problem::from),
        };
        if ended.is_ok() || begin.batch_execute("ROLLBACK").await.is_ok() {
            conn.finished();
        }
        ended.map(|value| (value, !tx.announced().is_empty()))
    }

    /// A connection outside every tenant, for the few global tables (identity's accounts) and for health checks.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn global<T>(&self, work: impl AsyncFnOnce(&Conn) -> Result<T, Problem>) -> Result<T, Problem> {
        let conn = self.checkout().await?;
        let result = work(&conn).await;
        conn.finished();
        result
    }

    async fn checkout(&self) -> Result<Checkout, Problem> {
        loop {
            let taken = self.pool.get_owned().await;
            let mut conn = taken.map_err(|error| self.none_free(error))?;
            // The pool looks at a connection when it comes back, not while it lies there: Postgres may have restarted
            // since. A broken one is dropped, and the pool makes another.
            if !conn.is_broken() {
                return Ok(Checkout { conn, open: Cell::new(true) });
            }
        }
    }

    /// Why no connection could be had: all that there may be are at work, or no more can be made.
    fn none_free(&self, error: bb8::RunError) -> Problem {
        if self.pool.state().connections < self.size {
            return Problem::unavailable("The database", error);
        }
        UNAVAILABLE
            .detail("The service is busy: all of its connections to the database are taken. Try again shortly.")
            .retry_after(2)
            .because(error)
    }
}

/// A connection on loan. A future that is dropped half-way (the client went away) must not hand its open transaction
/// to the next user: unless [`Checkout::finished`] was called, the pool throws the connection away.
pub(crate) struct Checkout {
    conn: bb8::PooledConnection<'static, AsyncPgConnection>,
    open: Cell<bool>,
}

impl Checkout {
    fn finished(&self) {
        self.open.set(false);
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        if self.open.get() {
            AnsiTransactionManager::transaction_manager_status_mut(&mut *self.conn).set_in_error();
        }
    }
}

impl Deref for Checkout {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.conn
    }
}
