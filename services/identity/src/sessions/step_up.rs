//! Proving again who one is, for what cannot be undone easily.

use actix_web::{HttpResponse, post};
use kernel::{Problem, Secret, UserId};
use serde::Deserialize;
use web::{Allow, Answer, Body};

use super::{CREDENTIALS_REFUSED, Desk, FACTOR_REFUSED, Method, REFRESH_REFUSED, Tokens, second_factor_attempt};
use crate::accounts::factors;
use crate::accounts::failures::Attempt;
use crate::accounts::sessions::{self, Session};
use crate::accounts::users;
use crate::activity::FailureReason;
use crate::permissions::SelfWrite;

/// A fresh proof.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "password": "correct horse battery staple", "code": "123456" }))]
pub(crate) struct StepUp {
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: Secret<String>,
    /// Six digits of the authenticator app or a recovery code, if the person has them.
    #[schema(value_type = Option<String>, format = Password)]
    code: Option<Secret<String>>,
}

/// Prove again who you are
///
/// Roles, keys and deletion ask for a sign-in not older than 15 minutes; this makes the present one young again, and
/// answers with new tokens. The refresh token from before stops counting.
#[utoipa::path(tag = "sessions", request_body = StepUp, security(("bearer" = [SelfWrite::NAME])), responses((status = 200, body = Tokens), (status = 401, description = "Password or code is wrong."), (status = 429, description = "Too many wrong passwords.")))]
#[post("/sessions/current/step-up")]
pub(crate) async fn step_up(who: Allow<SelfWrite>, desk: Desk, Body(command): Body<StepUp>) -> Answer {
    if !is_password_of(&desk, who.user, command.password).await? {
        return Err(CREDENTIALS_REFUSED.detail("The password is wrong.").into());
    }
    let mut methods = vec![Method::Password];
    let kinds = desk.db.global(async |conn| factors::of(conn, who.user).await).await?;
    if !kinds.is_empty() {
        let Some(code) = &command.code else {
            let how = "is needed: you have a second factor";
            return Err(FACTOR_REFUSED
                .detail("Send a code as well, or use POST /identity/v1/sessions/current/step-up/passkey.")
                .at("/code", "REQUIRED", how)
                .into());
        };
        methods.push(second_factor_attempt(&desk, who.user, code).await?);
    }
    renew(&desk, &who, methods).await
}

/// Whether this is the password of somebody who is signed in. Whoever holds their token must not guess it either: wrong ones
/// are counted and told like those of a sign-in.
pub(crate) async fn is_password_of(desk: &Desk, user: UserId, password: Secret<String>) -> Result<bool, Problem> {
    let (now, address) = (desk.now(), desk.address());
    let mut attempt = Attempt::new(&format!("password of {user}"), &address);
    desk.db.global(async |conn| attempt.check(conn, Some(user), now).await).await?;
    let account = desk.db.global(async |conn| users::find(conn, user).await).await?;
    let place = desk.passwords.queue(&address)?;
    let known = desk.passwords.verify(password, account.map(|(_, credential)| credential.password_hash)).await?;
    drop(place);
    if known {
        desk.db.global(async |conn| attempt.succeeded(conn).await).await?;
    } else {
        desk.refused(Some(user), None, FailureReason::WrongPassword, Some(&attempt)).await?;
    }
    Ok(known)
}

/// Makes the present session young again.
pub(crate) async fn renew(desk: &Desk, who: &Allow<SelfWrite>, methods: Vec<Method>) -> Answer {
    let (now, gone) = (desk.now(), || REFRESH_REFUSED.detail("The session has ended. Sign in again."));
    let tokens = desk
        .db
        .write(who.actor(), async |tx| {
            let session = sessions::fetch_for_change(tx, who.session).await?.ok_or_else(gone)?;
            if session.revoked_at.is_some() || session.expires_at <= now {
                return Err(gone());
            }
            let methods = methods.iter().map(ToString::to_string).collect();
            desk.advance(tx, Session { authenticated_at: now, methods, ..session }).await
        })
        .await?;
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(tokens))
}
