//! Who is signed in: the live sessions of a person, to be looked at and ended; by the person everywhere, by an
//! administrator in their own tenant.

use std::time::Duration as Pause;

use actix_web::web::Data;
use actix_web::{delete, get};
use chrono::Duration;
use contracts::identity::SessionView;
use db::{Conn, Db, Tx};
use kernel::{Cursor, MembershipId, Page, PageQuery, Problem, SessionId, TenantId, UserId};
use serde::Deserialize;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Allow, Answer, Context, Path, Query, Reply};

use crate::accounts::sessions::{self, RevokedReason};
use crate::accounts::{factors, failures, links};
use crate::members;
use crate::permissions::{SelfRead, SelfWrite, SessionRead, SessionWrite};

/// The list whose cursors it takes.
const LIST: &str = "sessions";
/// Sessions that expired are kept this long: the audit trail knows them for ever.
const KEPT: Duration = Duration::days(1);
const SWEEP_EVERY: Pause = Pause::from_secs(3_600);

/// Paging of the lists of sessions.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SessionQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_own_sessions)
        .service(end_own_sessions)
        .service(end_own_session)
        .service(list_member_sessions)
        .service(end_member_sessions)
        .service(end_member_session);
}

/// List one's own sessions
///
/// Those that are live, in every tenant, the newest first.
#[utoipa::path(tag = "me", params(SessionQuery), security(("bearer" = [SelfRead::NAME])), responses((status = 200, body = Page<SessionView>)))]
#[get("/me/sessions")]
async fn list_own_sessions(
    who: Allow<SelfRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<SessionQuery>,
) -> Answer {
    list(&who, &db, &context, &query, None).await
}

/// Sign out everywhere
///
/// Ends all of one's own sessions, in every tenant, the present one with them.
#[utoipa::path(tag = "me", security(("bearer" = [SelfWrite::NAME])), responses((status = 204, description = "Signed out.")))]
#[delete("/me/sessions")]
async fn end_own_sessions(who: Allow<SelfWrite>, db: Data<Db>) -> Answer {
    who.write(&db, async |tx| end_all(tx, who.user, None, RevokedReason::SignedOut).await).await
}

/// Sign out somewhere else
///
/// Ends one of one's own sessions.
#[utoipa::path(tag = "me", security(("bearer" = [SelfWrite::NAME])), responses((status = 204, description = "Signed out.")))]
#[delete("/me/sessions/{sessionId}")]
async fn end_own_session(who: Allow<SelfWrite>, db: Data<Db>, Path(id): Path<SessionId>) -> Answer {
    who.write(&db, async |tx| end(tx, (who.user, None), id, RevokedReason::SignedOut).await).await
}

/// List a member's sessions
///
/// Those that are live in this tenant, the newest first.
#[utoipa::path(tag = "members", params(SessionQuery), security(("bearer" = [SessionRead::NAME])), responses((status = 200, body = Page<SessionView>)))]
#[get("/members/{memberId}/sessions")]
async fn list_member_sessions(
    who: Allow<SessionRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path(id): Path<MembershipId>,
    Query(query): Query<SessionQuery>,
) -> Answer {
    list(&who, &db, &context, &query, Some(id)).await
}

/// Sign a member out
///
/// Ends all of the member's sessions in this tenant. Nobody can do so to a member who may do more than they may.
#[utoipa::path(tag = "members", security(("bearer" = [SessionWrite::NAME])), responses((status = 204, description = "Signed out.")))]
#[delete("/members/{memberId}/sessions")]
async fn end_member_sessions(who: Allow<SessionWrite>, db: Data<Db>, Path(id): Path<MembershipId>) -> Answer {
    who.write(&db, async |tx| {
        let user = members::acted_on(tx, &who.permissions, id).await?;
        end_all(tx, user, Some(who.tenant), RevokedReason::EndedByAdministrator).await
    })
    .await
}

/// End a member's session
///
/// One of this tenant. Nobody can do so to a member who may do more than they may.
#[utoipa::path(tag = "members", security(("bearer" = [SessionWrite::NAME])), responses((status = 204, description = "Ended.")))]
#[delete("/members/{memberId}/sessions/{sessionId}")]
async fn end_member_session(
    who: Allow<SessionWrite>,
    db: Data<Db>,
    Path((member, session)): Path<(MembershipId, SessionId)>,
) -> Answer {
    who.write(&db, async |tx| {
        let user = members::acted_on(tx, &who.permissions, member).await?;
        end(tx, (user, Some(who.tenant)), session, RevokedReason::EndedByAdministrator).await
    })
    .await
}

/// The caller's own sessions, or those that a member has in the caller's tenant.
async fn list<P>(
    who: &Allow<P>,
    db: &Db,
    context: &Context,
    query: &SessionQuery,
    member: Option<MembershipId>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, LIST)?);
    who.read(db, async |conn| {
        let (user, only) = match member {
            Some(member) => (members::user_of(conn, who.tenant, member).await?, Some(who.tenant)),
            None => (who.user, None),
        };
        let after = after.and_then(|cursor| cursor.key::<SessionId>(0));
        let rows = sessions::live(conn, (user, only), context.clock.now(), after, limit).await?;
        let page = Cursor::page(rows, limit, &context.config.keys, LIST, |session| vec![session.id.to_string().into()]);
        Reply::ok(&page.map(|session| SessionView::from(&session)))
    })
    .await
}

async fn end_all(tx: &mut Tx, user: UserId, only: Option<TenantId>, reason: RevokedReason) -> Result<Reply, Problem> {
    let ended = sessions::revoke_all(tx, user, only, reason).await?;
    crate::sessions::tell_of_end(tx, &ended).await?;
    Ok(Reply::done())
}

/// Ends one session of a person; a session of somebody else, or of another tenant, is none.
async fn end(
    tx: &mut Tx,
    (user, only): (UserId, Option<TenantId>),
    id: SessionId,
    reason: RevokedReason,
) -> Result<Reply, Problem> {
    let session = sessions::find(tx, id).await?;
    let theirs = session.filter(|session| session.user_id == user && only.is_none_or(|only| only == session.tenant_id));
    theirs.ok_or_else(|| Problem::not_found("session"))?;
    // One that has ended already is as the caller wants it.
    let ended = sessions::revoke(tx, id, reason).await?;
    crate::sessions::tell_of_end(tx, ended.as_slice()).await?;
    Ok(Reply::done())
}

/// Sweeps what expired until the service stops. Replicas may do so at once.
pub(crate) async fn sweep(db: Db, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let now = db.clock().now();
        let sweep = async |conn: &Conn| {
            failures::forget(conn, now).await?;
            links::forget(conn, now).await?;
            factors::forget(conn, now).await?;
            sessions::forget(conn, now - KEPT).await
        };
        let swept = db.global(sweep).await.and(members::waiting::forget(&db, now).await);
        if let Err(problem) = swept {
            tracing::info!(error = %problem, "what has expired could not be swept; it will be tried again");
        }
        tokio::select! { () = stop.cancelled() => {}, () = sleep(SWEEP_EVERY) => {} }
    }
}
