//! An attempt to sign in. Pure.

use diesel::prelude::*;
use kernel::{SignInEventId, TenantId, Timestamp, UserId};
use serde::Serialize;

use crate::schema::sign_in_events;

kernel::text_enum! {
    /// How an attempt ended.
    pub enum Outcome {
        /// They are in.
        Success = "SUCCESS",
        /// They were refused.
        Failure = "FAILURE",
    }
}

kernel::text_enum! {
    /// Why an attempt was refused.
    pub enum FailureReason {
        /// The password was wrong.
        WrongPassword = "WRONG_PASSWORD",
        /// There had been too many wrong passwords; of these attempts one a minute is recorded.
        LockedOut = "LOCKED_OUT",
        /// The code of the second factor was wrong.
        WrongSecondFactor = "WRONG_SECOND_FACTOR",
        /// The person is suspended here.
        Suspended = "SUSPENDED",
    }
}

/// An attempt to sign in.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, Serialize, utoipa::ToSchema)]
#[diesel(table_name = sign_in_events, check_for_backend(diesel::pg::Pg))]
#[serde(rename_all = "camelCase")]
pub(super) struct SignInEvent {
    #[serde(skip)]
    pub(super) tenant_id: TenantId,
    /// The attempt.
    pub(super) id: SignInEventId,
    /// Whose name was used.
    pub(super) user_id: UserId,
    /// How it ended.
    pub(super) outcome: Outcome,
    /// Why it was refused.
    pub(super) reason: Option<FailureReason>,
    /// From where.
    pub(super) client_address: Option<String>,
    /// What the client called itself.
    pub(super) user_agent: Option<String>,
    /// When.
    pub(super) occurred_at: Timestamp,
}
