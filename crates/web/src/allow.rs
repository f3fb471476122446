//! `who: Allow<ProductWrite>`: a verified caller who holds a permission, wholly or by a grant on something. A handler has no
//! other way to a tenant; one whose permission can be granted asks the crate `grants` about the thing itself. A caller whose
//! key is confined is refused, but by a handler that takes a [`Confinable`] one.

use std::cell::Cell;
use std::future::{Future, Ready, ready};
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use auth::{Permission, Principal, TokenError};
use futures_util::TryFutureExt;
use futures_util::future::{Either, LocalBoxFuture, MapOk};
use kernel::problem::{
    KEY_CONFINED, PASSWORD_CHANGE_REQUIRED, PERMISSION_DENIED, PERSON_REQUIRED, SECOND_FACTOR_REQUIRED,
    STEP_UP_REQUIRED, TOKEN_INVALID, TOKEN_MISSING,
};
use kernel::{Actor, ActorKind, ApiKeyId, Problem, ServiceAccountId};

use crate::boundary::trace_of;
use crate::failure::Failure;
use crate::service::Context;
use crate::trust::load_keys;

/// A caller who holds `P`, wholly or on something.
pub struct Allow<P> {
    principal: Arc<Principal>,
    pub(crate) request: HttpRequest,
    actor: Actor,
    permission: PhantomData<P>,
}

impl<P> Deref for Allow<P> {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.principal
    }
}

impl<P> Allow<P> {
    /// The caller as transactions and events know them.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
}

impl<P: Permission> Allow<P> {
    /// Whether the caller holds `P` for everything, and not by grants alone.
    #[must_use]
    pub fn holds_wholly(&self) -> bool {
        self.permissions.allow(P::NAME)
    }
}

/// How long a proof of who one is serves for what cannot be undone easily, in seconds.
const FRESH_SECONDS: i64 = 15 * 60;

impl<P> Allow<P> {
    /// Refuses a caller who has not proved for a while who they are: for roles, keys and deletion. Programs never have.
    ///
    /// # Errors
    /// 403 that says how to prove it again.
    pub fn has_just_signed_in(&self) -> Result<(), Problem> {
        if self.is_client {
            return Err(PERSON_REQUIRED.detail("A program may not do this, whatever its key allows."));
        }
        let now = self.request.app_data::<Data<Context>>().map(|context| context.clock.now().timestamp());
        if now.is_some_and(|now| now - self.authenticated_at <= FRESH_SECONDS) {
            return Ok(());
        }
        let how = "The last sign-in is more than 15 minutes ago. Use POST /identity/v1/sessions/current/step-up, then try again.";
        Err(STEP_UP_REQUIRED.detail(how))
    }
}

/// A caller who holds `P`, also with a key that is confined: for a handler that keeps within what it is confined to.
pub struct Confinable<P>(Allow<P>);

impl<P> Deref for Confinable<P> {
    type Target = Allow<P>;
    fn deref(&self) -> &Allow<P> {
        &self.0
    }
}

/// A caller on the way in: known at once, but for the first token under a new key.
type Entering<P> = Either<Ready<Result<Allow<P>, Failure>>, LocalBoxFuture<'static, Result<Allow<P>, Failure>>>;

impl<P: Permission> FromRequest for Allow<P> {
    type Error = Failure;
    type Future = Entering<P>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        enter(request, is_free)
    }
}

impl<P: Permission> FromRequest for Confinable<P> {
    type Error = Failure;
    type Future = MapOk<Entering<P>, fn(Allow<P>) -> Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        enter(request, has_no_duty).map_ok(Self)
    }
}

fn enter<P: Permission>(request: &HttpRequest, judge: Judge) -> Entering<P> {
    match verify(request) {
        Err(Refusal::UnknownKey) => {
            let request = request.clone();
            Either::Right(Box::pin(async move { allow(&request, verify_with_new_keys(&request).await, judge) }))
        }
        outcome => Either::Left(ready(allow(request, outcome.map_err(Problem::from), judge))),
    }
}

/// Says whether a caller may do anything now, besides what belongs to their own account.
type Judge = fn(&Principal) -> Result<(), Problem>;

/// Refuses a caller who has something to do first, or whose key is confined.
///
/// # Errors
/// 403 that says what to do.
pub fn is_free(caller: &Principal) -> Result<(), Problem> {
    if caller.confined.is_some() {
        let how = "The key is confined to customers or a source: it sends telemetry (POST /telemetry/v1/values or \
            /telemetry/v1/otlp/v1/metrics) and does nothing else. Use another key.";
        return Err(KEY_CONFINED.detail(how));
    }
    has_no_duty(caller)
}

fn has_no_duty(caller: &Principal) -> Result<(), Problem> {
    if caller.must_change_password {
        let how = "Change the password with POST /identity/v1/me/password, then sign in again.";
        return Err(PASSWORD_CHANGE_REQUIRED.detail(how));
    }
    if caller.must_enrol {
        let how =
            "This tenant asks for a second factor. Set one up with POST /identity/v1/me/authenticator, or a passkey.";
        return Err(SECOND_FACTOR_REQUIRED.detail(how));
    }
    Ok(())
}

