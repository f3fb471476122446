//! What a refusal is. Pure.

use contracts::telemetry::{RefusalCode, RefusalView, RefusedValue};
use diesel::prelude::*;
use kernel::problem::ProblemKind;
use kernel::{AssignmentId, RefusalId, TenantId, Timestamp};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::schema::{refusal_events, refusals};
use crate::values::Reason;

/// Longest detail kept, in characters: it may quote what was sent.
const DETAIL_CHARS: usize = 500;

/// A refusal that was replayed is history.
pub(crate) static ALREADY_REPLAYED: ProblemKind =
    ProblemKind::new("REFUSAL_ALREADY_REPLAYED", 409, "The value was accepted in an earlier replay");

/// A row of `refusals`: a value that could not be taken, as it was sent, and why its last try failed. Where it came from
/// is the batch that sent it last.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = refusals, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Refusal {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: RefusalId,
    pub(crate) batch_id: Uuid,
    pub(crate) received_at: Timestamp,
    pub(crate) index: i32,
    pub(crate) code: RefusalCode,
    pub(crate) detail: String,
    pub(crate) payload: String,
    pub(crate) replayed_at: Option<Timestamp>,
    /// The assignment that it is about, where it is one of ours: by it a customer is found who may look at it.
    pub(crate) assignment_id: Option<AssignmentId>,
}

/// A row of `refusal_events`: that a batch brought a refusal, and what was wrong then.
#[derive(Debug, Insertable)]
#[diesel(table_name = refusal_events, check_for_backend(diesel::pg::Pg))]
pub(super) struct Brought<'a> {
    tenant_id: TenantId,
    refusal_id: RefusalId,
    batch_id: Uuid,
    at: Timestamp,
    index: i32,
    code: RefusalCode,
    detail: &'a str,
}

impl<'a> From<&'a Refusal> for Brought<'a> {
    fn from(row: &'a Refusal) -> Self {
        let Refusal { tenant_id, id, batch_id, received_at, index, code, ref detail, .. } = *row;
        Self { tenant_id, refusal_id: id, batch_id, at: received_at, index, code, detail }
    }
}

impl Refusal {
    /// The refusal of a payload. The same payload is the same refusal, however often it is sent.
    pub(crate) fn id_of(payload: &str) -> RefusalId {
        let mut first = [0; 16];
        first.iter_mut().zip(Sha256::digest(payload)).for_each(|(to, from)| *to = from);
        RefusalId(Builder::from_custom_bytes(first).into_uuid())
    }

    /// The reason and the payload as they can be kept: Postgres has no place for a zero character in a text. As `\x00` it is
    /// still no JSON, so a replay refuses it again.
    pub(crate) fn keepable(reason: Reason, payload: &str) -> (RefusalCode, String, String) {
        let clean = |text: &str| text.replace('\0', "\\x00");
        let detail = clean(&reason.detail);
        let detail = match detail.char_indices().nth(DETAIL_CHARS) {
            Some((end, _)) => format!("{}…", detail.get(..end).unwrap_or_default()),
            None => detail,
        };
        (reason.code, detail, clean(payload))
    }
}

/// A reason, and the refusals that wait because of it.
#[derive(Debug, Queryable, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RefusalReason)]
pub(crate) struct Waiting {
    /// Why they were refused.
    code: RefusalCode,
    /// How many there are.
    count: i64,
    /// When the one came that waits longest.
    first_received_at: Timestamp,
    /// When the latest came.
    last_received_at: Timestamp,
}

impl From<&Refusal> for RefusedValue {
    fn from(refusal: &Refusal) -> Self {
        Self { id: refusal.id, index: refusal.index, code: refusal.code, detail: refusal.detail.clone() }
    }
}

impl From<Refusal> for RefusalView {
    fn from(refusal: Refusal) -> Self {
        let Refusal {
            tenant_id: _,
            id,
            batch_id,
            received_at,
            index,
            code,
            detail,
            payload,
            replayed_at,
            assignment_id: _,
        } = refusal;
        Self { id, batch_id, received_at, index, code, detail, payload, replayed_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_stored_as_text_is_kept_all_the_same() {
        let reason = Reason::new(RefusalCode::ValueMalformed, format!("unknown field `\0{}`", "x".repeat(600)));
        let (_, detail, payload) = Refusal::keepable(reason, "{\"a\0b\"");
        assert!(!detail.contains('\0') && detail.chars().count() == DETAIL_CHARS + 1);
        assert_eq!(payload, "{\"a\\x00b\"");
    }
}
