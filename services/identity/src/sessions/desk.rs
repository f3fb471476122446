//! Where sessions are opened and their tokens made: what every way to sign in ends in.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use auth::{AUDIENCE, Claims, ISSUER, Patterns, TOKEN_LIFETIME};
use chrono::Duration;
use contracts::identity::settings::TenantSettings;
use contracts::identity::{SESSION_STARTED, SessionView};
use db::{Conn, Db, Tx};
use kernel::problem::PERMISSION_DENIED;
use kernel::{Actor, ActorKind, Problem, SessionId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use web::{Answer, Context, Failure, client_address, trace_of};

use super::{CREDENTIALS_REFUSED, Method, Proof, REFRESH_REFUSED, Tokens, tell_of_end};
use crate::accounts::failures::Attempt;
use crate::accounts::sessions::{self, RevokedReason, Session};
use crate::accounts::tenants::{self, Tenant, TenantStatus};
use crate::accounts::users;
use crate::activity::{self, Attempted, FailureReason};
use crate::passwords::Passwords;
use crate::signing::Signing;
use crate::{grants, members, settings};

const LONGEST_USER_AGENT: usize = 300;

/// What a sign-in needs, whichever way it comes.
pub(crate) struct Desk {
    pub(crate) request: HttpRequest,
    pub(crate) context: Data<Context>,
    pub(crate) db: Data<Db>,
    pub(crate) passwords: Data<Passwords>,
    signing: Data<Signing>,
}

/// What a refresh token says. It is sealed, not stored: the session keeps the generation that counts.
#[derive(Serialize, Deserialize)]
pub(super) struct RefreshToken {
    #[serde(rename = "s")]
    pub(super) session: SessionId,
    #[serde(rename = "g")]
    pub(super) generation: i32,
}

impl FromRequest for Desk {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let desk = || {
            Some(Self {
                request: request.clone(),
                context: request.app_data::<Data<Context>>()?.clone(),
                db: request.app_data::<Data<Db>>()?.clone(),
                passwords: request.app_data::<Data<Passwords>>()?.clone(),
                signing: request.app_data::<Data<Signing>>()?.clone(),
            })
        };
        ready(desk().ok_or_else(|| Problem::internal("a worker of identity was not set up").into()))
    }
}

impl Desk {
    pub(crate) fn now(&self) -> Timestamp {
        self.context.clock.now()
    }

    /// The caller's address.
    pub(crate) fn address(&self) -> String {
        client_address(&self.request).unwrap_or_default()
    }

    /// Opens a session for somebody who has proved who they are: in the tenant they want, else in the first that can be
    /// used. Somebody without a tenant gets the same answer as one with a wrong password.
    pub(crate) async fn open(&self, proof: Proof, wanted: Option<TenantId>) -> Answer {
        self.go_on(proof, wanted, None).await
    }

