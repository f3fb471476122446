//! Who may do what with one product, solution or customer, or with all of a kind.

use kernel::{GrantId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{EventSpec, EventType};

kernel::text_enum! {
    /// Whom a grant is for.
    pub enum GrantSubject {
        /// A member, by the person's id.
        User = "USER",
        /// All members with a role.
        Role = "ROLE",
        /// A partner's program.
        ServiceAccount = "SERVICE_ACCOUNT",
    }
}

kernel::text_enum! {
    /// What can be granted, with everything under it.
    pub enum GrantedType {
        /// A product of the catalog.
        Product = "PRODUCT",
        /// A solution of the catalog.
        Solution = "SOLUTION",
        /// A customer, with assignments, plans and their tasks, and telemetry.
        Customer = "CUSTOMER",
    }
}

kernel::text_enum! {
    /// How much; each level holds those before it.
    pub enum GrantLevel {
        /// See it.
        Read = "READ",
        /// Change it.
        Write = "WRITE",
        /// Delete and restore it, and grant it to others.
        Admin = "ADMIN",
    }
}

/// What a caller may do something with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Scope {
    /// With all of a kind, new ones included.
    All,
    /// With these.
    Some(Vec<Uuid>),
}

impl Scope {
    /// Whether it takes a thing in.
    #[must_use]
    pub fn includes(&self, id: Uuid) -> bool {
        match self {
            Self::All => true,
            Self::Some(ids) => ids.contains(&id),
        }
    }
}

/// A grant: somebody's level on one thing, or on all of a kind.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantView {
    /// The grant's id.
    pub id: GrantId,
    /// Raised by every change.
    pub version: i64,
    /// Whom it is for.
    pub subject_type: GrantSubject,
    /// Which one: a person's id, a role's or a service account's.
    pub subject_id: Uuid,
    /// What kind of thing is granted.
    pub resource_type: GrantedType,
    /// Which one; null is all of the kind, and new ones.
    pub resource_id: Option<Uuid>,
    /// How much.
    pub level: GrantLevel,
    /// When it was made.
    pub created_at: Timestamp,
}

super::aggregates!(GrantView);

/// Somebody was granted something.
pub const GRANT_CREATED: EventType<GrantView> =
    EventType::new("identity.grant.created", "Somebody was granted a level on something.", "identity:grant:read");
/// A grant has another level.
pub const GRANT_CHANGED: EventType<GrantView> =
    EventType::new("identity.grant.changed", "The level of a grant changed.", "identity:grant:read");
/// A grant was taken back.
pub const GRANT_DELETED: EventType<GrantView> = EventType::new(
    "identity.grant.deleted",
    "A grant was taken back, or went with whom it was for.",
    "identity:grant:read",
);

pub(super) fn events() -> Vec<EventSpec> {
    vec![GRANT_CREATED.spec(), GRANT_CHANGED.spec(), GRANT_DELETED.spec()]
}
