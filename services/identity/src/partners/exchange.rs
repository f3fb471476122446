//! A key for a token of ten minutes, so that services know one kind of credential.

use actix_web::post;
use actix_web::web::Data;
use auth::{AUDIENCE, Claims, ISSUER, Patterns, TOKEN_LIFETIME};
use chrono::Duration;
use db::Db;
use kernel::network::Network;
use kernel::problem::TOKEN_INVALID;
use kernel::{Actor, Problem, Secret, SessionId, Trace, UserId};
use serde::{Deserialize, Serialize};
use web::{Answer, Body, Context, Internal, Reply};

use super::{AccountStatus, ApiKey, keys, store};
use crate::accounts::tenants::{self, TenantStatus};
use crate::grants;
use crate::signing::Signing;

/// Uses are noted this often at most.
const NOTED_EVERY: Duration = Duration::minutes(1);

/// A key that somebody came with, and from where.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ExchangeKey {
    key: Secret<String>,
    address: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyToken {
    access_token: String,
    expires_in: i64,
}

/// What a key was exchanged for.
pub(super) struct Granted {
    pub(super) token: String,
    pub(super) expires_in: i64,
    pub(super) permissions: Patterns,
}

/// Exchanges a key, for the gateway.
#[utoipa::path(tag = "service-accounts", responses((status = 200)))]
#[post("/key-tokens")]
pub(crate) async fn exchange_key(
    _caller: Internal,
    context: Data<Context>,
    db: Data<Db>,
    signing: Data<Signing>,
    Body(command): Body<ExchangeKey>,
) -> Answer {
    let mut words = command.key.reveal().strip_prefix("cairn_").unwrap_or_default().splitn(2, '_');
    let (prefix, secret) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let granted = grant(&context, &db, &signing, (prefix, secret), &command.address, None).await?;
    Ok(Reply::ok(&KeyToken { access_token: granted.token, expires_in: granted.expires_in })?.into_response())
}

/// Judges a key and makes its token; `only` narrows it further.
pub(super) async fn grant(
    context: &Context,
    db: &Db,
    signing: &Signing,
    (prefix, secret): (&str, &str),
    address: &str,
    only: Option<&Patterns>,
) -> Result<Granted, Problem> {
    let refused =
        || TOKEN_INVALID.detail("The API key does not count here: unknown, ended, suspended, or not for this address.");
    let now = context.clock.now();
    let named = db.global(async |conn| store::by_prefix(conn, prefix).await).await?;
    let (tenant, id) = named.ok_or_else(refused)?;
    let found = db
        .read(tenant, async |conn| {
            Ok((store::with_account(conn, tenant, id).await?, tenants::find(conn, tenant).await?))
        })
        .await?;
    let (Some((key, account)), Some(tenant)) = found else { return Err(refused()) };
    let usable = proves(&key, secret)
        && key.counts(now)
        && fits(&key, address)
        && account.status == AccountStatus::Active
        && tenant.status == TenantStatus::Active;
    if !usable {
        return Err(refused());
    }
    let own = key.patterns(&account);
    let permissions = only.map_or_else(|| own.clone(), |only| own.meet(only));
    let within = match (key.limits(), only) {
        (Some(limits), Some(only)) => Some(limits.meet(only)),
        (limits, only) => limits.or_else(|| only.cloned()),
    };
    let grt = db.read(tenant.id, async |conn| grants::of_account(conn, tenant.id, account.id, within).await).await?;
    let expires = key.expires_at.map_or(now + TOKEN_LIFETIME, |at| at.min(now + TOKEN_LIFETIME));
    let token = signing.sign(&Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: UserId(account.id.0),
        tid: tenant.id,
        sid: SessionId(key.id.0),
        perms: permissions.clone(),
        pwc: false,
        enr: false,
        cli: true,
        grt,
        con: key.confined(),
        auth_time: 0,
        iat: now.timestamp(),
        ims: now.timestamp_millis(),
        nbf: now.timestamp(),
        exp: expires.timestamp(),
    })?;
    if key.last_used_at.is_none_or(|at| now - at >= NOTED_EVERY) || key.last_used_from.as_deref() != Some(address) {
        let actor = Actor::service("identity", tenant.id, Trace::start());
        db.write(&actor, async |tx| store::note_use(tx, key.id, address).await).await?;
    }
    Ok(Granted { token, expires_in: (expires - now).num_seconds().max(0), permissions })
}

/// Whether a secret is the key's, in the same time whatever is wrong with it.
fn proves(key: &ApiKey, secret: &str) -> bool {
    let given = keys::hash(secret);
    let differences = given.iter().zip(&key.secret_hash).fold(0, |sum, (one, two)| sum | (one ^ two));
    given.len() == key.secret_hash.len() && differences == 0
}

fn fits(key: &ApiKey, address: &str) -> bool {
    let Ok(address) = address.parse() else { return key.allowed_addresses.is_empty() };
    let networks = key.allowed_addresses.iter().filter_map(|text| text.parse::<Network>().ok());
    key.allowed_addresses.is_empty() || networks.into_iter().any(|network| network.contains(address))
}
