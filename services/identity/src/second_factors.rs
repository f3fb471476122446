//! The authenticator app and the recovery codes.
//!
//! The app's secret is sealed with the person's own key, recovery codes are kept as keyed hashes; both are shown once. Each
//! code counts once.

use actix_web::web::Data;
use actix_web::{delete, get, post};
use contracts::identity::credentials::{CREDENTIALS_CHANGED, CredentialsView};
use db::{Conn, Db, Tx};
use kernel::keys::Keyring;
use kernel::problem::{ProblemKind, STEP_UP_REQUIRED};
use kernel::{PasskeyId, Problem, Secret, SessionId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use totp_rs::{Builder, Totp};
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Allow, Answer, Body, Context, Reply};

use crate::accounts::factors::{self, Authenticator};
use crate::accounts::letters::{self, Letter, LetterKind};
use crate::accounts::sessions::{self as stored_sessions, RevokedReason};
use crate::accounts::{tenants, users};
use crate::permissions::{SelfRead, SelfWrite};
use crate::sessions::{Desk, Method, tell_of_end};
use crate::vault;

/// As RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
const RECOVERY_CODES: usize = 10;
/// Letters and digits that nobody confuses when they copy them by hand.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

static EXISTS: ProblemKind = ProblemKind::new("AUTHENTICATOR_EXISTS", 409, "There is an authenticator already");
static LAST: ProblemKind = ProblemKind::new("SECOND_FACTOR_LAST", 409, "This is the last second factor");
static NOT_BEGUN: ProblemKind = ProblemKind::new("AUTHENTICATOR_NOT_BEGUN", 409, "No authenticator is being set up");

/// What a person can prove themselves with, beside the password.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct SecondFactors {
    /// An authenticator app is set up.
    authenticator: bool,
    /// The passkeys.
    passkeys: Vec<PasskeyShown>,
    /// Recovery codes that were not used yet.
    recovery_codes_left: i64,
}

/// A passkey.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasskeyShown {
    /// Its id.
    pub(crate) id: PasskeyId,
    /// What the person calls it.
    pub(crate) name: String,
    /// When it was added.
    pub(crate) created_at: Timestamp,
    /// When it was last used.
    pub(crate) last_used_at: Option<Timestamp>,
}

/// What an authenticator app must know. Shown once.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct AuthenticatorBegun {
    /// The secret in base32, to be typed.
    secret: String,
    /// The same as an `otpauth://` address, to be shown as a QR code.
    url: String,
}

/// A code of the app.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "code": "123456" }))]
struct ConfirmAuthenticator {
    /// Six digits.
    #[schema(value_type = String, format = Password)]
    code: Secret<String>,
}

/// Codes for the day the app is lost. Shown once; each counts once.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecoveryCodes {
    /// Keep them where the app is not.
    pub(crate) recovery_codes: Vec<String>,
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_second_factors)
        .service(begin_authenticator)
        .service(confirm_authenticator)
        .service(remove_authenticator)
        .service(renew_recovery_codes);
}

/// List one's own second factors
///
/// And how many recovery codes are left.
#[utoipa::path(tag = "me", security(("bearer" = [SelfRead::NAME])), responses((status = 200, body = SecondFactors)))]
#[get("/me/second-factors")]
async fn list_second_factors(who: Allow<SelfRead>, db: Data<Db>) -> Answer {
    let look = async |conn: &Conn| {
        Ok((factors::inventory(conn, who.user).await?, factors::passkeys_of(conn, who.user).await?))
    };
    let (inventory, passkeys) = db.global(look).await?;
    let shown = |key: factors::StoredPasskey| PasskeyShown {
        id: key.id,
        name: key.name,
        created_at: key.created_at,
        last_used_at: key.last_used_at,
    };
    who.read(&db, async |_| {
        Reply::ok(&SecondFactors {
            authenticator: inventory.authenticator,
            passkeys: passkeys.into_iter().map(shown).collect(),
            recovery_codes_left: inventory.recovery_codes,
        })
    })
    .await
}

