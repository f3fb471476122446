//! API keys over HTTP. A key is shown once: when it is made.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use contracts::identity::partners::{API_KEY_CHANGED, API_KEY_CREATED, API_KEY_REVOKED, ApiKeyView};
use db::{Db, Tx};
use kernel::problem::ProblemKind;
use kernel::{
    ApiKeyId, Check, Cursor, CustomerId, Field, Page, PageQuery, Problem, Secret, ServiceAccountId, Timestamp,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::accounts::PartnerQuery;
use super::{ApiKey, store, touch};
use crate::grants;
use crate::patterns::may_give;
use crate::permissions::{ServiceAccountRead, ServiceAccountWrite};

const LIST: &str = "api-keys";
/// Keys of one account that count at the same time.
const MOST_KEYS: i64 = 20;
const LONGEST_OVERLAP_HOURS: u32 = 720;

static TOO_MANY: ProblemKind = ProblemKind::new("API_KEY_TOO_MANY", 409, "The account has too many keys");
static REPLACED: ProblemKind = ProblemKind::new("API_KEY_REPLACED", 409, "The key has been replaced");
static REVOKED: ProblemKind = ProblemKind::new("API_KEY_REVOKED", 409, "The key has ended");

/// A new key.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Production", "scopes": ["catalog:*:read"], "allowedAddresses": ["198.51.100.0/24"], "expiresAt": "2030-01-01T00:00:00Z" }))]
pub(crate) struct CreateApiKey {
    /// What to call it.
    name: String,
    /// Patterns that narrow what the account may do; none: all of it.
    #[serde(default)]
    scopes: Vec<String>,
    /// Addresses and networks it may be used from; none: all.
    #[serde(default)]
    allowed_addresses: Vec<String>,
    /// When it ends by itself; none: never.
    expires_at: Option<Timestamp>,
    /// Confines it to sending telemetry for these customers, 1 to 20.
    #[schema(max_items = 20)]
    customer_ids: Option<Vec<CustomerId>>,
    /// Confines it to sending telemetry from this source, up to 200 characters: its values carry it.
    source: Option<String>,
}

/// A change of a key.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "allowedAddresses": ["198.51.100.0/24"] }))]
pub(crate) struct ApiKeyPatch {
    /// What to call it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Field<String>,
    /// Replaces the scopes.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    scopes: Field<Vec<String>>,
    /// Replaces the addresses.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    allowed_addresses: Field<Vec<String>>,
    /// When it ends by itself; null: never.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    expires_at: Field<Timestamp>,
}

/// How a key is replaced.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "overlapHours": 24 }))]
pub(crate) struct RotateApiKey {
    /// How long the old key counts beside the new one: 0 to 720 hours (default 24).
    overlap_hours: Option<u32>,
}

/// A key with what it is used by. Nobody keeps that: a call that is repeated with its `Idempotency-Key` shows the key without it.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct ApiKeyMade {
    #[serde(flatten)]
    view: ApiKeyView,
    /// The whole key, shown once: `Authorization: Bearer <key>`, or `X-API-Key: <key>`.
    #[schema(required = false)]
    key: String,
    /// The part after the prefix, shown once: the OAuth 2 `client_secret`.
    #[schema(required = false)]
    secret: String,
}

/// Make a key
///
/// It is shown once. One that is confined to customers or to a source stays so, also when it is replaced: it sends telemetry
/// and does nothing else. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "service-accounts", request_body = CreateApiKey, security(("bearer" = [ServiceAccountWrite::NAME])), responses((status = 201, body = ApiKeyMade), (status = 409, description = "The account has 20 keys.")))]
#[post("/service-accounts/{serviceAccountId}/keys")]
pub(crate) async fn create_api_key(
    who: Allow<ServiceAccountWrite>,
    db: Data<Db>,
    Path(account): Path<ServiceAccountId>,
    Body(command): Body<CreateApiKey>,
) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        may_give(&who.permissions, &store::lock_account(tx, account).await?.patterns())?;
        grants::may_wield(tx, &who.permissions, account).await?;
        let CreateApiKey { name, scopes, allowed_addresses, expires_at, customer_ids, source } = command;
        let mut check = Check::new();
        check.that(customer_ids.as_ref().is_none_or(|ids| !ids.is_empty()), "/customerIds", "EMPTY", || {
            "names nobody; leave it out for a key that is not confined to customers".to_owned()
        });
        let customer_ids = customer_ids.unwrap_or_default();
        let (key, secret) = fresh(tx, account)?;
        let key = ApiKey { name, scopes, allowed_addresses, expires_at, customer_ids, source, ..key };
        key.check(&mut check, tx.now());
        check.finish()?;
        keep(tx, &key, &secret).await
    })
    .await
}

