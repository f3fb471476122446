//! Programs of partners: service accounts with keys.
//!
//! A key is `cairn_<prefix>_<secret>`: the prefix names it, the secret proves it and is kept as a hash. It is exchanged for
//! an access token of ten minutes: by the gateway, for callers who send the key itself, or by the caller, with the OAuth 2
//! client credentials grant. A key may narrow what its account may do, and where it may be used from; one that is confined to
//! customers or to a source sends telemetry and does nothing else.

mod accounts;
mod exchange;
mod keys;
mod oauth;
mod store;

use auth::{Confined, Patterns};
use contracts::identity::partners::{ApiKeyView, ServiceAccountView};
use diesel::prelude::*;
use kernel::network::Network;
use kernel::problem::ProblemKind;
use kernel::{ApiKeyId, Check, CustomerId, ServiceAccountId, TenantId, Timestamp};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::patterns;
use crate::schema::{api_keys, service_accounts};

pub(crate) use accounts::touch;
pub(crate) use store::{accounts_changed_since, keys_revoked_since, lock};

static NAME_TAKEN: ProblemKind =
    ProblemKind::new("SERVICE_ACCOUNT_NAME_TAKEN", 409, "Another service account has this name");

const MOST_ADDRESSES: usize = 50;
/// A token must stay small.
const MOST_CUSTOMERS: usize = 20;
/// Longest source of a value, in characters.
const SOURCE_CHARS: usize = 200;
/// What a confined key may do at most.
const SENDING: &str = "telemetry:value:write";

kernel::text_enum! {
    /// Whether a program may come.
    pub enum AccountStatus {
        /// It may.
        Active = "ACTIVE",
        /// Its keys do not count for now.
        Suspended = "SUSPENDED",
        /// Its keys do not count any more.
        Deleted = "DELETED",
    }
}

/// A row of `service_accounts`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = service_accounts, check_for_backend(diesel::pg::Pg))]
struct ServiceAccount {
    tenant_id: TenantId,
    id: ServiceAccountId,
    version: i64,
    name: String,
    description: String,
    permissions: Vec<String>,
    status: AccountStatus,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A row of `api_keys`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = api_keys, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
struct ApiKey {
    tenant_id: TenantId,
    id: ApiKeyId,
    version: i64,
    service_account_id: ServiceAccountId,
    name: String,
    prefix: String,
    secret_hash: Vec<u8>,
    scopes: Vec<String>,
    allowed_addresses: Vec<String>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    last_used_from: Option<String>,
    revoked_at: Option<Timestamp>,
    replaced_at: Option<Timestamp>,
    customer_ids: Vec<CustomerId>,
    source: Option<String>,
}

impl ServiceAccount {
    fn patterns(&self) -> Patterns {
        Patterns::new(self.permissions.iter().cloned())
    }

    fn check(&self, check: &mut Check) {
        check.line("/name", &self.name, 1, 100);
        check.text("/description", &self.description, 0, 500);
        patterns::check(check, "/permissions", &self.permissions);
    }

    fn view(&self) -> ServiceAccountView {
        ServiceAccountView {
            id: self.id,
            version: self.version,
            name: self.name.clone(),
            description: self.description.clone(),
            permissions: self.permissions.clone(),
            status: self.status.to_string(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

impl ApiKey {
    fn check(&self, check: &mut Check, now: Timestamp) {
        check.line("/name", &self.name, 1, 100);
        patterns::check(check, "/scopes", &self.scopes);
        check.that(self.allowed_addresses.len() <= MOST_ADDRESSES, "/allowedAddresses", "TOO_MANY", || {
            format!("give at most {MOST_ADDRESSES}; a network such as 10.0.0.0/8 is one")
        });
        for (index, address) in self.allowed_addresses.iter().enumerate() {
            let fault = address.parse::<Network>().err();
            check.that(fault.is_none(), &format!("/allowedAddresses/{index}"), "ADDRESS", || fault.unwrap_or_default());
        }
        check.that(self.customer_ids.len() <= MOST_CUSTOMERS, "/customerIds", "TOO_MANY", || {
            format!("give at most {MOST_CUSTOMERS}")
        });
        if let Some(source) = &self.source {
            check.line("/source", source, 1, SOURCE_CHARS);
        }
        check.that(self.expires_at.is_none_or(|at| at > now), "/expiresAt", "PAST", || {
            "is not in the future".to_owned()
        });
    }

    fn counts(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| at > now)
    }

    /// Whether whoever has it may do the same as with another one: nothing but its name differs.
    fn allows_the_same(&self, other: &Self) -> bool {
        (&self.scopes, &self.allowed_addresses, self.expires_at)
            == (&other.scopes, &other.allowed_addresses, other.expires_at)
    }

    /// What it may do for its account.
    fn patterns(&self, account: &ServiceAccount) -> Patterns {
        let all = account.patterns();
        self.limits().map_or(all.clone(), |limits| all.meet(&limits))
    }

    /// What it may do at most, whatever its account may; `None`: all of it.
    fn limits(&self) -> Option<Patterns> {
        let scopes = (!self.scopes.is_empty()).then(|| Patterns::new(self.scopes.iter().cloned()));
        if self.confined().is_none() {
            return scopes;
        }
        let sending = Patterns::new([SENDING.to_owned()]);
        Some(scopes.map_or(sending.clone(), |scopes| scopes.meet(&sending)))
    }

    /// What it is confined to.
    fn confined(&self) -> Option<Confined> {
        let confined = Confined { customers: self.customer_ids.clone(), source: self.source.clone() };
        (confined != Confined::default()).then_some(confined)
    }

    fn view(&self) -> ApiKeyView {
        ApiKeyView {
            id: self.id,
            version: self.version,
            service_account_id: self.service_account_id,
            name: self.name.clone(),
            prefix: self.prefix.clone(),
            scopes: self.scopes.clone(),
            allowed_addresses: self.allowed_addresses.clone(),
            created_at: self.created_at,
            expires_at: self.expires_at,
            last_used_at: self.last_used_at,
            last_used_from: self.last_used_from.clone(),
            revoked_at: self.revoked_at,
            replaced_at: self.replaced_at,
            customer_ids: self.customer_ids.clone(),
            source: self.source.clone(),
        }
    }
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(accounts::create_service_account)
        .service(accounts::list_service_accounts)
        .service(accounts::show_service_account)
        .service(accounts::change_service_account)
        .service(accounts::delete_service_account)
        .service(keys::create_api_key)
        .service(keys::list_api_keys)
        .service(keys::show_api_key)
        .service(keys::change_api_key)
        .service(keys::rotate_api_key)
        .service(keys::revoke_api_key)
        .service(oauth::give_token)
        .service(oauth::show_metadata);
}

pub(crate) fn internal(config: &mut ServiceConfig<'_>) {
    config.service(exchange::exchange_key);
}
