//! The statements of edit locks.

use chrono::Duration;
use contracts::identity::LockedType;
use db::{Conn, Tx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::problem::ProblemKind;
use kernel::{EditLockId, Problem, SessionId, TenantId, Timestamp, UserId};
use uuid::Uuid;

use super::model::EditLock;
use crate::schema::edit_locks;

static TOO_MANY: ProblemKind = ProblemKind::new("EDIT_LOCK_TOO_MANY", 409, "The session holds too many locks");

/// The most locks of a session.
const MOST: i64 = 100;
/// How long an expired lock can still be renewed, when nobody took it.
const REMEMBERED: Duration = Duration::hours(1);

/// Whose locks, or on what.
pub(super) enum Wanted {
    /// A person's, in all of their sessions.
    Of(UserId),
    /// The one on a thing.
    On(LockedType, Uuid),
}

/// A page of live locks, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    (wanted, now): (&Wanted, Timestamp),
    after: Option<EditLockId>,
    limit: i64,
) -> Result<Vec<EditLock>, Problem> {
    let mut rows = edit_locks::table
        .filter(edit_locks::tenant_id.eq(tenant))
        .filter(edit_locks::expires_at.gt(now))
        .select(EditLock::as_select())
        .into_boxed();
    rows = match wanted {
        Wanted::Of(user) => rows.filter(edit_locks::user_id.eq(*user)),
        Wanted::On(kind, id) => rows.filter(edit_locks::resource_type.eq(*kind).and(edit_locks::resource_id.eq(*id))),
    };
    if let Some(after) = after {
        rows = rows.filter(edit_locks::id.gt(after));
    }
    Ok(rows.order(edit_locks::id).limit(limit + 1).load(&mut conn).await?)
}

/// The lock on a thing, live or not, locked until the transaction ends.
pub(super) async fn on_for_change(tx: &mut Tx, (kind, id): (LockedType, Uuid)) -> Result<Option<EditLock>, Problem> {
    let row = edit_locks::table
        .filter(edit_locks::tenant_id.eq(tx.tenant()))
        .filter(edit_locks::resource_type.eq(kind))
        .filter(edit_locks::resource_id.eq(id))
        .select(EditLock::as_select())
        .for_update();
    Ok(row.first(&mut tx.conn()).await.optional()?)
}

pub(super) async fn fetch_for_change(tx: &mut Tx, id: EditLockId) -> Result<EditLock, Problem> {
    let row = edit_locks::table.find((tx.tenant(), id)).select(EditLock::as_select()).for_update();
    row.first(&mut tx.conn()).await.optional()?.ok_or_else(|| Problem::not_found("edit lock"))
}

/// Writes a new lock; says whether nobody else was quicker.
pub(super) async fn insert(tx: &mut Tx, lock: &EditLock) -> Result<bool, Problem> {
    let insert = diesel::insert_into(edit_locks::table).values(lock).on_conflict_do_nothing();
    Ok(insert.execute(&mut tx.conn()).await? == 1)
}

pub(super) async fn update(tx: &mut Tx, lock: &EditLock) -> Result<(), Problem> {
    diesel::update(edit_locks::table.find((lock.tenant_id, lock.id))).set(lock).execute(&mut tx.conn()).await?;
    Ok(())
}

pub(super) async fn delete(tx: &mut Tx, id: EditLockId) -> Result<(), Problem> {
    diesel::delete(edit_locks::table.find((tx.tenant(), id))).execute(&mut tx.conn()).await?;
    Ok(())
}

/// Refuses a session that holds too many; forgets what expired long ago in the whole tenant.
pub(super) async fn may_hold_one_more(tx: &mut Tx, session: SessionId) -> Result<(), Problem> {
    let of_tenant = edit_locks::table.filter(edit_locks::tenant_id.eq(tx.tenant()));
    diesel::delete(of_tenant.filter(edit_locks::expires_at.lt(tx.now() - REMEMBERED))).execute(&mut tx.conn()).await?;
    let live = of_tenant.filter(edit_locks::session_id.eq(session)).filter(edit_locks::expires_at.gt(tx.now()));
    let held: i64 = live.count().get_result(&mut tx.conn()).await?;
    if held < MOST {
        return Ok(());
    }
    Err(TOO_MANY.detail(format!("A session holds at most {MOST} locks. Release those you do not need.")))
}

/// Removes the locks of a session and returns them.
pub(super) async fn delete_of(tx: &mut Tx, session: SessionId) -> Result<Vec<EditLock>, Problem> {
    let own =
        edit_locks::table.filter(edit_locks::tenant_id.eq(tx.tenant())).filter(edit_locks::session_id.eq(session));
    Ok(diesel::delete(own).returning(EditLock::as_returning()).get_results(&mut tx.conn()).await?)
}