/// List the keys of an account
///
/// Also those that have ended, in the order they were made.
#[utoipa::path(tag = "service-accounts", params(PartnerQuery), security(("bearer" = [ServiceAccountRead::NAME])), responses((status = 200, body = Page<ApiKeyView>)))]
#[get("/service-accounts/{serviceAccountId}/keys")]
pub(crate) async fn list_api_keys(
    who: Allow<ServiceAccountRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path(account): Path<ServiceAccountId>,
    Query(query): Query<PartnerQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, LIST)?);
    who.read(&db, async |conn| {
        store::account(conn, who.tenant, account).await?.ok_or_else(|| Problem::not_found("service account"))?;
        let after = after.and_then(|cursor| cursor.key::<ApiKeyId>(0));
        let rows = store::keys_of(conn, who.tenant, account, after, limit).await?;
        let page = Cursor::page(rows, limit, &context.config.keys, LIST, |row| vec![row.id.to_string().into()]);
        Reply::ok(&page.map(|row| row.view()))
    })
    .await
}

/// Show a key
///
/// Never its secret.
#[utoipa::path(tag = "service-accounts", security(("bearer" = [ServiceAccountRead::NAME])), responses((status = 200, body = ApiKeyView)))]
#[get("/service-accounts/{serviceAccountId}/keys/{apiKeyId}")]
pub(crate) async fn show_api_key(
    who: Allow<ServiceAccountRead>,
    db: Data<Db>,
    Path((account, id)): Path<(ServiceAccountId, ApiKeyId)>,
) -> Answer {
    who.read(&db, async |conn| {
        let key = store::key(conn, who.tenant, account, id).await?;
        Reply::show(&key.ok_or_else(|| Problem::not_found("API key"))?.view())
    })
    .await
}

/// Change a key
///
/// When it may do something else than before, or from elsewhere, tokens that the account's keys have got so far stop counting
/// at once. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "service-accounts", request_body = ApiKeyPatch, security(("bearer" = [ServiceAccountWrite::NAME])), responses((status = 200, body = ApiKeyView), (status = 409, description = "It has ended, or been replaced."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/service-accounts/{serviceAccountId}/keys/{apiKeyId}")]
pub(crate) async fn change_api_key(
    who: Allow<ServiceAccountWrite>,
    db: Data<Db>,
    Path((account, id)): Path<(ServiceAccountId, ApiKeyId)>,
    Body(patch): Body<ApiKeyPatch>,
) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        may_give(&who.permissions, &store::lock_account(tx, account).await?.patterns())?;
        grants::may_wield(tx, &who.permissions, account).await?;
        let before = live(tx, account, id).await?;
        who.expect_version(before.version)?;
        let mut after = ApiKey { version: before.version + 1, ..before.clone() };
        let mut check = Check::new();
        check.not_null("/name", patch.name.set(&mut after.name));
        check.not_null("/scopes", patch.scopes.set(&mut after.scopes));
        check.not_null("/allowedAddresses", patch.allowed_addresses.set(&mut after.allowed_addresses));
        patch.expires_at.set_option(&mut after.expires_at);
        after.check(&mut check, tx.now());
        check.finish()?;
        if before.replaced_at.is_some() && after.expires_at != before.expires_at {
            return Err(REPLACED.detail("The key has been replaced: when it ends is settled. Change the one after it."));
        }
        store::update_key(tx, &after).await?;
        tx.announce(&API_KEY_CHANGED, Some(&before.view()), &after.view()).await?;
        if !after.allows_the_same(&before) {
            touch(tx, account).await?;
        }
        Reply::show(&after.view())
    })
    .await
}

