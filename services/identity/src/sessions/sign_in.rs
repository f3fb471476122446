//! Signing in with a password, and with the second factor of those who have one.

use actix_web::{HttpResponse, post};
use chrono::Duration;
use db::Conn;
use kernel::{Check, Problem, Secret, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use web::{Answer, Body};

use super::{CREDENTIALS_REFUSED, Desk, FACTOR_REFUSED, Method, Proof, Tokens};
use crate::accounts::factors::{self, Factor};
use crate::accounts::failures::Attempt;
use crate::accounts::users::{self, Credential};
use crate::activity::FailureReason;
use crate::second_factors;

/// As long as an e-mail address may be.
const LONGEST_LOGIN: usize = 254;
/// How long a second factor may be looked for.
const CHALLENGE_LIVES: Duration = Duration::minutes(5);
const CHALLENGE: &str = "second factor challenge";

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

/// The password was right; one more proof is needed.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecondFactorNeeded {
    /// Send it back with the second factor, at POST /identity/v1/sessions/second-factor, within five minutes.
    challenge: String,
    /// What the person has: TOTP, RECOVERY_CODE, PASSKEY.
    methods: Vec<Factor>,
}

/// The second factor of a sign-in.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "challenge": "the challenge of the sign-in", "code": "123456" }))]
pub(crate) struct GiveSecondFactor {
    /// The challenge of the sign-in.
    #[schema(value_type = String)]
    challenge: Secret<String>,
    /// Six digits of the authenticator app, or a recovery code.
    #[schema(value_type = String, format = Password)]
    code: Secret<String>,
}

/// What a challenge says: who gave the right password, when, and where they want to go.
#[derive(Serialize, Deserialize)]
struct Challenge {
    user: UserId,
    tenant: Option<TenantId>,
    at: Timestamp,
}

/// Sign in
///
/// With an e-mail address or a user name. The answer to an unknown name and to a wrong password is the same, and takes
/// as long. After five wrong passwords for a name, sign-ins for it are refused for 15 minutes to the address they came from;
/// after a hundred from anywhere, to every address where the person has not been signed in lately.
/// Who has a second factor gets 200 and a challenge instead of tokens.
#[utoipa::path(tag = "sessions", request_body = SignIn, responses((status = 201, body = Tokens), (status = 200, body = SecondFactorNeeded, description = "The password was right; a second factor is needed."), (status = 401, description = "Name or password is wrong."), (status = 403, description = "The tenant cannot be used now."), (status = 429, description = "Too many wrong passwords, or too many sign-ins at once.")))]
#[post("/sessions")]
pub(crate) async fn sign_in(desk: Desk, Body(command): Body<SignIn>) -> Answer {
    let mut check = Check::new();
    check.text("/login", &command.login, 1, LONGEST_LOGIN);
    check.finish()?;
    let (now, address) = (desk.now(), desk.address());
    let mut attempt = Attempt::new(&command.login, &address);
    let look = async |conn: &Conn| {
        let account = users::by_login(conn, &command.login).await?;
        let stopped = match attempt.check(conn, account.as_ref().map(|(user, _)| user.id), now).await {
            Err(problem) if problem.kind().status != 429 => return Err(problem),
            outcome => outcome.err(),
        };
        Ok((account, stopped))
    };
    let (account, stopped) = desk.db.global(look).await?;
    let person = account.as_ref().map(|(user, _)| user.id);
    if let Some(stopped) = stopped {
        desk.refused(person, command.tenant_id, FailureReason::LockedOut, None).await?;
        return Err(stopped.into());
    }
    let hash = account.as_ref().map(|(_, credential)| credential.password_hash.clone());
    let place = desk.passwords.queue(&address)?;
    let known = desk.passwords.verify(command.password.clone(), hash).await?;
    let Some((user, credential)) = account.filter(|_| known) else {
        drop(place);
        metrics::counter!("cairn_sign_ins_refused_total").increment(1);
        tracing::info!(client_address = address, "a sign-in was refused");
        desk.refused(person, command.tenant_id, FailureReason::WrongPassword, Some(&attempt)).await?;
        return Err(CREDENTIALS_REFUSED.detail("Check the name and the password.").into());
    };
    keep_hash_current(&desk, command.password, credential).await?;
    drop(place);
    let settle = async |conn: &Conn| {
        attempt.succeeded(conn).await?;
        factors::of(conn, user.id).await
    };
    let methods = desk.db.global(settle).await?;
    if methods.is_empty() {
        let proof = Proof { user: user.id, methods: vec![Method::Password], at: now };
        return desk.open(proof, command.tenant_id).await;
    }
    let challenge = Challenge { user: user.id, tenant: command.tenant_id, at: now };
    let challenge = desk.context.config.keys.seal(CHALLENGE, &challenge);
    let needed = SecondFactorNeeded { challenge, methods };
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(needed))
}

/// Give the second factor
///
/// Six digits of the authenticator app, or a recovery code; each counts once. Five wrong ones for a person from an address
/// stop that address for 15 minutes. A passkey is given at POST /identity/v1/sessions/passkey.
#[utoipa::path(tag = "sessions", request_body = GiveSecondFactor, responses((status = 201, body = Tokens), (status = 401, description = "The code is wrong or was used, or the challenge is too old."), (status = 429, description = "Too many wrong codes.")))]
#[post("/sessions/second-factor")]
pub(crate) async fn give_second_factor(desk: Desk, Body(command): Body<GiveSecondFactor>) -> Answer {
    let refused =
        || FACTOR_REFUSED.detail("Sign in again with name and password: the challenge does not count any more.");
    let challenge: Option<Challenge> = desk.context.config.keys.open(CHALLENGE, command.challenge.reveal());
    let challenge = challenge.filter(|challenge| desk.now() - challenge.at <= CHALLENGE_LIVES).ok_or_else(refused)?;
    let method = second_factor_attempt(&desk, challenge.user, &command.code).await?;
    let proof = Proof { user: challenge.user, methods: vec![Method::Password, method], at: desk.now() };
    desk.open(proof, challenge.tenant).await
}

/// Checks a code of a person, once and not too often.
pub(crate) async fn second_factor_attempt(desk: &Desk, user: UserId, code: &Secret<String>) -> Result<Method, Problem> {
    let now = desk.now();
    let mut attempt = Attempt::new(&format!("second factor of {user}"), &desk.address());
    desk.db.global(async |conn| attempt.check(conn, Some(user), now).await).await?;
    match second_factors::spend_code(desk, user, code).await? {
        Some(method) => {
            desk.db.global(async |conn| attempt.succeeded(conn).await).await?;
            Ok(method)
        }
        None => {
            desk.refused(Some(user), None, FailureReason::WrongSecondFactor, Some(&attempt)).await?;
            Err(FACTOR_REFUSED.detail("The code is wrong, too old, or was used before. Wait for the next one."))
        }
    }
}

/// Hashes the password anew when hashes cost something else by now. Nothing is lost when that has to wait.
async fn keep_hash_current(desk: &Desk, password: Secret<String>, credential: Credential) -> Result<(), Problem> {
    if let Ok(Some(hash)) = desk.passwords.renewed(password, &credential.password_hash).await {
        desk.db.global(async |conn| users::replace_hash(conn, &credential, &hash).await).await?;
    }
    Ok(())
}
