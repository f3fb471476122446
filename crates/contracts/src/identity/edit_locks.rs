//! Who edits what at the moment.

use kernel::{EditLockId, SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{EventSpec, EventType};

kernel::text_enum! {
    /// What can be locked; a lock on it covers everything under it.
    pub enum LockedType {
        /// A product of the catalog.
        Product = "PRODUCT",
        /// A solution of the catalog.
        Solution = "SOLUTION",
        /// A customer, with the assignments.
        Customer = "CUSTOMER",
        /// A plan, with its tasks.
        Plan = "PLAN",
    }
}

/// A lock on something that somebody edits. It belongs to a session: another one of the same person is kept out as well.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EditLockView {
    /// The lock's id.
    pub id: EditLockId,
    /// Raised when it is renewed, taken over or released.
    pub version: i64,
    /// What kind of thing is locked.
    pub resource_type: LockedType,
    /// Which one.
    pub resource_id: Uuid,
    /// Who holds it.
    pub user_id: UserId,
    /// What to call them.
    pub user_name: String,
    /// The session in which they do.
    pub session_id: SessionId,
    /// Since when.
    pub acquired_at: Timestamp,
    /// It ends at this moment unless it is renewed; of a released one, when that was.
    pub expires_at: Timestamp,
}

super::aggregates!(EditLockView);

/// Somebody began to edit.
pub const EDIT_LOCK_ACQUIRED: EventType<EditLockView> =
    EventType::new("identity.edit-lock.acquired", "Somebody locked something to edit it.", "identity:member:read");
/// Somebody goes on editing.
pub const EDIT_LOCK_RENEWED: EventType<EditLockView> =
    EventType::new("identity.edit-lock.renewed", "A lock lasts longer.", "identity:member:read");
/// Somebody has finished, or their session has ended.
pub const EDIT_LOCK_RELEASED: EventType<EditLockView> = EventType::new(
    "identity.edit-lock.released",
    "A lock was released, by its holder or with the holder's session.",
    "identity:member:read",
);
/// Somebody else edits instead.
pub const EDIT_LOCK_TAKEN_OVER: EventType<EditLockView> = EventType::new(
    "identity.edit-lock.taken-over",
    "Somebody took a lock over from its holder.",
    "identity:member:read",
);

pub(super) fn events() -> Vec<EventSpec> {
    vec![EDIT_LOCK_ACQUIRED.spec(), EDIT_LOCK_RENEWED.spec(), EDIT_LOCK_RELEASED.spec(), EDIT_LOCK_TAKEN_OVER.spec()]
}