/// Replace a key
///
/// A new key like the old one; the old one goes on for a while, so that nothing stands still. Needs a sign-in not older than
/// 15 minutes.
#[utoipa::path(tag = "service-accounts", request_body = RotateApiKey, security(("bearer" = [ServiceAccountWrite::NAME])), responses((status = 201, body = ApiKeyMade), (status = 409, description = "It has ended or been replaced, or the account has 20 keys.")))]
#[post("/service-accounts/{serviceAccountId}/keys/{apiKeyId}/rotate")]
pub(crate) async fn rotate_api_key(
    who: Allow<ServiceAccountWrite>,
    db: Data<Db>,
    Path((account, id)): Path<(ServiceAccountId, ApiKeyId)>,
    Body(command): Body<RotateApiKey>,
) -> Answer {
    who.has_just_signed_in()?;
    let hours = command.overlap_hours.unwrap_or(24);
    let mut check = Check::new();
    check.that(hours <= LONGEST_OVERLAP_HOURS, "/overlapHours", "RANGE", || {
        format!("is {hours}; give 0 to {LONGEST_OVERLAP_HOURS}")
    });
    check.finish()?;
    who.write(&db, async |tx| {
        may_give(&who.permissions, &store::lock_account(tx, account).await?.patterns())?;
        grants::may_wield(tx, &who.permissions, account).await?;
        let before = live(tx, account, id).await?;
        who.expect_version(before.version)?;
        if before.replaced_at.is_some() {
            return Err(REPLACED.detail("The key has been replaced already. Replace the one that came after it."));
        }
        if hours == 0 {
            end(tx, before.clone()).await?;
        } else {
            let until = tx.now() + Duration::hours(i64::from(hours));
            let expires_at = Some(before.expires_at.map_or(until, |at| at.min(until)));
            let version = before.version + 1;
            let after = ApiKey { version, expires_at, replaced_at: Some(tx.now()), ..before.clone() };
            store::update_key(tx, &after).await?;
            tx.announce(&API_KEY_CHANGED, Some(&before.view()), &after.view()).await?;
        }
        let (key, secret) = fresh(tx, account)?;
        let ApiKey { name, scopes, allowed_addresses, expires_at, customer_ids, source, .. } = before;
        let key = ApiKey { name, scopes, allowed_addresses, expires_at, customer_ids, source, ..key };
        keep(tx, &key, &secret).await
    })
    .await
}

/// End a key
///
/// It and its tokens stop counting at once. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "service-accounts", security(("bearer" = [ServiceAccountWrite::NAME])), responses((status = 204, description = "Ended.")))]
#[delete("/service-accounts/{serviceAccountId}/keys/{apiKeyId}")]
pub(crate) async fn revoke_api_key(
    who: Allow<ServiceAccountWrite>,
    db: Data<Db>,
    Path((account, id)): Path<(ServiceAccountId, ApiKeyId)>,
) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        may_give(&who.permissions, &store::lock_account(tx, account).await?.patterns())?;
        let before = store::lock_key(tx, account, id).await?;
        // One that has ended already is as the caller wants it.
        if before.revoked_at.is_none() {
            end(tx, before).await?;
        }
        Ok(Reply::done())
    })
    .await
}

async fn live(tx: &mut Tx, account: ServiceAccountId, id: ApiKeyId) -> Result<ApiKey, Problem> {
    let key = store::lock_key(tx, account, id).await?;
    if key.counts(tx.now()) { Ok(key) } else { Err(REVOKED.detail("The key has ended. Make a new one.")) }
}

async fn end(tx: &mut Tx, before: ApiKey) -> Result<(), Problem> {
    let after = ApiKey { version: before.version + 1, revoked_at: Some(tx.now()), ..before.clone() };
    store::update_key(tx, &after).await?;
    tx.announce(&API_KEY_REVOKED, Some(&before.view()), &after.view()).await
}

async fn keep(tx: &mut Tx, key: &ApiKey, secret: &Secret<String>) -> Result<Reply, Problem> {
    if store::count_live_keys(tx, key.service_account_id).await? >= MOST_KEYS {
        return Err(TOO_MANY.detail(format!("The account has {MOST_KEYS} keys. End one first.")));
    }
    store::insert_key(tx, key).await?;
    let view = key.view();
    tx.announce(&API_KEY_CREATED, None, &view).await?;
    let place = format!("/identity/v1/service-accounts/{}/keys", key.service_account_id);
    let whole = format!("cairn_{}_{}", key.prefix, secret.reveal());
    Reply::created(&view, &place)?.with_secret(&ApiKeyMade { view, key: whole, secret: secret.reveal().clone() })
}

/// A key without a name yet, and its secret.
fn fresh(tx: &Tx, service_account_id: ServiceAccountId) -> Result<(ApiKey, Secret<String>), Problem> {
    let (mut name, mut secret) = ([0; 6], [0; 32]);
    getrandom::fill(&mut name).and_then(|()| getrandom::fill(&mut secret)).map_err(Problem::internal)?;
    let prefix: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
    let secret = URL_SAFE_NO_PAD.encode(secret);
    let key = ApiKey {
        tenant_id: tx.tenant(),
        id: ApiKeyId::fresh(),
        version: 1,
        service_account_id,
        name: String::new(),
        prefix,
        secret_hash: hash(&secret),
        scopes: Vec::new(),
        allowed_addresses: Vec::new(),
        created_at: tx.now(),
        expires_at: None,
        last_used_at: None,
        last_used_from: None,
        revoked_at: None,
        replaced_at: None,
        customer_ids: Vec::new(),
        source: None,
    };
    Ok((key, Secret::new(secret)))
}

/// Of 256 random bits a plain hash gives nothing away.
pub(super) fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}
