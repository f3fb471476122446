//! What identity tells: tenants, memberships, roles and sessions; departments and job roles.

mod bookmarks;
mod departments;
mod edit_locks;
mod grants;

pub use bookmarks::*;
pub use departments::*;
pub use edit_locks::*;
pub use grants::*;

pub mod credentials;
pub mod invitations;
pub mod partners;
pub mod settings;

use kernel::{MembershipId, RoleId, SessionId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::{EventSpec, EventType};

/// A tenant: one organisation's world.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantView {
    /// The tenant's id.
    pub id: TenantId,
    /// Raised by every change.
    pub version: i64,
    /// What the organisation is called.
    pub name: String,
    /// The organisation's own domain, such as `northwind.example`; unique on the platform.
    pub domain: Option<String>,
    /// ACTIVE; SUSPENDED by the platform's operator; CLOSING, until it is deleted; DELETED.
    pub status: String,
    /// The colour of what is to be noticed, as `#RRGGBB`.
    pub primary_color: String,
    /// The colour of what stands behind, as `#RRGGBB`.
    pub secondary_color: String,
    /// Where the logo is; it changes when the logo does.
    pub logo: Option<String>,
    /// Since when it cannot be used.
    pub closed_at: Option<Timestamp>,
    /// When all it holds will be removed, unless it is restored before.
    pub deletion_due_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A member: a user's place in a tenant.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberView {
    /// The membership's id.
    pub id: MembershipId,
    /// Raised by every change.
    pub version: i64,
    /// The person.
    pub user_id: UserId,
    /// The person's e-mail address.
    pub email: String,
    /// The person's user name.
    pub username: String,
    /// What to call the person.
    pub name: String,
    /// What they do here.
    pub job_title: Option<String>,
    /// Where the avatar is; it changes when the picture does.
    pub avatar: Option<String>,
    /// PENDING until the e-mail address is verified; ACTIVE; SUSPENDED.
    pub status: String,
    /// Names of the member's roles.
    pub roles: Vec<String>,
    /// When the membership was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A role: a named set of permission patterns.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleView {
    /// The role's id.
    pub id: RoleId,
    /// Raised by every change.
    pub version: i64,
    /// Unique in the tenant.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Patterns of permissions: `domain:resource:action`, each word a name or `*`.
    pub permissions: Vec<String>,
    /// Built-in roles stay as they are.
    pub built_in: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A sign-in: tells that it began or that its tokens no longer count.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// The session's id.
    pub id: SessionId,
    /// 1 when it began, 2 when it ended.
    pub version: i64,
    /// Who signed in.
    pub user_id: UserId,
    /// Where.
    pub tenant_id: TenantId,
    /// When it began.
    pub created_at: Timestamp,
    /// When its tokens were last refreshed.
    pub last_used_at: Timestamp,
    /// When it ends unless it is refreshed before.
    pub expires_at: Timestamp,
    /// When it ends at the latest.
    pub ends_at: Timestamp,
    /// When the person last proved who they are.
    pub authenticated_at: Timestamp,
    /// How: PASSWORD, TOTP, RECOVERY_CODE, PASSKEY.
    pub methods: Vec<String>,
    /// The address it was last refreshed from.
    pub client_address: Option<String>,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// Tokens of this session issued before this moment no longer count.
    pub not_before: Option<Timestamp>,
    /// Why it ended: SIGNED_OUT, REFRESH_TOKEN_REUSED, PASSWORD_CHANGED, MEMBER_SUSPENDED,
    /// ENDED_BY_ADMINISTRATOR, TENANT_SWITCHED or SECOND_FACTOR_ADDED.
    pub reason: Option<String>,
}

/// A tenant was made.
pub const TENANT_CREATED: EventType<TenantView> =
    EventType::new("identity.tenant.created", "A tenant was made.", "identity:tenant:read");
/// The tenant looks or stands differently.
pub const TENANT_CHANGED: EventType<TenantView> =
    EventType::new("identity.tenant.changed", "The tenant's name, domain or looks changed.", "identity:tenant:read");
