//! Passkeys (WebAuthn): a second factor, and a sign-in without a password.
//!
//! A browser is asked to sign a challenge (`…/options`) and its answer is checked, once and within five minutes. The key
//! stays in the authenticator; we keep its public half and its counter.

use actix_web::web::Data;
use actix_web::{delete, patch, post};
use chrono::Duration;
use contracts::identity::credentials::CredentialsView;
use db::{Db, Json, Tx};
use kernel::problem::ProblemKind;
use kernel::{Check, PasskeyId, Problem, TenantId, UserId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use web::{Allow, Answer, Body, Context, Path, Reply};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder,
};

use crate::accounts::factors::{self, StoredPasskey};
use crate::accounts::users;
use crate::permissions::SelfWrite;
use crate::second_factors::{
    PasskeyShown, RecoveryCodes, drop_lonely_codes, first_recovery_codes, must_have_given_one, proved_with, tell, view,
};
use crate::sessions::{Desk, FACTOR_REFUSED, Method, Proof, Tokens, renew};

const LIVES: Duration = Duration::minutes(5);
const MOST: usize = 20;

static UNAVAILABLE_HERE: ProblemKind =
    ProblemKind::new("PASSKEYS_UNAVAILABLE", 409, "Passkeys cannot be used at this address");
static REFUSED: ProblemKind = ProblemKind::new("PASSKEY_REFUSED", 422, "The authenticator's answer does not fit");

/// What to hand to the browser's `navigator.credentials`.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct Options {
    /// Send it back with the browser's answer, within five minutes.
    ceremony_id: Uuid,
    /// The argument of `navigator.credentials.create` or `.get`, binary values in base64url.
    #[schema(value_type = Object)]
    options: Value,
}

/// A new passkey.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "ceremonyId": "0190a3c2-7a2e-7c11-8f2a-3f0f6a4d9e10", "name": "Laptop", "credential": {} }))]
struct AddPasskey {
    /// The ceremony that this answers.
    ceremony_id: Uuid,
    /// What to call it, such as the device.
    name: String,
    /// What `navigator.credentials.create` gave, binary values in base64url.
    #[schema(value_type = Object)]
    credential: Value,
}

/// A new name.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Old laptop" }))]
struct RenamePasskey {
    /// 1 to 100 characters.
    name: String,
}

/// A browser's answer.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "ceremonyId": "0190a3c2-7a2e-7c11-8f2a-3f0f6a4d9e10", "credential": {} }))]
struct UsePasskey {
    /// The ceremony that this answers.
    ceremony_id: Uuid,
    /// What `navigator.credentials.get` gave, binary values in base64url.
    #[schema(value_type = Object)]
    credential: Value,
    /// The tenant to sign in to; default: the one the person joined first.
    #[schema(value_type = Option<String>, format = Uuid)]
    tenant_id: Option<TenantId>,
}

/// The passkey, and recovery codes with the first second factor.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct PasskeyAdded {
    #[serde(flatten)]
    passkey: PasskeyShown,
    #[serde(flatten)]
    codes: RecoveryCodes,
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(begin_passkey)
        .service(add_passkey)
        .service(rename_passkey)
        .service(remove_passkey)
        .service(begin_passkey_sign_in)
        .service(sign_in_with_passkey)
        .service(step_up_with_passkey);
}

/// Begin to add a passkey
///
/// Hand `options` to `navigator.credentials.create`. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "me", security(("bearer" = [SelfWrite::NAME])), responses((status = 200, body = Options), (status = 409, description = "The platform's address cannot have passkeys, or there are 20 already.")))]
#[post("/me/passkeys/options")]
async fn begin_passkey(who: Allow<SelfWrite>, context: Data<Context>, db: Data<Db>) -> Answer {
    who.has_just_signed_in()?;
    let webauthn = webauthn(&context)?;
    who.write(&db, async |tx| {
        let (user, _) = users::find(tx, who.user).await?.ok_or_else(|| Problem::not_found("user"))?;
        let known = factors::passkeys_of(tx, who.user).await?;
        if known.len() >= MOST {
            return Err(UNAVAILABLE_HERE.detail(format!("You have {MOST} passkeys. Remove one first.")));
        }
        let exclude = known.into_iter().map(|key| key.credential_id).collect::<Vec<_>>();
        let (options, state) = webauthn
            .start_passkey_registration(who.user.0, &user.username, &user.name, Some(exclude))
            .map_err(Problem::internal)?;
        let state = serde_json::to_value(&state).map_err(Problem::internal)?;
        let ceremony_id = factors::begin(tx, Some(who.user), state, tx.now() + LIVES).await?;
        let options = serde_json::to_value(&options).map_err(Problem::internal)?;
        Reply::ok(&Options { ceremony_id, options })
    })
    .await
}

