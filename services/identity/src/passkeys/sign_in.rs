//! Proving who one is with a passkey.

use actix_web::post;
use db::Json;
use kernel::{Problem, TenantId, UserId};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;
use web::{Allow, Answer, Body, Reply};
use webauthn_rs::prelude::{DiscoverableAuthentication, DiscoverableKey, Passkey, PublicKeyCredential, WebauthnError};

use super::{LIVES, Options, read, webauthn};
use crate::accounts::factors;
use crate::activity::FailureReason;
use crate::permissions::SelfWrite;
use crate::sessions::{Desk, FACTOR_REFUSED, Method, Proof, Tokens, renew};

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

/// Begin to sign in with a passkey
///
/// Hand `options` to `navigator.credentials.get`. It tells nothing of who has which passkey.
#[utoipa::path(tag = "sessions", responses((status = 200, body = Options), (status = 409, description = "The platform's address cannot have passkeys.")))]
#[post("/sessions/passkey/options")]
pub(super) async fn begin_passkey_sign_in(desk: Desk) -> Answer {
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
pub(super) async fn sign_in_with_passkey(desk: Desk, Body(command): Body<UsePasskey>) -> Answer {
    let tenant = command.tenant_id;
    let user = prove(&desk, command).await?;
    desk.open(Proof { user, methods: vec![Method::Passkey], at: desk.now() }, tenant).await
}

/// Prove again who you are, with a passkey
///
/// As POST /identity/v1/sessions/current/step-up does with the password. Begin at …/sessions/passkey/options.
#[utoipa::path(tag = "sessions", request_body = UsePasskey, security(("bearer" = [SelfWrite::NAME])), responses((status = 200, body = Tokens), (status = 401, description = "The passkey is not known, or its answer does not fit.")))]
#[post("/sessions/current/step-up/passkey")]
pub(super) async fn step_up_with_passkey(who: Allow<SelfWrite>, desk: Desk, Body(command): Body<UsePasskey>) -> Answer {
    if prove(&desk, command).await? != who.user {
        return Err(FACTOR_REFUSED.detail("The passkey is another person's.").into());
    }
    renew(&desk, &who, vec![Method::Passkey]).await
}

/// Whose passkey answered. The ceremony is over, whatever the answer.
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
    let fits = desk
        .db
        .write(&nowhere, async |tx| {
            let mut stored = factors::lock_passkey(tx, credential_id)
                .await?
                .filter(|key| key.user_id.0 == user)
                .ok_or_else(unknown)?;
            let mut key: Passkey = serde_json::from_value(stored.credential.0.clone()).map_err(Problem::internal)?;
            let discovered = DiscoverableKey::from(&key);
            let outcome = match webauthn.finish_discoverable_authentication_v2(&credential, state, &discovered) {
                Ok(outcome) => outcome,
                Err(error) => {
                    if matches!(error, WebauthnError::CredentialPossibleCompromise) {
                        tracing::warn!(passkey = %stored.id, user.id = %stored.user_id, "a passkey's counter went back: there may be a copy of it");
                    }
                    return Ok(false);
                }
            };
            key.update_credential(&outcome);
            stored.credential = Json(serde_json::to_value(&key).map_err(Problem::internal)?);
            factors::note_use(tx, &stored).await?;
            Ok(true)
        })
        .await?;
    if !fits {
        desk.refused(Some(UserId(user)), command.tenant_id, FailureReason::WrongSecondFactor, None).await?;
        return Err(unknown());
    }
    Ok(UserId(user))
}
