//! Staying signed in, and signing out.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, post};
use chrono::Duration;
use db::Db;
use kernel::Secret;
use serde::Deserialize;
use web::{Allow, Answer, Body, Failure, Reply};

use super::desk::RefreshToken;
use super::{Desk, REFRESH_REFUSED, Tokens, revoke};
use crate::accounts::sessions::{self, RevokedReason};
use crate::permissions::SelfWrite;

/// How long a client may send a refresh token again that it has used.
const ASKED_AGAIN: Duration = Duration::seconds(10);

/// A refresh token to be exchanged.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "refreshToken": "the refreshToken of the last answer" }))]
pub(crate) struct Refresh {
    /// The last refresh token that was given out.
    #[schema(value_type = String, format = Password)]
    refresh_token: Secret<String>,
}

/// Refresh the tokens
///
/// Each refresh token counts once. One that was used before ends the session: somebody has copied it. Only the client that
/// used it (the same address and User-Agent) may send it again within ten seconds, when the answer was lost: it gets what it
/// missed. A session that was not refreshed for longer than the tenant allows has ended.
#[utoipa::path(tag = "sessions", request_body = Refresh, responses((status = 200, body = Tokens), (status = 401, description = "Sign in again."), (status = 403, description = "No longer a member, or the tenant cannot be used now.")))]
#[post("/sessions/refresh")]
pub(crate) async fn refresh_session(desk: Desk, Body(command): Body<Refresh>) -> Answer {
    let refused = || Failure::from(REFRESH_REFUSED.detail("The refresh token does not count any more. Sign in again."));
    let presented: Option<RefreshToken> =
        desk.context.config.keys.open("refresh token", command.refresh_token.reveal());
    let presented = presented.ok_or_else(refused)?;
    let known =
        desk.db.global(async |conn| sessions::find(conn, presented.session).await).await?.ok_or_else(refused)?;
    let now = desk.now();
    let outcome = desk
        .db
        .write(&desk.actor(&known), async |tx| {
            let Some(session) = sessions::fetch_for_change(tx, presented.session).await? else { return Ok(None) };
            if session.revoked_at.is_some() || session.expires_at <= now {
                return Ok(None);
            }
            if session.generation == presented.generation {
                return desk.advance(tx, session).await.map(Some);
            }
            let was_last = session.generation == presented.generation + 1 && now - session.last_used_at <= ASKED_AGAIN;
            if was_last && desk.used_last(&session) {
                return desk.repeat(tx, &session).await.map(Some);
            }
            metrics::counter!("cairn_refresh_tokens_reused_total").increment(1);
            tracing::warn!(session.id = %session.id, user.id = %session.user_id, "a refresh token came twice; its session ends");
            revoke(tx, &session, RevokedReason::RefreshTokenReused).await?;
            Ok(None)
        })
        .await?;
    let tokens = outcome.ok_or_else(refused)?;
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(tokens))
}

/// Sign out
///
/// Ends the session of the token that is sent; its access and refresh tokens stop counting.
#[utoipa::path(tag = "sessions", security(("bearer" = [SelfWrite::NAME])), responses((status = 204, description = "Signed out.")))]
#[delete("/sessions/current")]
pub(crate) async fn sign_out(who: Allow<SelfWrite>, db: Data<Db>) -> Answer {
    who.write(&db, async |tx| {
        if let Some(session) = sessions::fetch_for_change(tx, who.session).await? {
            revoke(tx, &session, RevokedReason::SignedOut).await?;
        }
        Ok(Reply::done())
    })
    .await
}
