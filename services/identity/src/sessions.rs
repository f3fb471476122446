//! Signing in, staying signed in, signing out.
//!
//! A sign-in opens a session in one tenant. Its access token lives ten minutes; its refresh token is used once and
//! replaced. A refresh token that comes back after it was replaced has been copied: the session ends, for both holders.

use actix_web::http::header::USER_AGENT;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, post};
use auth::{AUDIENCE, Claims, ISSUER, TOKEN_LIFETIME};
use chrono::Duration;
use contracts::identity::{SESSION_REVOKED, SESSION_STARTED, SessionView};
use db::{Conn, Db, Tx};
use kernel::keys::Keyring;
use kernel::problem::{PERMISSION_DENIED, ProblemKind};
use kernel::{Actor, ActorKind, Check, Problem, Secret, SessionId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use web::{Allow, Answer, Body, Context, Failure, Reply, client_address, trace_of};

use crate::accounts::failures::Attempt;
use crate::accounts::sessions::{self, RevokedReason, Session};
use crate::accounts::users;
use crate::activity::{self, Attempted, FailureReason};
use crate::members;
use crate::passwords::Passwords;
use crate::permissions::SelfWrite;
use crate::signing::Signing;

/// The one answer to an unknown name and to a wrong password.
static CREDENTIALS_REFUSED: ProblemKind =
    ProblemKind::new("SESSION_CREDENTIALS_REFUSED", 401, "Name or password is wrong");
/// The refresh token does not count (any more).
static REFRESH_REFUSED: ProblemKind = ProblemKind::new("SESSION_REFRESH_REFUSED", 401, "Sign in again");

/// A session lives this long, however often it is refreshed.
const SESSION_LIFETIME: Duration = Duration::days(7);

/// As long as an e-mail address may be.
const LONGEST_LOGIN: usize = 254;
const LONGEST_USER_AGENT: usize = 300;

/// Who signs in.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "login": "admin@example.com", "password": "correct horse battery staple" }))]
pub(crate) struct SignIn {
    /// E-mail address or user name.
    login: String,
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: Secret<String>,
    /// The tenant to sign in to; default: the one the person joined first.
    #[schema(value_type = Option<String>, format = Uuid)]
    tenant_id: Option<TenantId>,
}

/// A refresh token to be exchanged.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "refreshToken": "the refreshToken of the last answer" }))]
pub(crate) struct Refresh {
    /// The last refresh token that was given out.
    #[schema(value_type = String, format = Password)]
    refresh_token: Secret<String>,
}

/// Tokens of a session.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tokens {
    /// Send as `Authorization: Bearer <accessToken>`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: i64,
    /// Exchange once, at POST /identity/v1/sessions/refresh.
    refresh_token: String,
    /// The session.
    session_id: SessionId,
    /// When the session ends at the latest.
    session_expires_at: Timestamp,
    /// The person.
    user_id: UserId,
    /// The tenant.
    tenant_id: TenantId,
    /// Nothing but changing the password is allowed until that is done.
    must_change_password: bool,
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(sign_in).service(refresh_session).service(sign_out);
}

