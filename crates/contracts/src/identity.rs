//! What identity tells: tenants, memberships, roles and sessions.

use kernel::{MembershipId, RoleId, SessionId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Aggregate, EventSpec, EventType};

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
    /// ACTIVE, PENDING or SUSPENDED.
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
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// The address it was begun from.
    pub client_address: Option<String>,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// Tokens of this session issued before this moment no longer count.
    pub not_before: Option<Timestamp>,
    /// Why it ended: SIGNED_OUT, REFRESH_TOKEN_REUSED, PASSWORD_CHANGED, MEMBER_SUSPENDED or ENDED_BY_ADMINISTRATOR.
    pub reason: Option<String>,
}

impl Aggregate for TenantView {
    fn id(&self) -> Uuid {
        self.id.0
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Aggregate for MemberView {
    fn id(&self) -> Uuid {
        self.id.0
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Aggregate for RoleView {
    fn id(&self) -> Uuid {
        self.id.0
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Aggregate for SessionView {
    fn id(&self) -> Uuid {
        self.id.0
    }
    fn version(&self) -> i64 {
        self.version
    }
}

/// A tenant was made.
pub const TENANT_CREATED: EventType<TenantView> =
    EventType::new("identity.tenant.created", "A tenant was made.", "identity:tenant:read");
/// The tenant was renamed.
pub const TENANT_CHANGED: EventType<TenantView> =
    EventType::new("identity.tenant.changed", "The tenant was renamed.", "identity:tenant:read");
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
/// Somebody signed in.
pub const SESSION_STARTED: EventType<SessionView> =
    EventType::new("identity.session.started", "Somebody signed in.", "identity:session:read");
/// A session's tokens no longer count.
pub const SESSION_REVOKED: EventType<SessionView> =
    EventType::new("identity.session.revoked", "A session ended: its tokens no longer count.", "identity:session:read");

/// The event types of this service.
#[must_use]
pub fn events() -> Vec<EventSpec> {
    vec![
        TENANT_CREATED.spec(),
        TENANT_CHANGED.spec(),
        ROLE_CREATED.spec(),
        ROLE_CHANGED.spec(),
        ROLE_DELETED.spec(),
        MEMBER_ADDED.spec(),
        MEMBER_CHANGED.spec(),
        SESSION_STARTED.spec(),
        SESSION_REVOKED.spec(),
    ]
}
