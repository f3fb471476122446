//! One's own passkeys: adding, renaming, removing.

use actix_web::web::Data;
use actix_web::{delete, patch, post};
use contracts::identity::credentials::CredentialsView;
use db::{Db, Json, Tx};
use kernel::problem::ProblemKind;
use kernel::{Check, PasskeyId, Problem, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;
use web::{Allow, Answer, Body, Context, Path, Reply};
use webauthn_rs::prelude::{PasskeyRegistration, RegisterPublicKeyCredential};
use webauthn_rs_proto::ResidentKeyRequirement;

use super::{LIVES, Options, read, webauthn};
use crate::accounts::factors::{self, StoredPasskey};
use crate::accounts::users;
use crate::permissions::SelfWrite;
use crate::second_factors::{
    PasskeyShown, RecoveryCodes, drop_lonely_codes, first_recovery_codes, must_have_given_one, proved_with, tell, view,
};
use crate::sessions::Method;

const MOST: usize = 20;

static TOO_MANY: ProblemKind = ProblemKind::new("PASSKEY_TOO_MANY", 409, "The person has too many passkeys");
static REFUSED: ProblemKind = ProblemKind::new("PASSKEY_REFUSED", 422, "The authenticator's answer does not fit");

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

/// The passkey, and recovery codes with the first second factor.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct PasskeyAdded {
    #[serde(flatten)]
    passkey: PasskeyShown,
    #[serde(flatten)]
    codes: RecoveryCodes,
}

/// Begin to add a passkey
///
/// Hand `options` to `navigator.credentials.create`. Needs a confirmed e-mail address, and a sign-in not older than 15 minutes.
#[utoipa::path(tag = "me", security(("bearer" = [SelfWrite::NAME])), responses((status = 200, body = Options), (status = 409, description = "The platform's address cannot have passkeys, the person's e-mail address is not confirmed, or there are 20 already.")))]
#[post("/me/passkeys/options")]
pub(super) async fn begin_passkey(who: Allow<SelfWrite>, context: Data<Context>, db: Data<Db>) -> Answer {
    who.has_just_signed_in()?;
    let webauthn = webauthn(&context)?;
    who.write(&db, async |tx| {
        let (user, _) = users::find(tx, who.user).await?.ok_or_else(|| Problem::not_found("user"))?;
        // A passkey opens without a password. Whoever made the account must not keep one when its address proves another's.
        if user.email_verified_at.is_none() {
            return Err(users::EMAIL_UNCONFIRMED.detail("Confirm your address first, with POST /identity/v1/me/email."));
        }
        let known = with_room_for_one(tx, who.user).await?;
        let exclude = known.into_iter().map(|key| key.credential_id).collect::<Vec<_>>();
        let (mut options, state) = webauthn
            .start_passkey_registration(who.user.0, &user.username, &user.name, Some(exclude))
            .map_err(Problem::internal)?;
        // Nobody is asked for a name at a sign-in: the authenticator has to remember whose key it is.
        if let Some(wanted) = &mut options.public_key.authenticator_selection {
            wanted.resident_key = Some(ResidentKeyRequirement::Required);
            wanted.require_resident_key = true;
        }
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
#[utoipa::path(tag = "me", request_body = AddPasskey, security(("bearer" = [SelfWrite::NAME])), responses((status = 201, body = PasskeyAdded), (status = 409, description = "There are 20 already.")))]
#[post("/me/passkeys")]
pub(super) async fn add_passkey(
    who: Allow<SelfWrite>,
    context: Data<Context>,
    db: Data<Db>,
    Body(command): Body<AddPasskey>,
) -> Answer {
    let webauthn = webauthn(&context)?;
    check_name(&command.name)?;
    let credential: RegisterPublicKeyCredential = read("/credential", command.credential)?;
    who.write(&db, async |tx| {
        // Ceremonies may have been begun side by side.
        with_room_for_one(tx, who.user).await?;
        let before = view(tx, who.tenant, who.user).await?;
        let state = ceremony(tx, command.ceremony_id, who.user).await?;
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
        factors::insert_passkey(tx, &stored, refused("the key is known already")).await?;
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
pub(super) async fn rename_passkey(
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
#[utoipa::path(tag = "me", security(("bearer" = [SelfWrite::NAME])), responses((status = 204, description = "Removed."), (status = 409, description = "A tenant asks for a second factor, and this is the last one.")))]
#[delete("/me/passkeys/{passkeyId}")]
pub(super) async fn remove_passkey(who: Allow<SelfWrite>, db: Data<Db>, Path(id): Path<PasskeyId>) -> Answer {
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

/// A person's passkeys, to which one more may come.
async fn with_room_for_one(tx: &Tx, user: UserId) -> Result<Vec<StoredPasskey>, Problem> {
    let known = factors::passkeys_of(tx, user).await?;
    if known.len() >= MOST {
        return Err(TOO_MANY.detail(format!("You have {MOST} passkeys. Remove one first.")));
    }
    Ok(known)
}

/// What was asked; an answer that came too late, or a second time, is none.
async fn ceremony(tx: &Tx, id: Uuid, user: UserId) -> Result<PasskeyRegistration, Problem> {
    let state = factors::finish(tx, id, Some(user), tx.now())
        .await?
        .ok_or_else(|| Problem::field("/ceremonyId", "UNKNOWN", "was answered already, or is too old; begin again"))?;
    serde_json::from_value(state).map_err(Problem::internal)
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
    check.line("/name", name, 1, 100);
    check.finish()
}
