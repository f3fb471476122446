//! Passkeys (WebAuthn): a second factor, and a sign-in without a password.
//!
//! A browser is asked to sign a challenge (`…/options`) and its answer is checked, once and within five minutes. The key
//! stays in the authenticator; we keep its public half and its counter.

mod own;
mod sign_in;

use chrono::Duration;
use kernel::Problem;
use kernel::problem::ProblemKind;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use web::Context;
use webauthn_rs::prelude::{Url, Webauthn, WebauthnBuilder};

/// How long a browser may take to answer.
const LIVES: Duration = Duration::minutes(5);

static UNAVAILABLE_HERE: ProblemKind =
    ProblemKind::new("PASSKEYS_UNAVAILABLE", 409, "Passkeys cannot be used at this address");

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

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(own::begin_passkey)
        .service(own::add_passkey)
        .service(own::rename_passkey)
        .service(own::remove_passkey)
        .service(sign_in::begin_passkey_sign_in)
        .service(sign_in::sign_in_with_passkey)
        .service(sign_in::step_up_with_passkey);
}

/// Passkeys are bound to the name under which people reach the platform.
fn webauthn(context: &Context) -> Result<Webauthn, Problem> {
    let address = &context.config.mail.public_url;
    let unusable = || {
        UNAVAILABLE_HERE
            .detail(format!("CAIRN_PUBLIC_URL is {address}; passkeys need https with a name, or http://localhost."))
    };
    let origin: Url = address.parse().map_err(|_| unusable())?;
    let name =
        origin.domain().filter(|name| origin.scheme() == "https" || *name == "localhost").ok_or_else(unusable)?;
    let builder = WebauthnBuilder::new(name, &origin).map_err(|_| unusable())?;
    builder.rp_name("Cairn").build().map_err(Problem::internal)
}

fn read<T: DeserializeOwned>(pointer: &str, value: Value) -> Result<T, Problem> {
    T::deserialize(&value)
        .map_err(|error| Problem::field(pointer, "INVALID", format!("is not what a browser gives: {error}")))
}
