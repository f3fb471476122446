//! Edit locks where they count. Identity gives them out; the services that own what is locked hear of them, and refuse a
//! write of a person or a program under somebody else's live lock. A service with locks has the table `edit_locks` in its schema, a queue
//! that hears `identity.edit-lock.*`, the [`consumer`] for it, and asks [`refuse_others`] where a write locks its owner.
//!
//! A lock is known here a moment after it was acquired: versions still decide between two who were quicker than that.

mod schema;

use std::collections::BTreeMap;

use bus::Consumer;
use chrono::Duration;
use contracts::Envelope;
use contracts::identity::{EditLockView, LockedType};
use db::Tx;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::problem::ProblemKind;
use kernel::{ActorKind, Problem, SessionId, Timestamp};
use uuid::Uuid;

use schema::edit_locks;

/// Somebody else edits it.
static EDIT_LOCK_HELD: ProblemKind = ProblemKind::new("EDIT_LOCK_HELD", 423, "Somebody else is editing this");

/// Locks that expired are remembered this long: what was told late must not bring an old one back.
const REMEMBERED: Duration = Duration::days(1);

/// The refusal that says who edits it and until when.
#[must_use]
pub fn held(by: &str, until: Timestamp, now: Timestamp) -> Problem {
    let seconds = u32::try_from((until - now).num_seconds().max(1)).unwrap_or(u32::MAX);
    EDIT_LOCK_HELD
        .detail(format!("{by} is editing this until {}. Wait, or have the lock taken over.", until.in_words()))
        .at("heldBy", "HELD", by)
        .at("heldUntil", "HELD", until.to_string())
        .retry_after(seconds)
}

/// Refuses a person's or a program's write under a live lock of another session. Services are never refused: they tell facts.
///
/// # Errors
/// 423 with who holds the lock and until when.
pub async fn refuse_others(tx: &mut Tx, kind: LockedType, id: Uuid) -> Result<(), Problem> {
    Held::by_others(tx, kind, &[id]).await?.refuse(id)
}

/// Those of some things that somebody else is editing: for who changes many of them.
pub struct Held {
    now: Timestamp,
    by: BTreeMap<Uuid, (String, Timestamp)>,
}

impl Held {
    /// Asks once for all of them; nothing is held against a service.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn by_others(tx: &mut Tx, kind: LockedType, ids: &[Uuid]) -> Result<Self, Problem> {
        Ok(Self { now: tx.now(), by: others(tx, kind, ids).await? })
    }

    /// As [`refuse_others`] for one of them.
    ///
    /// # Errors
    /// 423 with who holds the lock and until when.
    pub fn refuse(&self, id: Uuid) -> Result<(), Problem> {
        self.by.get(&id).map_or(Ok(()), |(by, until)| Err(held(by, *until, self.now)))
    }
}

async fn others(tx: &mut Tx, kind: LockedType, ids: &[Uuid]) -> Result<BTreeMap<Uuid, (String, Timestamp)>, Problem> {
    let session = match tx.actor().kind {
        ActorKind::User { session, .. } => session,
        // A program holds no locks: every one is somebody else's.
        ActorKind::Client { key, .. } => SessionId(key.0),
        ActorKind::Service(_) => return Ok(BTreeMap::new()),
    };
    let of_kind = edit_locks::tenant_id.eq(tx.tenant()).and(edit_locks::resource_type.eq(kind));
    let others = edit_locks::table
        .filter(of_kind)
        .filter(edit_locks::resource_id.eq_any(ids))
        .filter(edit_locks::expires_at.gt(tx.now()))
        .filter(edit_locks::session_id.ne(session))
        .select((edit_locks::resource_id, edit_locks::user_name, edit_locks::expires_at));
    let others: Vec<(Uuid, String, Timestamp)> = others.load(&mut tx.conn()).await?;
    Ok(others.into_iter().map(|(id, by, until)| (id, (by, until))).collect())
}

/// Keeps a service's locks as identity tells of them.
#[must_use]
pub fn consumer(queue: &'static str) -> Consumer {
    Consumer::new(queue, |tx, event| Box::pin(hear(tx, event)))
}

async fn hear(tx: &mut Tx, event: &Envelope) -> Result<(), Problem> {
    let lock: EditLockView = event.state().map_err(Problem::internal)?;
    // Of two locks on one thing the later one counts; ids grow with time.
    let told = diesel::sql_query(
        "insert into edit_locks as known \
             (tenant_id, resource_type, resource_id, lock_id, version, user_name, session_id, expires_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8) \
         on conflict (tenant_id, resource_type, resource_id) do update set lock_id = excluded.lock_id, \
             version = excluded.version, user_name = excluded.user_name, session_id = excluded.session_id, \
             expires_at = excluded.expires_at \
         where (excluded.lock_id, excluded.version) > (known.lock_id, known.version)",
    );
    told.bind::<SqlUuid, _>(tx.tenant())
        .bind::<Text, _>(lock.resource_type)
        .bind::<SqlUuid, _>(lock.resource_id)
        .bind::<SqlUuid, _>(lock.id)
        .bind::<BigInt, _>(lock.version)
        .bind::<Text, _>(lock.user_name)
        .bind::<SqlUuid, _>(lock.session_id)
        .bind::<Timestamptz, _>(lock.expires_at)
        .execute(&mut tx.conn())
        .await?;
    let old = edit_locks::table
        .filter(edit_locks::tenant_id.eq(tx.tenant()))
        .filter(edit_locks::expires_at.lt(tx.now() - REMEMBERED));
    diesel::delete(old).execute(&mut tx.conn()).await?;
    Ok(())
}
