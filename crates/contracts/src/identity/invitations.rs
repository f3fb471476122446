//! Invitations to a tenant.

use kernel::{InvitationId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::EventType;

/// An invitation. Its link travels by mail only.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationView {
    /// The invitation's id.
    pub id: InvitationId,
    /// Raised by every change.
    pub version: i64,
    /// Whom it was sent to.
    pub email: String,
    /// What to call the person, if the inviter knows.
    pub name: Option<String>,
    /// What they will do.
    pub job_title: Option<String>,
    /// The roles they will hold.
    pub roles: Vec<String>,
    /// PENDING, ACCEPTED, EXPIRED or WITHDRAWN.
    pub status: String,
    /// Who invited them: a user's id.
    pub invited_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When its link stops counting.
    pub expires_at: Timestamp,
}

super::aggregates!(InvitationView);

/// Somebody was invited.
pub const INVITATION_CREATED: EventType<InvitationView> =
    EventType::new("identity.invitation.created", "Somebody was invited.", "identity:member:read");
/// The link was sent again.
pub const INVITATION_RESENT: EventType<InvitationView> = EventType::new(
    "identity.invitation.resent",
    "An invitation was sent again and counts longer.",
    "identity:member:read",
);
/// The invited person is a member now.
pub const INVITATION_ACCEPTED: EventType<InvitationView> =
    EventType::new("identity.invitation.accepted", "The invited person became a member.", "identity:member:read");
/// The invitation was taken back.
pub const INVITATION_WITHDRAWN: EventType<InvitationView> = EventType::new(
    "identity.invitation.withdrawn",
    "An invitation was taken back: its link no longer counts.",
    "identity:member:read",
);