/// Sign in
///
/// With an e-mail address or a user name. The answer to an unknown name and to a wrong password is the same, and takes
/// as long. After five wrong passwords for a name, sign-ins for it are refused for 15 minutes to the address they came from.
#[utoipa::path(tag = "sessions", request_body = SignIn, responses((status = 201, body = Tokens), (status = 401, description = "Name or password is wrong."), (status = 429, description = "Too many wrong passwords, or too many sign-ins at once.")))]
#[post("/sessions")]
pub(crate) async fn sign_in(
    request: HttpRequest,
    context: Data<Context>,
    db: Data<Db>,
    signing: Data<Signing>,
    passwords: Data<Passwords>,
    Body(command): Body<SignIn>,
) -> Answer {
    let mut check = Check::new();
    check.text("/login", &command.login, 1, LONGEST_LOGIN);
    check.finish()?;
    let refused = || CREDENTIALS_REFUSED.detail("Check the name and the password.");
    let (now, address) = (context.clock.now(), client_address(&request).unwrap_or_default());
    let attempt = Attempt::new(&command.login, &address);
    let mut attempted = Attempted {
        user: None,
        tenant: command.tenant_id,
        client_address: client_address(&request),
        user_agent: user_agent(&request),
    };
    let nowhere = Actor::service("identity", TenantId(Uuid::nil()), trace_of(&request));
    let look = async |conn: &Conn| {
        let stopped = match attempt.check(conn, now).await {
            Err(problem) if problem.kind().status != 429 => return Err(problem),
            outcome => outcome.err(),
        };
        Ok((users::by_login(conn, &command.login).await?, stopped))
    };
    let (account, stopped) = db.global(look).await?;
    attempted.user = account.as_ref().map(|(user, _)| user.id);
    if let Some(stopped) = stopped {
        db.write(&nowhere, async |tx| activity::record(tx, &attempted, Some(FailureReason::LockedOut)).await).await?;
        return Err(stopped.into());
    }
    let hash = account.as_ref().map(|(_, credential)| credential.password_hash.clone());
    let place = passwords.queue(&address)?;
    let known = passwords.verify(command.password, hash).await?;
    drop(place);
    let Some((user, credential)) = account.filter(|_| known) else {
        metrics::counter!("cairn_sign_ins_refused_total").increment(1);
        tracing::info!(client_address = address, "a sign-in was refused");
        db.write(&nowhere, async |tx| {
            attempt.failed(tx, now).await?;
            activity::record(tx, &attempted, Some(FailureReason::WrongPassword)).await
        })
        .await?;
        return Err(refused().into());
    };
    let tenants = db.global(async |conn| users::tenants_of(conn, user.id).await).await?;
    let tenant = tenants.into_iter().find(|tenant| command.tenant_id.is_none_or(|wanted| wanted == *tenant));
    let Some(tenant) = tenant else {
        db.write(&nowhere, async |tx| activity::record(tx, &attempted, Some(FailureReason::Suspended)).await).await?;
        // A person without a tenant gets the same answer: the password proves nothing about tenants.
        return Err(refused().into());
    };
    let session = Session {
        id: SessionId::fresh(),
        tenant_id: tenant,
        user_id: user.id,
        generation: 1,
        created_at: now,
        last_used_at: now,
        expires_at: now + SESSION_LIFETIME,
        client_address: client_address(&request),
        user_agent: user_agent(&request),
        revoked_at: None,
        revoked_reason: None,
    };
    let tokens = db
        .write(&actor(&request, &session), async |tx| {
            attempt.succeeded(tx).await?;
            sessions::insert(tx, &session).await?;
            activity::record(tx, &attempted, None).await?;
            tx.announce(&SESSION_STARTED, None, &SessionView::from(&session)).await?;
            tokens(tx, &session, credential.must_change, &signing, &context.config.keys).await
        })
        .await?;
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(tokens))
}