/// The verified caller of a request, whatever they may do: for a server that passes requests on.
///
/// # Errors
/// 401 without a token that counts.
pub async fn authenticate(request: &HttpRequest) -> Result<Arc<Principal>, Problem> {
    match verify(request) {
        Err(Refusal::UnknownKey) => verify_with_new_keys(request).await,
        outcome => outcome.map_err(Problem::from),
    }
}

enum Refusal {
    UnknownKey,
    Problem(Problem),
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Problem(problem) => problem,
            Refusal::UnknownKey => not_ours(),
        }
    }
}

fn not_ours() -> Problem {
    TOKEN_INVALID.detail("The token is not one of ours. Sign in again.")
}

/// The key may be newer than what we loaded: look once, then decide.
async fn verify_with_new_keys(request: &HttpRequest) -> Result<Arc<Principal>, Problem> {
    if let Some(context) = request.app_data::<Data<Context>>() {
        look_for_new_keys(context).await;
        if !context.verifier.is_ready() {
            // Nobody can be told that a token is wrong by one who knows no key.
            return Err(Problem::unavailable("Identity", "no keys to verify tokens with"));
        }
    }
    Ok(verify(request)?)
}

fn verify(request: &HttpRequest) -> Result<Arc<Principal>, Refusal> {
    let Some(context) = request.app_data::<Data<Context>>() else {
        return Err(Refusal::Problem(Problem::internal("no context in this app")));
    };
    let token = bearer(request).map_err(Refusal::Problem)?;
    context.verifier.verify(token, context.clock.now()).map_err(|error| match error {
        TokenError::UnknownKey => Refusal::UnknownKey,
        TokenError::Expired => {
            Refusal::Problem(TOKEN_INVALID.detail("The token has expired, or is not valid yet. Refresh it."))
        }
        TokenError::Revoked => Refusal::Problem(TOKEN_INVALID.detail("The token does not count any more: the session has ended, or what it allows has changed. Refresh it, or sign in again.")),
        TokenError::Invalid | TokenError::Key => Refusal::Problem(not_ours()),
    })
}

fn allow<P: Permission>(
    request: &HttpRequest,
    outcome: Result<Arc<Principal>, Problem>,
    judge: Judge,
) -> Result<Allow<P>, Failure> {
    let principal = outcome?;
    // What belongs to the caller's own account is theirs without a grant, and all that is left until their duties are done.
    let own_account = P::NAME.starts_with("identity:self:");
    if own_account && principal.is_client {
        return Err(PERSON_REQUIRED.detail("A program has no account of its own to look at or change.").into());
    }
    if !own_account {
        judge(&principal)?;
    }
    if !own_account && !principal.permissions.allow(P::NAME) && !principal.may_somewhere(P::NAME) {
        return Err(PERMISSION_DENIED.detail(format!("This needs the permission {}.", P::NAME)).into());
    }
    let kind = if principal.is_client {
        ActorKind::Client { account: ServiceAccountId(principal.user.0), key: ApiKeyId(principal.session.0) }
    } else {
        ActorKind::User { user: principal.user, session: principal.session }
    };
    let actor = Actor {
        tenant: principal.tenant,
        kind,
        on_behalf_of: None,
        client_address: client_address(request),
        trace: trace_of(request),
        causation: None,
        correlation: None,
    };
    Ok(Allow { principal, request: request.clone(), actor, permission: PhantomData })
}

/// The bearer token of a request.
///
/// # Errors
/// 401 when there is none.
pub fn bearer(request: &HttpRequest) -> Result<&str, Problem> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        header.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token.map(|(_, token)| token.trim()).ok_or_else(|| {
        TOKEN_MISSING.detail("Send `Authorization: Bearer <token>`; POST /identity/v1/sessions gives one.")
    })
}

/// The caller's address: the gateway's word when the connection comes from this machine or a trusted proxy, else the peer.
#[must_use]
pub fn client_address(request: &HttpRequest) -> Option<String> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let config = &request.app_data::<Data<Context>>()?.config;
    let trusted = peer.is_loopback() || config.gateway.trusted_proxies.iter().any(|proxy| proxy.contains(peer));
    let told = request.headers().get("x-cairn-client").filter(|_| trusted).and_then(|value| value.to_str().ok());
    Some(told.map_or_else(|| peer.to_string(), str::to_owned))
}

thread_local! {
    static LOOKED_AT_MS: Cell<i64> = const { Cell::new(0) };
}

/// Loads the keys again, at most once a second and worker: made-up key ids must not become a load on identity.
fn look_for_new_keys(context: &Context) -> impl Future<Output = ()> + use<> {
    let now = context.clock.now().timestamp_millis();
    let due = LOOKED_AT_MS.with(|at| (now - at.get() > 1_000).then(|| at.set(now)).is_some());
    let context = context.clone();
    async move {
        if due {
            load_keys(&context).await;
        }
    }
}
