//! Sign-ins at rest.

use auth::{Revocation, Revoked};
use contracts::identity::SessionView;
use db::{Conn, Tx};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use kernel::{Problem, SessionId, TenantId, Timestamp, UserId};

use crate::schema::sessions;

kernel::text_enum! {
    /// Why a session ended before it expired.
    pub enum RevokedReason {
        /// The person signed out.
        SignedOut = "SIGNED_OUT",
        /// An old refresh token came back: somebody copied it.
        RefreshTokenReused = "REFRESH_TOKEN_REUSED",
        /// The password was changed.
        PasswordChanged = "PASSWORD_CHANGED",
        /// The person was suspended in the session's tenant.
        MemberSuspended = "MEMBER_SUSPENDED",
        /// An administrator of the tenant ended it.
        EndedByAdministrator = "ENDED_BY_ADMINISTRATOR",
        /// The person went on in another tenant.
        TenantSwitched = "TENANT_SWITCHED",
        /// The person has a second factor now, which this session has not seen.
        SecondFactorAdded = "SECOND_FACTOR_ADDED",
    }
}

/// A row of `sessions`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) tenant_id: TenantId,
    pub(crate) user_id: UserId,
    pub(crate) generation: i32,
    pub(crate) created_at: Timestamp,
    pub(crate) last_used_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) client_address: Option<String>,
    pub(crate) revoked_at: Option<Timestamp>,
    pub(crate) revoked_reason: Option<RevokedReason>,
    pub(crate) user_agent: Option<String>,
    pub(crate) ends_at: Timestamp,
    pub(crate) authenticated_at: Timestamp,
    pub(crate) methods: Vec<String>,
}

impl From<&Session> for SessionView {
    fn from(session: &Session) -> Self {
        Self {
            id: session.id,
            version: if session.revoked_at.is_some() { 2 } else { 1 },
            user_id: session.user_id,
            tenant_id: session.tenant_id,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            ends_at: session.ends_at,
            authenticated_at: session.authenticated_at,
            methods: session.methods.clone(),
            client_address: session.client_address.clone(),
            user_agent: session.user_agent.clone(),
            not_before: session.revoked_at,
            reason: session.revoked_reason.map(|reason| reason.to_string()),
        }
    }
}

pub(crate) async fn find(mut conn: &Conn, id: SessionId) -> Result<Option<Session>, Problem> {
    Ok(sessions::table.find(id).select(Session::as_select()).first(&mut conn).await.optional()?)
}

/// The live sessions of a person, in one tenant or in all of them: a page, the newest first.
pub(crate) async fn live(
    mut conn: &Conn,
    (user, only): (UserId, Option<TenantId>),
    now: Timestamp,
    after: Option<SessionId>,
    limit: i64,
) -> Result<Vec<Session>, Problem> {
    let mut rows = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .select(Session::as_select())
        .into_boxed();
    if let Some(tenant) = only {
        rows = rows.filter(sessions::tenant_id.eq(tenant));
    }
    if let Some(after) = after {
        rows = rows.filter(sessions::id.lt(after));
    }
    Ok(rows.order(sessions::id.desc()).limit(limit + 1).load(&mut conn).await?)
}

/// Removes the sessions that expired before a moment.
pub(crate) async fn forget(mut conn: &Conn, before: Timestamp) -> Result<(), Problem> {
    diesel::delete(sessions::table.filter(sessions::expires_at.lt(before))).execute(&mut conn).await?;
    Ok(())
}

pub(crate) async fn insert(tx: &mut Tx, session: &Session) -> Result<(), Problem> {
    diesel::insert_into(sessions::table).values(session).execute(&mut tx.conn()).await?;
    Ok(())
}

pub(crate) async fn fetch_for_change(tx: &mut Tx, id: SessionId) -> Result<Option<Session>, Problem> {
    let row =
        sessions::table.find(id).filter(sessions::tenant_id.eq(tx.tenant())).select(Session::as_select()).for_update();
    Ok(row.first(&mut tx.conn()).await.optional()?)
}

/// A session of whatever tenant, locked.
pub(crate) async fn lock(tx: &mut Tx, id: SessionId) -> Result<Option<Session>, Problem> {
    let row = sessions::table.find(id).select(Session::as_select()).for_update();
    Ok(row.first(&mut tx.conn()).await.optional()?)
}

/// The session's next refresh token is the only one that counts from now on.
pub(crate) async fn advance(tx: &mut Tx, session: &Session) -> Result<(), Problem> {
    diesel::update(sessions::table.find(session.id))
        .set((
            sessions::generation.eq(session.generation),
            sessions::last_used_at.eq(session.last_used_at),
            sessions::expires_at.eq(session.expires_at),
            sessions::authenticated_at.eq(session.authenticated_at),
            sessions::methods.eq(&session.methods),
            sessions::client_address.eq(&session.client_address),
            sessions::user_agent.eq(&session.user_agent),
        ))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// Ends one session; returns it if it was live.
pub(crate) async fn revoke(tx: &mut Tx, id: SessionId, reason: RevokedReason) -> Result<Option<Session>, Problem> {
    let live = sessions::table.filter(sessions::id.eq(id)).filter(sessions::revoked_at.is_null());
    Ok(diesel::update(live)
        .set((sessions::revoked_at.eq(tx.now()), sessions::revoked_reason.eq(reason)))
        .returning(Session::as_returning())
        .get_result(&mut tx.conn())
        .await
        .optional()?)
}

/// Ends the live sessions of a person: in one tenant, or in all of them. Returns them, to be announced each in its tenant.
pub(crate) async fn revoke_all(
    tx: &mut Tx,
    user: UserId,
    only: Option<TenantId>,
    reason: RevokedReason,
) -> Result<Vec<Session>, Problem> {
    let live = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(only.is_none().into_sql::<Bool>().or(sessions::tenant_id.nullable().eq(only)))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(tx.now()));
    Ok(diesel::update(live)
        .set((sessions::revoked_at.eq(tx.now()), sessions::revoked_reason.eq(reason)))
        .returning(Session::as_returning())
        .get_results(&mut tx.conn())
        .await?)
}

/// Ends every session of a person but one.
pub(crate) async fn revoke_others(
    tx: &mut Tx,
    user: UserId,
    keep: SessionId,
    reason: RevokedReason,
) -> Result<Vec<Session>, Problem> {
    let others = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::id.ne(keep))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(tx.now()));
    Ok(diesel::update(others)
        .set((sessions::revoked_at.eq(tx.now()), sessions::revoked_reason.eq(reason)))
        .returning(Session::as_returning())
        .get_results(&mut tx.conn())
        .await?)
}

/// The sessions of every tenant that ended since a moment.
pub(crate) async fn revoked_since(mut conn: &Conn, since: Timestamp) -> Result<Vec<Revoked>, Problem> {
    let ended = sessions::table.filter(sessions::revoked_at.gt(since));
    let rows: Vec<(SessionId, Option<Timestamp>)> =
        ended.select((sessions::id, sessions::revoked_at)).load(&mut conn).await?;
    let revoked = |(id, at): (_, Option<_>)| Some(Revoked { what: Revocation::Session(id), not_before: at? });
    Ok(rows.into_iter().filter_map(revoked).collect())
}