/// Begin to set up an authenticator app
///
/// The secret is shown once; it counts after a code of the app has confirmed it. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "me", security(("bearer" = [SelfWrite::NAME])), responses((status = 201, body = AuthenticatorBegun), (status = 409, description = "There is one already; remove it first.")))]
#[post("/me/authenticator")]
async fn begin_authenticator(who: Allow<SelfWrite>, context: Data<Context>, db: Data<Db>) -> Answer {
    who.has_just_signed_in()?;
    let mut secret = [0; SECRET_BYTES];
    getrandom::fill(&mut secret).map_err(Problem::internal)?;
    who.write(&db, async |tx| {
        let present = factors::lock_authenticator(tx, who.user).await?;
        if present.is_some_and(|present| present.confirmed_at.is_some()) {
            return Err(EXISTS.detail("Remove the authenticator first, with DELETE /identity/v1/me/authenticator."));
        }
        let (user, _) = users::find(tx, who.user).await?.ok_or_else(|| Problem::not_found("user"))?;
        let tenant = tenants::find(tx, who.tenant).await?.map(|tenant| tenant.name).unwrap_or_default();
        let sealed = vault::seal(tx, &context.config.keys, who.user.0, &secret).await?;
        let row = Authenticator { user_id: who.user, secret: sealed, confirmed_at: None, last_step: 0 };
        factors::put_authenticator(tx, &row).await?;
        let app = app(&secret, Some((&user.username, &tenant)))?;
        let url = app.to_url().map_err(|error| Problem::internal(format!("no otpauth address: {error}")))?;
        Ok(Reply::once(&AuthenticatorBegun { secret: app.secret().to_base32(), url })?.with_status(201))
    })
    .await
}

/// Confirm the authenticator app
///
/// With a code of the app. Answers with recovery codes, unless there are some already. Refresh the tokens afterwards: they
/// then say that a second factor was given.
#[utoipa::path(tag = "me", request_body = ConfirmAuthenticator, security(("bearer" = [SelfWrite::NAME])), responses((status = 200, body = RecoveryCodes), (status = 409, description = "None is being set up.")))]
#[post("/me/authenticator/confirm")]
async fn confirm_authenticator(
    who: Allow<SelfWrite>,
    context: Data<Context>,
    db: Data<Db>,
    Body(command): Body<ConfirmAuthenticator>,
) -> Answer {
    who.write(&db, async |tx| {
        let begun = factors::lock_authenticator(tx, who.user).await?.filter(|begun| begun.confirmed_at.is_none());
        let begun = begun.ok_or_else(|| NOT_BEGUN.detail("Begin with POST /identity/v1/me/authenticator."))?;
        let before = view(tx, who.tenant, who.user).await?;
        let step = step_of(tx, &context.config.keys, &begun, &command.code).await?.ok_or_else(|| {
            Problem::field("/code", "WRONG", "is not what the app shows now; check the clock of its device")
        })?;
        let row = Authenticator { confirmed_at: Some(tx.now()), last_step: step, ..begun };
        factors::put_authenticator(tx, &row).await?;
        let codes = first_recovery_codes(tx, &context.config.keys, who.user).await?;
        proved_with(tx, who.user, who.session, Method::Totp).await?;
        tell(tx, who.user, &before).await?;
        Reply::once(&codes)
    })
    .await
}

/// Remove the authenticator app
///
/// Needs a sign-in not older than 15 minutes. Without another second factor the recovery codes go as well.
#[utoipa::path(tag = "me", security(("bearer" = [SelfWrite::NAME])), responses((status = 204, description = "Removed."), (status = 409, description = "A tenant asks for a second factor, and this is the last one.")))]
#[delete("/me/authenticator")]
async fn remove_authenticator(who: Allow<SelfWrite>, db: Data<Db>) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        must_have_given_one(tx, who.user, who.session).await?;
        let before = view(tx, who.tenant, who.user).await?;
        if factors::remove_authenticator(tx, who.user).await? {
            drop_lonely_codes(tx, who.user).await?;
            tell(tx, who.user, &before).await?;
        }
        Ok(Reply::done())
    })
    .await
}

