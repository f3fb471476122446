//! What a grant is, and who may give it. Pure.

use auth::{Patterns, gives};
use contracts::identity::{GrantLevel, GrantSubject, GrantView, GrantedType};
use diesel::prelude::*;
use kernel::problem::{PERMISSION_DENIED, ProblemKind};
use kernel::{GrantId, Problem, TenantId, Timestamp};
use serde::Deserialize;
use uuid::Uuid;

use crate::schema::grants;

pub(super) static EXISTS: ProblemKind = ProblemKind::new("GRANT_EXISTS", 409, "There is a grant of this already");
pub(super) static TOO_MANY: ProblemKind = ProblemKind::new("GRANT_TOO_MANY", 409, "There are too many grants");

/// A row of `grants`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = grants, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Grant {
    pub(super) tenant_id: TenantId,
    pub(super) id: GrantId,
    pub(super) version: i64,
    pub(super) subject_type: GrantSubject,
    pub(super) subject_id: Uuid,
    pub(super) resource_type: GrantedType,
    pub(super) resource_id: Option<Uuid>,
    pub(super) level: GrantLevel,
    pub(super) created_at: Timestamp,
}

/// A new grant.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "subjectType": "ROLE", "subjectId": "01938a5e-7c4b-7e3a-9f00-000000000001", "resourceType": "PRODUCT", "resourceId": "01938a5e-7c4b-7e3a-9f00-000000000002", "level": "READ" }))]
pub(super) struct CreateGrant {
    /// USER, ROLE or SERVICE_ACCOUNT.
    pub(super) subject_type: GrantSubject,
    /// The person's id (`userId` of a member), the role's or the service account's.
    pub(super) subject_id: Uuid,
    /// PRODUCT, SOLUTION or CUSTOMER.
    pub(super) resource_type: GrantedType,
    /// Which one; none is all of the kind, and new ones. It is not looked up: an id of nothing leads nowhere.
    pub(super) resource_id: Option<Uuid>,
    /// READ, WRITE or ADMIN.
    pub(super) level: GrantLevel,
}

impl Grant {
    pub(super) fn create(command: CreateGrant, tenant_id: TenantId, now: Timestamp) -> Self {
        let CreateGrant { subject_type, subject_id, resource_type, resource_id, level } = command;
        let id = GrantId::fresh();
        Self { tenant_id, id, version: 1, subject_type, subject_id, resource_type, resource_id, level, created_at: now }
    }

    /// The grant at another level.
    pub(super) fn at(&self, level: GrantLevel) -> Self {
        Self { version: self.version + 1, level, ..self.clone() }
    }

    /// Refuses one who may not give this: it takes all that the grant gives, everywhere, or ADMIN on the same thing.
    pub(super) fn require_giver(&self, own: &Patterns, granted: &[auth::Grant]) -> Result<(), Problem> {
        let held = gives(self.resource_type, self.level).iter().all(|permission| own.allow(permission));
        let administers = |grant: &auth::Grant| {
            grant.level == GrantLevel::Admin
                && grant.resource_type == self.resource_type
                && (grant.resource_id.is_none() || grant.resource_id == self.resource_id)
        };
        if held || granted.iter().any(administers) {
            return Ok(());
        }
        let needed = gives(self.resource_type, self.level).join(", ");
        let how =
            format!("You cannot grant what you do not hold: it takes {needed}, or a grant of ADMIN on the same thing.");
        Err(PERMISSION_DENIED.detail(how))
    }
}

impl From<&Grant> for auth::Grant {
    fn from(grant: &Grant) -> Self {
        let Grant { id, resource_type, resource_id, level, .. } = *grant;
        Self { id, resource_type, resource_id, level }
    }
}

impl From<Grant> for GrantView {
    fn from(grant: Grant) -> Self {
        let Grant {
            tenant_id: _,
            id,
            version,
            subject_type,
            subject_id,
            resource_type,
            resource_id,
            level,
            created_at,
        } = grant;
        Self { id, version, subject_type, subject_id, resource_type, resource_id, level, created_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gives_what_they_do_not_hold() {
        let (ours, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let grant = |resource_id, level| {
            let command = CreateGrant {
                subject_type: GrantSubject::User,
                subject_id: Uuid::nil(),
                resource_type: GrantedType::Product,
                resource_id,
                level,
            };
            Grant::create(command, TenantId::fresh(), Timestamp::from_micros(0))
        };
        let patterns = |text: &str| Patterns::new([text.to_owned()]);
        let write = grant(Some(ours), GrantLevel::Write);
        assert!(write.require_giver(&patterns("catalog:*:*"), &[]).is_ok());
        assert!(write.require_giver(&patterns("catalog:*:read"), &[]).is_err());
        assert!(grant(None, GrantLevel::Read).require_giver(&patterns("catalog:*:read"), &[]).is_ok());
        assert!(grant(None, GrantLevel::Admin).require_giver(&patterns("catalog:product:write"), &[]).is_err());
        let own = |id, level| [auth::Grant::from(&grant(id, level))];
        let nothing = Patterns::default();
        assert!(write.require_giver(&nothing, &own(Some(ours), GrantLevel::Admin)).is_ok());
        assert!(write.require_giver(&nothing, &own(None, GrantLevel::Admin)).is_ok());
        assert!(write.require_giver(&nothing, &own(Some(ours), GrantLevel::Write)).is_err());
        assert!(write.require_giver(&nothing, &own(Some(other), GrantLevel::Admin)).is_err());
        assert!(grant(None, GrantLevel::Read).require_giver(&nothing, &own(Some(ours), GrantLevel::Admin)).is_err());
    }
}