    /// The same in the place of a session that ends with it, and not later than that one would have.
    pub(super) async fn go_on(&self, proof: Proof, wanted: Option<TenantId>, from: Option<SessionId>) -> Answer {
        let find = async |conn: &Conn| {
            let ids = users::tenants_of(conn, proof.user).await?;
            let known = tenants::some(conn, &ids).await?;
            let fits = |id: &&TenantId| wanted.is_none_or(|wanted| wanted == **id);
            let of = |id: &TenantId| known.iter().find(|tenant| tenant.id == *id).cloned();
            let mut places: Vec<Tenant> = ids.iter().filter(fits).filter_map(of).collect();
            places.sort_by_key(|tenant| tenant.status != TenantStatus::Active);
            Ok(places.into_iter().next())
        };
        let Some(tenant) = self.db.global(find).await? else {
            self.refused(Some(proof.user), wanted, FailureReason::Suspended, None).await?;
            return Err(CREDENTIALS_REFUSED.detail("Check the name and the password.").into());
        };
        let now = self.now();
        let mut session = Session {
            id: SessionId::fresh(),
            tenant_id: tenant.id,
            user_id: proof.user,
            generation: 1,
            created_at: now,
            last_used_at: now,
            expires_at: now,
            client_address: client_address(&self.request),
            user_agent: user_agent(&self.request),
            revoked_at: None,
            revoked_reason: None,
            ends_at: now,
            authenticated_at: proof.at,
            methods: proof.methods.iter().map(ToString::to_string).collect(),
        };
        let tokens = self
            .db
            .write(&self.actor(&session), async |tx| {
                let settings = settings::of(tx, tenant.id).await?;
                session.ends_at = now + Duration::hours(i64::from(settings.session_lifetime_hours));
                if let Some(from) = from {
                    session.ends_at = session.ends_at.min(leave(tx, from).await?.ends_at);
                }
                session.expires_at = idle_until(&session, &settings, now);
                sessions::insert(tx, &session).await?;
                activity::record(tx, &self.attempted(Some(proof.user), wanted), None).await?;
                tx.announce(&SESSION_STARTED, None, &SessionView::from(&session)).await?;
                self.tokens(tx, &session, &settings).await
            })
            .await?;
        Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(tokens))
    }

    /// Records that a sign-in was refused, and counts it against whoever guesses. For a name that nobody has, too: it takes
    /// as long.
    pub(crate) async fn refused(
        &self,
        person: Option<UserId>,
        wanted: Option<TenantId>,
        reason: FailureReason,
        counted: Option<&Attempt>,
    ) -> Result<(), Problem> {
        let nowhere = Actor::service("identity", TenantId(Uuid::nil()), trace_of(&self.request));
        let attempted = self.attempted(person, wanted);
        self.db
            .write(&nowhere, async |tx| {
                if let Some(attempt) = counted {
                    attempt.failed(tx, tx.now()).await?;
                }
                activity::record(tx, &attempted, Some(reason)).await
            })
            .await
    }

    fn attempted(&self, user: Option<UserId>, tenant: Option<TenantId>) -> Attempted {
        Attempted { user, tenant, client_address: client_address(&self.request), user_agent: user_agent(&self.request) }
    }

    /// The next tokens of a session; those before them stop counting.
    pub(super) async fn advance(&self, tx: &mut Tx, session: Session) -> Result<Tokens, Problem> {
        let settings = settings::of(tx, session.tenant_id).await?;
        let expires_at = idle_until(&session, &settings, tx.now());
        let session = Session {
            generation: session.generation + 1,
            last_used_at: tx.now(),
            expires_at,
            client_address: client_address(&self.request),
            user_agent: user_agent(&self.request),
            ..session
        };
        sessions::advance(tx, &session).await?;
        self.tokens(tx, &session, &settings).await
    }

    /// The tokens of a session once more, for a client that did not get the last answer.
    pub(super) async fn repeat(&self, tx: &Tx, session: &Session) -> Result<Tokens, Problem> {
        self.tokens(tx, session, &settings::of(tx, session.tenant_id).await?).await
    }

    /// Whether a session was last used by this client, as far as it can be told.
    pub(super) fn used_last(&self, session: &Session) -> bool {
        session.client_address == client_address(&self.request) && session.user_agent == user_agent(&self.request)
    }

    async fn tokens(&self, tx: &Tx, session: &Session, settings: &TenantSettings) -> Result<Tokens, Problem> {
        let (tenant, user) = (session.tenant_id, session.user_id);
        let held = members::permissions_of(tx, tenant, user).await?;
        let held =
            held.ok_or_else(|| PERMISSION_DENIED.detail("You are no longer an active member of this tenant."))?;
        let tenant = tenants::find(tx, tenant).await?.ok_or_else(|| Problem::not_found("tenant"))?;
        let grt = match tenant.status {
            TenantStatus::Active => grants::of_person(tx, tenant.id, user).await?,
            _ => None,
        };
        let perms = crate::tenants::is_usable(&tenant, with_common_rights(held, settings))?;
        let (_, credential) = users::find(tx, user).await?.ok_or_else(|| Problem::not_found("user"))?;
        let only_password = !session.methods.iter().any(|method| *method != Method::Password.as_str());
        let must_enrol = settings.require_two_factor && only_password;
        let now = tx.now();
        let access_token = self.signing.sign(&Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user,
            tid: tenant.id,
            sid: session.id,
            perms,
            pwc: credential.must_change,
            enr: must_enrol,
            cli: false,
            grt,
            con: None,
            auth_time: session.authenticated_at.timestamp(),
            iat: now.timestamp(),
            ims: now.timestamp_millis(),
            nbf: now.timestamp(),
            exp: (now + TOKEN_LIFETIME).timestamp(),
        })?;
        let refresh_token = RefreshToken { session: session.id, generation: session.generation };
        Ok(Tokens {
            access_token,
            token_type: "Bearer",
            expires_in: TOKEN_LIFETIME.num_seconds(),
            refresh_token: self.context.config.keys.seal("refresh token", &refresh_token),
            session_id: session.id,
            session_expires_at: session.expires_at,
            user_id: user,
            tenant_id: tenant.id,
            must_change_password: credential.must_change,
            must_set_up_second_factor: must_enrol,
        })
    }

    /// The person, before there is a token to take them from.
    pub(super) fn actor(&self, session: &Session) -> Actor {
        self.acting(session.tenant_id, session.user_id, session.id)
    }

    /// A person in a tenant, before there is a session.
    pub(crate) fn acting(&self, tenant: TenantId, user: UserId, session: SessionId) -> Actor {
        Actor {
            tenant,
            kind: ActorKind::User { user, session },
            on_behalf_of: None,
            client_address: client_address(&self.request),
            trace: trace_of(&self.request),
            causation: None,
            correlation: None,
        }
    }
}

/// Ends the session that another one takes the place of; only one that is live can be left, and once.
async fn leave(tx: &mut Tx, id: SessionId) -> Result<Session, Problem> {
    let ended = || REFRESH_REFUSED.detail("The session has ended. Sign in again.");
    let session = sessions::lock(tx, id).await?.filter(|session| session.expires_at > tx.now()).ok_or_else(ended)?;
    let left = sessions::revoke(tx, id, RevokedReason::TenantSwitched).await?.ok_or_else(ended)?;
    tell_of_end(tx, &[left]).await?;
    Ok(session)
}

/// When a session ends unless it is refreshed before.
fn idle_until(session: &Session, settings: &TenantSettings, now: Timestamp) -> Timestamp {
    session.ends_at.min(now + Duration::minutes(i64::from(settings.session_idle_minutes)))
}

/// What a member holds, with what the tenant gives to everybody.
fn with_common_rights(held: Patterns, settings: &TenantSettings) -> Patterns {
    if !settings.members_read_all {
        return held;
    }
    Patterns::new(held.as_slice().iter().chain(common_rights().as_slice()).cloned())
}

/// What the setting `membersReadAll` lets every member do.
pub(crate) fn common_rights() -> Patterns {
    Patterns::new(["catalog:product:read", "catalog:solution:read", "adoption:customer:read"].map(str::to_owned))
}

/// What the client calls itself, cut to what a person reads.
fn user_agent(request: &HttpRequest) -> Option<String> {
    let text = request.headers().get(USER_AGENT)?.to_str().ok()?;
    Some(text.chars().take(LONGEST_USER_AGENT).collect())
}