/// Renew the recovery codes
///
/// Those from before stop counting. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "me", security(("bearer" = [SelfWrite::NAME])), responses((status = 200, body = RecoveryCodes), (status = 409, description = "There is no second factor yet.")))]
#[post("/me/recovery-codes")]
async fn renew_recovery_codes(who: Allow<SelfWrite>, context: Data<Context>, db: Data<Db>) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        if factors::of(tx, who.user).await?.is_empty() {
            return Err(NOT_BEGUN.detail("Set up an authenticator app or a passkey first."));
        }
        must_have_given_one(tx, who.user, who.session).await?;
        let before = view(tx, who.tenant, who.user).await?;
        let codes = fresh_recovery_codes(tx, &context.config.keys, who.user).await?;
        tell(tx, who.user, &before).await?;
        Reply::once(&codes)
    })
    .await
}

/// Uses up a code of the app, or a recovery code; says which it was.
pub(crate) async fn spend_code(desk: &Desk, user: UserId, code: &Secret<String>) -> Result<Option<Method>, Problem> {
    let keys = &desk.context.config.keys;
    // Before there is a session there is no tenant; nothing here is a tenant's.
    let nowhere = desk.acting(TenantId(uuid::Uuid::nil()), user, SessionId(uuid::Uuid::nil()));
    desk.db
        .write(&nowhere, async |tx| {
            if let Some(known) =
                factors::lock_authenticator(tx, user).await?.filter(|known| known.confirmed_at.is_some())
                && let Some(step) = step_of(tx, keys, &known, code).await?
            {
                factors::put_authenticator(tx, &Authenticator { last_step: step, ..known }).await?;
                return Ok(Some(Method::Totp));
            }
            let spent = factors::spend_recovery_code(tx, user, &hashes(keys, user, code.reveal())).await?;
            Ok(spent.then_some(Method::RecoveryCode))
        })
        .await
}

/// The recovery codes of somebody who has none yet.
pub(crate) async fn first_recovery_codes(tx: &mut Tx, keys: &Keyring, user: UserId) -> Result<RecoveryCodes, Problem> {
    match factors::inventory(tx, user).await?.recovery_codes {
        0 => fresh_recovery_codes(tx, keys, user).await,
        _ => Ok(RecoveryCodes { recovery_codes: Vec::new() }),
    }
}

/// Recovery codes are for those who have something to lose.
///
/// # Errors
/// 409 where a tenant of the person asks for a second factor, and this was the last one.
pub(crate) async fn drop_lonely_codes(tx: &mut Tx, user: UserId) -> Result<(), Problem> {
    if factors::of(tx, user).await?.is_empty() {
        if factors::are_asked_of(tx, user).await? {
            return Err(LAST.detail("A tenant of yours asks for a second factor. Add another one first."));
        }
        factors::set_recovery_codes(tx, user, &[]).await?;
    }
    Ok(())
}

/// The present session has seen a second factor now; the others have not, and end.
pub(crate) async fn proved_with(tx: &mut Tx, user: UserId, session: SessionId, method: Method) -> Result<(), Problem> {
    let ended = stored_sessions::revoke_others(tx, user, session, RevokedReason::SecondFactorAdded).await?;
    tell_of_end(tx, &ended).await?;
    if let Some(mut session) = stored_sessions::fetch_for_change(tx, session).await?
        && !session.methods.iter().any(|known| known == method.as_str())
    {
        session.methods.push(method.to_string());
        stored_sessions::advance(tx, &session).await?;
    }
    Ok(())
}

/// Who has a second factor takes it away only in a session that has seen it.
pub(crate) async fn must_have_given_one(tx: &mut Tx, user: UserId, session: SessionId) -> Result<(), Problem> {
    let known = stored_sessions::fetch_for_change(tx, session).await?;
    let given = known.is_some_and(|session| session.methods.iter().any(|method| *method != Method::Password.as_str()));
    if given || factors::of(tx, user).await?.is_empty() {
        return Ok(());
    }
    let how = "This session has seen a password only. Use POST /identity/v1/sessions/current/step-up with a code, or …/step-up/passkey, then try again.";
    Err(STEP_UP_REQUIRED.detail(how))
}