/// Nobody may use the tenant any more: suspended, or on its way to deletion.
pub const TENANT_CLOSED: EventType<TenantView> = EventType::new(
    "identity.tenant.closed",
    "The tenant was suspended, or its deletion was asked for: tokens end.",
    "identity:tenant:read",
);
/// The tenant may be used again.
pub const TENANT_REOPENED: EventType<TenantView> =
    EventType::new("identity.tenant.reopened", "The tenant may be used again.", "identity:tenant:read");
/// The days of grace are over: every service removes what it holds of the tenant.
pub const TENANT_DELETED: EventType<TenantView> = EventType::new(
    "identity.tenant.deleted",
    "The days of grace are over: every service forgets the tenant.",
    "identity:tenant:read",
);
/// A role was made.
pub const ROLE_CREATED: EventType<RoleView> =
    EventType::new("identity.role.created", "A role was made.", "identity:role:read");
/// A role allows something else now.
pub const ROLE_CHANGED: EventType<RoleView> =
    EventType::new("identity.role.changed", "A role's name, description or permissions changed.", "identity:role:read");
/// A role was deleted.
pub const ROLE_DELETED: EventType<RoleView> =
    EventType::new("identity.role.deleted", "A role was deleted.", "identity:role:read");
/// Somebody became a member.
pub const MEMBER_ADDED: EventType<MemberView> =
    EventType::new("identity.member.added", "Somebody became a member of the tenant.", "identity:member:read");
/// A member's roles or status changed.
pub const MEMBER_CHANGED: EventType<MemberView> =
    EventType::new("identity.member.changed", "A member's roles, name or status changed.", "identity:member:read");
/// Somebody is no member any more.
pub const MEMBER_REMOVED: EventType<MemberView> =
    EventType::new("identity.member.removed", "Somebody is no member of the tenant any more.", "identity:member:read");
/// A member is called something else; what they may do is as before.
pub const MEMBER_RENAMED: EventType<MemberView> = EventType::new(
    "identity.member.renamed",
    "A member's name, e-mail address, title or picture changed.",
    "identity:member:read",
);
/// Somebody signed in.
pub const SESSION_STARTED: EventType<SessionView> =
    EventType::new("identity.session.started", "Somebody signed in.", "identity:session:read");
/// A session's tokens no longer count.
pub const SESSION_REVOKED: EventType<SessionView> =
    EventType::new("identity.session.revoked", "A session ended: its tokens no longer count.", "identity:session:read");

/// The event types of this service.
#[must_use]
pub fn events() -> Vec<EventSpec> {
    let own = vec![
        TENANT_CREATED.spec(),
        TENANT_CHANGED.spec(),
        TENANT_CLOSED.spec(),
        TENANT_REOPENED.spec(),
        TENANT_DELETED.spec(),
        settings::SETTINGS_CHANGED.spec(),
        ROLE_CREATED.spec(),
        ROLE_CHANGED.spec(),
        ROLE_DELETED.spec(),
        MEMBER_ADDED.spec(),
        MEMBER_CHANGED.spec(),
        MEMBER_REMOVED.spec(),
        MEMBER_RENAMED.spec(),
        credentials::CREDENTIALS_CHANGED.spec(),
        invitations::INVITATION_CREATED.spec(),
        invitations::INVITATION_RESENT.spec(),
        invitations::INVITATION_ACCEPTED.spec(),
        invitations::INVITATION_WITHDRAWN.spec(),
        partners::SERVICE_ACCOUNT_CREATED.spec(),
        partners::SERVICE_ACCOUNT_CHANGED.spec(),
        partners::SERVICE_ACCOUNT_DELETED.spec(),
        partners::API_KEY_CREATED.spec(),
        partners::API_KEY_CHANGED.spec(),
        partners::API_KEY_REVOKED.spec(),
        SESSION_STARTED.spec(),
        SESSION_REVOKED.spec(),
    ];
    [own, departments::events(), edit_locks::events(), grants::events()].concat()
}

/// Every view here has its identity and version in fields of these names.
macro_rules! aggregates {
    ($($view:ty),+) => {
        $(
            impl crate::Aggregate for $view {
                fn id(&self) -> uuid::Uuid {
                    self.id.0
                }
                fn version(&self) -> i64 {
                    self.version
                }
            }
        )+
    };
}
use aggregates;

aggregates!(TenantView, MemberView, RoleView, SessionView);
