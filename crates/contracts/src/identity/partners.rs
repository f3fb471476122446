//! Programs of partners, and the keys they come with.

use kernel::{ApiKeyId, CustomerId, ServiceAccountId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::EventType;

/// A partner's program.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccountView {
    /// The account's id; the `client_id` of its tokens' events is `client:<id>`.
    pub id: ServiceAccountId,
    /// Raised by every change.
    pub version: i64,
    /// Unique in the tenant.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Patterns of what it may do.
    pub permissions: Vec<String>,
    /// ACTIVE or SUSPENDED.
    pub status: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A key of a program. Its secret is shown once, when it is made.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyView {
    /// The key's id.
    pub id: ApiKeyId,
    /// Raised by every change.
    pub version: i64,
    /// Whose key it is.
    pub service_account_id: ServiceAccountId,
    /// What to call it.
    pub name: String,
    /// What the key begins with; also the OAuth 2 `client_id`.
    pub prefix: String,
    /// Patterns that narrow what the account may do; empty: all of it.
    pub scopes: Vec<String>,
    /// Addresses and networks it may be used from; empty: all.
    pub allowed_addresses: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was last exchanged for a token, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// From where.
    pub last_used_from: Option<String>,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
    /// When it was replaced by another.
    #[serde(default)]
    pub replaced_at: Option<Timestamp>,
    /// The customers whose telemetry it sends, and does nothing else; empty: it is not confined to customers.
    #[serde(default)]
    pub customer_ids: Vec<CustomerId>,
    /// Where the telemetry comes from that it sends, and does nothing else; null: it is not confined to a source.
    #[serde(default)]
    pub source: Option<String>,
}

super::aggregates!(ServiceAccountView, ApiKeyView);

/// A program may come now.
pub const SERVICE_ACCOUNT_CREATED: EventType<ServiceAccountView> = EventType::new(
    "identity.service-account.created",
    "A partner's program was given an account.",
    "identity:service-account:read",
);
/// It may do something else, or was suspended.
pub const SERVICE_ACCOUNT_CHANGED: EventType<ServiceAccountView> = EventType::new(
    "identity.service-account.changed",
    "An account's name, rights or status changed.",
    "identity:service-account:read",
);
/// It is gone, and its keys with it.
pub const SERVICE_ACCOUNT_DELETED: EventType<ServiceAccountView> = EventType::new(
    "identity.service-account.deleted",
    "An account and its keys were deleted.",
    "identity:service-account:read",
);
/// A key was made.
pub const API_KEY_CREATED: EventType<ApiKeyView> =
    EventType::new("identity.api-key.created", "A key was made.", "identity:service-account:read");
/// A key may be used from elsewhere, for longer or shorter.
pub const API_KEY_CHANGED: EventType<ApiKeyView> = EventType::new(
    "identity.api-key.changed",
    "A key's name, scopes, addresses or end changed.",
    "identity:service-account:read",
);
/// A key's tokens no longer count, or not those given so far.
pub const API_KEY_REVOKED: EventType<ApiKeyView> = EventType::new(
    "identity.api-key.revoked",
    "A key ended: its tokens no longer count.",
    "identity:service-account:read",
);