/// How a person's credentials stand, without their secrets.
pub(crate) async fn view(tx: &Tx, tenant: TenantId, user: UserId) -> Result<CredentialsView, Problem> {
    let (_, credential) = users::find(tx, user).await?.ok_or_else(|| Problem::not_found("user"))?;
    let inventory = factors::inventory(tx, user).await?;
    Ok(CredentialsView {
        user_id: user,
        tenant_id: tenant,
        version: tx.now().timestamp_millis(),
        password_changed_at: credential.changed_at,
        must_change_password: credential.must_change,
        authenticator: inventory.authenticator,
        passkeys: inventory.passkeys,
        recovery_codes_left: inventory.recovery_codes,
    })
}

/// Tells the audit trail and, by mail, the person that their credentials are others now.
pub(crate) async fn tell(tx: &mut Tx, user: UserId, before: &CredentialsView) -> Result<(), Problem> {
    let after = view(tx, before.tenant_id, user).await?;
    letters::post(tx, &Letter { user_id: Some(user), ..Letter::new(LetterKind::Notice, tx.now()) }).await?;
    tx.announce(&CREDENTIALS_CHANGED, Some(before), &after).await
}

/// The time step that a code belongs to, if it is right and later than the last one used.
async fn step_of(
    tx: &Tx,
    keys: &Keyring,
    known: &Authenticator,
    code: &Secret<String>,
) -> Result<Option<i64>, Problem> {
    let secret = vault::open(tx, keys, known.user_id.0, &known.secret).await?;
    let now = u64::try_from(tx.now().timestamp()).unwrap_or_default();
    let step = app(&secret, None)?.check(&code.reveal().replace(' ', ""), now);
    Ok(step.and_then(|step| i64::try_from(step).ok()).filter(|step| *step > known.last_step))
}

fn app(secret: &[u8], names: Option<(&str, &str)>) -> Result<Totp, Problem> {
    let mut builder = Builder::new().with_secret(secret);
    if let Some((account, issuer)) = names {
        // A colon separates the two in the address.
        builder = builder.with_account_name(account.replace(':', " ")).with_issuer(Some(issuer.replace(':', " ")));
    }
    builder.build().map_err(|error| Problem::internal(format!("no authenticator: {error}")))
}

async fn fresh_recovery_codes(tx: &mut Tx, keys: &Keyring, user: UserId) -> Result<RecoveryCodes, Problem> {
    let mut recovery_codes = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        recovery_codes.push(fresh_code()?);
    }
    let hashes: Vec<_> = recovery_codes.iter().map(|code| hash(&keys.current, user, code)).collect();
    factors::set_recovery_codes(tx, user, &hashes).await?;
    Ok(RecoveryCodes { recovery_codes })
}

/// Ten letters and digits: fifty bits.
fn fresh_code() -> Result<String, Problem> {
    let mut bytes = [0; 10];
    getrandom::fill(&mut bytes).map_err(Problem::internal)?;
    let letters = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32)).copied().map(char::from));
    let code: String = letters.collect();
    let (first, second) = code.split_at(5);
    Ok(format!("{first}-{second}"))
}

/// A code as it may be kept: under the present master key, or the one before it.
fn hashes(keys: &Keyring, user: UserId, code: &str) -> Vec<Vec<u8>> {
    std::iter::once(&keys.current).chain(&keys.previous).map(|key| hash(key, user, code)).collect()
}

fn hash(key: &kernel::keys::MasterKey, user: UserId, code: &str) -> Vec<u8> {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut digest = Sha256::new();
    digest.update(key.derive("recovery codes"));
    digest.update(user.0.as_bytes());
    digest.update(plain.to_ascii_lowercase());
    digest.finalize().to_vec()
}
