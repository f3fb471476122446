//! An open transaction of one tenant: the only thing that can announce.

use std::cell::Cell;
use std::ops::Deref;
use std::rc::Rc;

use contracts::{Aggregate, Envelope, EventType, Payload, changes};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use kernel::{Actor, EventId, Problem, TenantId, Timestamp, Trace};
use serde_json::Value;

use crate::door::{Checkout, Conn};
use crate::events;

/// An event that this transaction will have announced once it commits.
#[derive(Debug, Clone)]
pub struct Announced {
    /// The event's id.
    pub id: EventId,
    /// Its routing key.
    pub key: &'static str,
}

/// A transaction of one actor in one tenant. Dereferences to a connection for queries.
pub struct Tx {
    conn: Rc<Checkout>,
    actor: Actor,
    now: Timestamp,
    announced: Vec<Announced>,
    tally: Rc<Cell<usize>>,
    pending: Vec<Row>,
}

#[derive(diesel::Insertable)]
#[diesel(table_name = events)]
struct Row {
    tenant_id: TenantId,
    id: EventId,
    recorded_at: Timestamp,
    routing_key: &'static str,
    envelope: String,
}

impl Tx {
    pub(crate) fn new(conn: Rc<Checkout>, actor: Actor, now: Timestamp) -> Self {
        Self { conn, actor, now, announced: Vec::new(), tally: Rc::default(), pending: Vec::new() }
    }

    /// The connection, for statements that change rows.
    #[must_use]
    pub fn conn(&self) -> &Conn {
        &self.conn
    }

    /// Who acts.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The tenant this transaction can see.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.actor.tenant
    }

    /// The one moment of this transaction: every row and event of it bears the same time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// From here on, this transaction acts because of `event`: what it announces carries the event's trace, its id as
    /// the cause, and the person behind it.
    pub fn follow(&mut self, event: &Envelope, trace: Trace) {
        self.actor.trace = trace;
        self.actor.causation = Some(event.id);
        self.actor.correlation.clone_from(&event.correlationid);
        self.actor.client_address.clone_from(&event.clientaddress);
        self.actor.on_behalf_of = event.onbehalfof.as_deref().unwrap_or(&event.actorid).parse().ok();
    }

    /// Goes on as another actor, in that actor's tenant: for a writer that commits the work of several callers at once.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn enter(&mut self, actor: Actor) -> Result<(), Problem> {
        if actor.tenant != self.actor.tenant {
            self.execute(&format!("SET LOCAL app.tenant = '{}'", actor.tenant)).await?;
        }
        self.actor = actor;
        Ok(())
    }

    /// Removes every row of this tenant in this service's schema, but for what is still to be sent.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn forget_tenant(&mut self) -> Result<(), Problem> {
        self.execute("select forget_tenant()").await
    }

    /// What this transaction has announced so far.
    #[must_use]
    pub fn announced(&self) -> &[Announced] {
        &self.announced
    }

    /// How many events it has announced, for who watches long work from beside it.
    #[must_use]
    pub fn tally(&self) -> Rc<Cell<usize>> {
        Rc::clone(&self.tally)
    }

    /// Announces one event: it is written with the change and published after the commit.
    ///
    /// # Errors
    /// When the database refuses the row.
    pub async fn announce<T: Aggregate>(
        &mut self,
        event: &EventType<T>,
        before: Option<&T>,
        after: &T,
    ) -> Result<(), Problem> {
        self.tell(event, before, after)?;
        self.flush().await
    }

    /// Announces the same event for many aggregates in one statement.
    ///
    /// # Errors
    /// When the database refuses the rows.
    pub async fn announce_all<'a, T: Aggregate + 'a>(
        &mut self,
        event: &EventType<T>,
        pairs: impl IntoIterator<Item = (Option<&'a T>, &'a T)>,
    ) -> Result<(), Problem> {
        for (before, after) in pairs {
            self.tell(event, before, after)?;
        }
        self.flush().await
    }

    /// Runs `work` so that its failure undoes only itself.
    ///
    /// # Errors
    /// What `work` answers, its changes undone; or the database's own failure.
    pub async fn savepoint<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let (announced, actor) = (self.announced.len(), self.actor.clone());
        self.execute("SAVEPOINT step").await?;
        match work(self).await {
            Ok(value) => self.execute("RELEASE SAVEPOINT step").await.map(|()| value),
            Err(problem) => {
                self.execute("ROLLBACK TO SAVEPOINT step; RELEASE SAVEPOINT step").await?;
                self.announced.truncate(announced);
                self.pending.clear();
                self.enter(actor).await?;
                Err(problem)
            }
        }
    }

    async fn execute(&mut self, sql: &str) -> Result<(), Problem> {
        Ok(self.conn().batch_execute(sql).await?)
    }

    fn tell<T: Aggregate>(&mut self, event: &EventType<T>, before: Option<&T>, after: &T) -> Result<(), Problem> {
        let state = serde_json::to_value(after).map_err(Problem::internal)?;
        let old = before.map(serde_json::to_value).transpose().map_err(Problem::internal)?.unwrap_or(Value::Null);
        let id = EventId::fresh();
        let service = event.key.split_once('.').map_or(event.key, |(service, _)| service);
        let envelope = Envelope {
            specversion: "1.0".to_owned(),
            id,
            source: format!("/cairn/{service}"),
            kind: event.type_name(),
            subject: after.id(),
            time: self.now,
            tenantid: self.actor.tenant,
            actorid: self.actor.id(),
            onbehalfof: self.actor.on_behalf_of.map(|user| user.to_string()),
            clientaddress: self.actor.client_address.clone(),
            aggregateversion: after.version(),
            causationid: self.actor.causation,
            correlationid: Some(self.actor.correlation.clone().unwrap_or_else(|| self.actor.trace.id())),
            traceparent: self.actor.trace.to_string(),
            datacontenttype: "application/json".to_owned(),
            data: Payload { changes: changes(&old, &state), state },
        };
        self.pending.push(Row {
            tenant_id: self.actor.tenant,
            id,
            recorded_at: self.now,
            routing_key: event.key,
            envelope: serde_json::to_string(&envelope).map_err(Problem::internal)?,
        });
        self.announced.push(Announced { id, key: event.key });
        self.tally.set(self.announced.len());
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Problem> {
        let rows = std::mem::take(&mut self.pending);
        match rows.as_slice() {
            [] => {}
            // One row has a statement that can be prepared once; the length of a batch varies.
            [row] => {
                diesel::insert_into(events::table).values(row).execute(&mut self.conn()).await?;
            }
            rows => {
                for chunk in rows.chunks(1_000) {
                    diesel::insert_into(events::table).values(chunk).execute(&mut self.conn()).await?;
                }
            }
        }
        Ok(())
    }
}

impl Deref for Tx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        self.conn()
    }
}
