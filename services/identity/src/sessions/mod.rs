//! Signing in, staying signed in, signing out.
//!
//! A sign-in opens a session in one tenant. Its access token lives ten minutes; its refresh token is used once and
//! replaced. A refresh token that comes back after it was replaced has been copied: the session ends, for both holders. Only
//! the client that replaced it may ask again for a moment, because answers get lost and windows of a browser ask at once.

mod desk;
mod refresh;
mod sign_in;
mod step_up;
mod switch;

use contracts::identity::{SESSION_REVOKED, SessionView};
use db::Tx;
use kernel::problem::ProblemKind;
use kernel::{Actor, Problem, SessionId, TenantId, Timestamp, UserId};
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::accounts::sessions::{self, RevokedReason, Session};

pub(crate) use desk::{Desk, common_rights};
use sign_in::second_factor_attempt;
pub(crate) use step_up::{is_password_of, renew};

/// The one answer to an unknown name and to a wrong password.
static CREDENTIALS_REFUSED: ProblemKind =
    ProblemKind::new("SESSION_CREDENTIALS_REFUSED", 401, "Name or password is wrong");
/// The second factor does not fit, or the sign-in it belongs to is too old.
pub(crate) static FACTOR_REFUSED: ProblemKind =
    ProblemKind::new("SESSION_SECOND_FACTOR_REFUSED", 401, "The second factor is wrong");
/// The refresh token does not count (any more).
static REFRESH_REFUSED: ProblemKind = ProblemKind::new("SESSION_REFRESH_REFUSED", 401, "Sign in again");

kernel::text_enum! {
    /// How somebody proved who they are.
    pub enum Method {
        /// A password.
        Password = "PASSWORD",
        /// A code of an authenticator app.
        Totp = "TOTP",
        /// One of the codes for the day the app is lost.
        RecoveryCode = "RECOVERY_CODE",
        /// A passkey.
        Passkey = "PASSKEY",
    }
}

/// Who somebody has proved to be.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    pub(crate) user: UserId,
    pub(crate) methods: Vec<Method>,
    pub(crate) at: Timestamp,
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
    /// When the session ends unless it is refreshed before.
    session_expires_at: Timestamp,
    /// The person.
    user_id: UserId,
    /// The tenant.
    tenant_id: TenantId,
    /// Nothing but changing the password is allowed until that is done.
    must_change_password: bool,
    /// Nothing but setting up a second factor is allowed until that is done and the tokens are refreshed.
    must_set_up_second_factor: bool,
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(sign_in::sign_in)
        .service(sign_in::give_second_factor)
        .service(refresh::refresh_session)
        .service(refresh::sign_out)
        .service(step_up::step_up)
        .service(switch::switch_tenant);
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