/// Add a passkey
///
/// With the browser's answer. Answers with recovery codes when this is the first second factor.
#[utoipa::path(tag = "me", request_body = AddPasskey, security(("bearer" = [SelfWrite::NAME])), responses((status = 201, body = PasskeyAdded)))]
#[post("/me/passkeys")]
async fn add_passkey(
    who: Allow<SelfWrite>,
    context: Data<Context>,
    db: Data<Db>,
    Body(command): Body<AddPasskey>,
) -> Answer {
    let webauthn = webauthn(&context)?;
    check_name(&command.name)?;
    let credential: RegisterPublicKeyCredential = read("/credential", command.credential)?;
    who.write(&db, async |tx| {
        let before = view(tx, who.tenant, who.user).await?;
        let state: PasskeyRegistration = ceremony(tx, command.ceremony_id, Some(who.user)).await?;
        let key = webauthn.finish_passkey_registration(&credential, &state).map_err(refused)?;
        let stored = StoredPasskey {
            id: PasskeyId::fresh(),
            user_id: who.user,
            credential_id: key.cred_id().to_vec(),
            name: command.name,
            credential: Json(serde_json::to_value(&key).map_err(Problem::internal)?),
            created_at: tx.now(),
            last_used_at: None,
        };
        factors::insert_passkey(tx, &stored).await?;
        let codes = first_recovery_codes(tx, &context.config.keys, who.user).await?;
        proved_with(tx, who.user, who.session, Method::Passkey).await?;
        tell(tx, who.user, &before).await?;
        let shown = || PasskeyShown {
            id: stored.id,
            name: stored.name.clone(),
            created_at: stored.created_at,
            last_used_at: None,
        };
        Reply::ok(&shown())?.with_status(201).with_secret(&PasskeyAdded { passkey: shown(), codes })
    })
    .await
}

/// Rename a passkey
///
/// One of one's own.
#[utoipa::path(tag = "me", request_body = RenamePasskey, security(("bearer" = [SelfWrite::NAME])), responses((status = 204, description = "Renamed.")))]
#[patch("/me/passkeys/{passkeyId}")]
async fn rename_passkey(
    who: Allow<SelfWrite>,
    db: Data<Db>,
    Path(id): Path<PasskeyId>,
    Body(command): Body<RenamePasskey>,
) -> Answer {
    check_name(&command.name)?;
    who.write(&db, async |tx| {
        let known = factors::rename_passkey(tx, who.user, id, &command.name).await?;
        if known { Ok(Reply::done()) } else { Err(Problem::not_found("passkey")) }
    })
    .await
}

/// Remove a passkey
///
/// Needs a sign-in not older than 15 minutes. Without another second factor the recovery codes go as well.
#[utoipa::path(tag = "me", security(("bearer" = [SelfWrite::NAME])), responses((status = 204, description = "Removed.")))]
#[delete("/me/passkeys/{passkeyId}")]
async fn remove_passkey(who: Allow<SelfWrite>, db: Data<Db>, Path(id): Path<PasskeyId>) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        must_have_given_one(tx, who.user, who.session).await?;
        let before: CredentialsView = view(tx, who.tenant, who.user).await?;
        if !factors::remove_passkey(tx, who.user, id).await? {
            return Err(Problem::not_found("passkey"));
        }
        drop_lonely_codes(tx, who.user).await?;
        tell(tx, who.user, &before).await?;
        Ok(Reply::done())
    })
    .await
}

/// Begin to sign in with a passkey
///
/// Hand `options` to `navigator.credentials.get`. It tells nothing of who has which passkey.
#[utoipa::path(tag = "sessions", responses((status = 200, body = Options), (status = 409, description = "The platform's address cannot have passkeys.")))]
#[post("/sessions/passkey/options")]
async fn begin_passkey_sign_in(desk: Desk) -> Answer {
    let (mut options, state) =
        webauthn(&desk.context)?.start_discoverable_authentication().map_err(Problem::internal)?;
    // A button may ask for it as well, not only the browser's own list of names.
    options.mediation = None;
    let state = serde_json::to_value(&state).map_err(Problem::internal)?;
    let expires_at = desk.now() + LIVES;
    let ceremony_id = desk.db.global(async |conn| factors::begin(conn, None, state, expires_at).await).await?;
    let options = serde_json::to_value(&options).map_err(Problem::internal)?;
    Ok(Reply::ok(&Options { ceremony_id, options })?.into_response())
}