/// Refresh the tokens
///
/// Each refresh token counts once. One that was used before ends the session: somebody has copied it.
#[utoipa::path(tag = "sessions", request_body = Refresh, responses((status = 200, body = Tokens), (status = 401, description = "Sign in again.")))]
#[post("/sessions/refresh")]
pub(crate) async fn refresh_session(
    request: HttpRequest,
    context: Data<Context>,
    db: Data<Db>,
    signing: Data<Signing>,
    Body(command): Body<Refresh>,
) -> Answer {
    let refused = || Failure::from(REFRESH_REFUSED.detail("The refresh token does not count any more. Sign in again."));
    let presented = context
        .config
        .keys
        .open::<RefreshToken>("refresh token", command.refresh_token.reveal())
        .ok_or_else(refused)?;
    let known = db.global(async |conn| sessions::find(conn, presented.session).await).await?.ok_or_else(refused)?;
    let now = context.clock.now();
    let outcome = db
        .write(&actor(&request, &known), async |tx| {
            let Some(session) = sessions::fetch_for_change(tx, presented.session).await? else { return Ok(None) };
            if session.revoked_at.is_some() || session.expires_at <= now {
                return Ok(None);
            }
            if session.generation != presented.generation {
                metrics::counter!("cairn_refresh_tokens_reused_total").increment(1);
                tracing::warn!(session.id = %session.id, user.id = %session.user_id, "a refresh token came twice; its session ends");
                revoke(tx, &session, RevokedReason::RefreshTokenReused).await?;
                return Ok(None);
            }
            let session = Session { generation: session.generation + 1, last_used_at: now, ..session };
            sessions::advance(tx, &session).await?;
            let Some((_, credential)) = users::find(tx, session.user_id).await? else { return Ok(None) };
            tokens(tx, &session, credential.must_change, &signing, &context.config.keys).await.map(Some)
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

/// Ends a session and tells every verifier.
async fn revoke(tx: &mut Tx, session: &Session, reason: RevokedReason) -> Result<(), Problem> {
    if let Some(ended) = sessions::revoke(tx, session.id, reason).await? {
        tx.announce(&SESSION_REVOKED, Some(&session.into()), &SessionView::from(&ended)).await?;
    }
    Ok(())
}

/// Tells every verifier of sessions that ended; each tenant hears of its own only.
pub(crate) async fn tell_of_end(tx: &mut Tx, ended: &[Session]) -> Result<(), Problem> {
    let home = tx.actor().clone();
    for session in ended {
        tx.enter(Actor { tenant: session.tenant_id, ..home.clone() }).await?;
        tx.announce(&SESSION_REVOKED, None, &SessionView::from(session)).await?;
    }
    tx.enter(home).await
}

/// What a refresh token says. It is sealed, not stored: the session keeps the generation that counts.
#[derive(Serialize, Deserialize)]
struct RefreshToken {
    #[serde(rename = "s")]
    session: SessionId,
    #[serde(rename = "g")]
    generation: i32,
}

async fn tokens(
    tx: &Tx,
    session: &Session,
    must_change: bool,
    signing: &Signing,
    keys: &Keyring,
) -> Result<Tokens, Problem> {
    let permissions = members::permissions_of(tx, session.tenant_id, session.user_id).await?;
    let permissions =
        permissions.ok_or_else(|| PERMISSION_DENIED.detail("You are no longer an active member of this tenant."))?;
    let now = tx.now();
    let access_token = signing.sign(&Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: session.user_id,
        tid: session.tenant_id,
        sid: session.id,
        perms: permissions,
        pwc: must_change,
        iat: now.timestamp(),
        ims: now.timestamp_millis(),
        nbf: now.timestamp(),
        exp: (now + TOKEN_LIFETIME).timestamp(),
    })?;
    Ok(Tokens {
        access_token,
        token_type: "Bearer",
        expires_in: TOKEN_LIFETIME.num_seconds(),
        refresh_token: keys
            .seal("refresh token", &RefreshToken { session: session.id, generation: session.generation }),
        session_id: session.id,
        session_expires_at: session.expires_at,
        user_id: session.user_id,
        tenant_id: session.tenant_id,
        must_change_password: must_change,
    })
}

/// What the client calls itself, cut to what a person reads.
fn user_agent(request: &HttpRequest) -> Option<String> {
    let text = request.headers().get(USER_AGENT)?.to_str().ok()?;
    Some(text.chars().take(LONGEST_USER_AGENT).collect())
}

/// The person, before there is a token to take them from.
fn actor(request: &HttpRequest, session: &Session) -> Actor {
    Actor {
        tenant: session.tenant_id,
        kind: ActorKind::User { user: session.user_id, session: session.id },
        on_behalf_of: None,
        client_address: client_address(request),
        trace: trace_of(request),
        causation: None,
        correlation: None,
    }
}