/// Sign in with a passkey
///
/// Instead of a password, or as the second factor after one: a passkey proves both.
#[utoipa::path(tag = "sessions", request_body = UsePasskey, responses((status = 201, body = Tokens), (status = 401, description = "The passkey is not known, or its answer does not fit.")))]
#[post("/sessions/passkey")]
async fn sign_in_with_passkey(desk: Desk, Body(command): Body<UsePasskey>) -> Answer {
    let tenant = command.tenant_id;
    let user = prove(&desk, command).await?;
    desk.open(Proof { user, methods: vec![Method::Passkey], at: desk.now() }, tenant).await
}

/// Prove again who you are, with a passkey
///
/// As POST /identity/v1/sessions/current/step-up does with the password. Begin at …/sessions/passkey/options.
#[utoipa::path(tag = "sessions", request_body = UsePasskey, security(("bearer" = [SelfWrite::NAME])), responses((status = 200, body = Tokens), (status = 401, description = "The passkey is not known, or its answer does not fit.")))]
#[post("/sessions/current/step-up/passkey")]
async fn step_up_with_passkey(who: Allow<SelfWrite>, desk: Desk, Body(command): Body<UsePasskey>) -> Answer {
    if prove(&desk, command).await? != who.user {
        return Err(FACTOR_REFUSED.detail("The passkey is another person's.").into());
    }
    renew(&desk, &who, vec![Method::Passkey]).await
}

/// Whose passkey answered.
async fn prove(desk: &Desk, command: UsePasskey) -> Result<UserId, Problem> {
    let unknown = || FACTOR_REFUSED.detail("The passkey is not known here, or its answer came too late. Begin again.");
    let webauthn = webauthn(&desk.context)?;
    let credential: PublicKeyCredential = read("/credential", command.credential)?;
    let now = desk.now();
    let state = desk.db.global(async |conn| factors::finish(conn, command.ceremony_id, None, now).await).await?;
    let state: DiscoverableAuthentication =
        serde_json::from_value(state.ok_or_else(unknown)?).map_err(Problem::internal)?;
    let (user, credential_id) = webauthn.identify_discoverable_authentication(&credential).map_err(|_| unknown())?;
    let nowhere = desk.acting(TenantId(Uuid::nil()), UserId(user), kernel::SessionId(Uuid::nil()));
    desk.db
        .write(&nowhere, async |tx| {
            let mut stored = factors::lock_passkey(tx, credential_id)
                .await?
                .filter(|key| key.user_id.0 == user)
                .ok_or_else(unknown)?;
            let mut key: Passkey = serde_json::from_value(stored.credential.0.clone()).map_err(Problem::internal)?;
            let discovered = DiscoverableKey::from(&key);
            let outcome = webauthn
                .finish_discoverable_authentication_v2(&credential, state, &discovered)
                .map_err(|_| unknown())?;
            key.update_credential(&outcome);
            stored.credential = Json(serde_json::to_value(&key).map_err(Problem::internal)?);
            factors::note_use(tx, &stored).await?;
            Ok(stored.user_id)
        })
        .await
}

/// What was asked; an answer that came too late, or a second time, is none.
async fn ceremony<T: DeserializeOwned>(tx: &Tx, id: Uuid, user: Option<UserId>) -> Result<T, Problem> {
    let state = factors::finish(tx, id, user, tx.now())
        .await?
        .ok_or_else(|| Problem::field("/ceremonyId", "UNKNOWN", "was answered already, or is too old; begin again"))?;
    serde_json::from_value(state).map_err(Problem::internal)
}

/// Passkeys are bound to the name under which people reach the platform.
fn webauthn(context: &Context) -> Result<Webauthn, Problem> {
    let address = &context.config.mail.public_url;
    let unusable = || {
        UNAVAILABLE_HERE
            .detail(format!("CAIRN_PUBLIC_URL is {address}; passkeys need https with a name, or http://localhost."))
    };
    let origin: Url = address.parse().map_err(|_| unusable())?;
    let name = origin.domain().ok_or_else(unusable)?;
    let builder = WebauthnBuilder::new(name, &origin).map_err(|_| unusable())?;
    builder.rp_name("Cairn").build().map_err(Problem::internal)
}

fn read<T: DeserializeOwned>(pointer: &str, value: Value) -> Result<T, Problem> {
    T::deserialize(&value)
        .map_err(|error| Problem::field(pointer, "INVALID", format!("is not what a browser gives: {error}")))
}

fn refused(error: impl std::fmt::Display) -> Problem {
    REFUSED.detail("Begin again; the browser's answer does not fit what was asked.").at(
        "/credential",
        "REFUSED",
        error.to_string(),
    )
}

fn check_name(name: &str) -> Result<(), Problem> {
    let mut check = Check::new();
    check.text("/name", name, 1, 100);
    check.finish()
}
