//! What a version is. Pure.

use contracts::catalog::VersionView;
use diesel::prelude::*;
use kernel::problem::ProblemKind;
use kernel::{Check, Problem, TenantId, Timestamp, VersionId};
use serde::Deserialize;
use uuid::Uuid;

use crate::fields;
use crate::owners::{Owner, OwnerKind, Under};
use crate::refusals::Refusal;
use crate::schema::versions;

static NAME_TAKEN: ProblemKind =
    ProblemKind::new("VERSION_NAME_TAKEN", 409, "Another version of this owner has this name");

/// What two versions of an owner cannot share.
pub(super) static REFUSALS: &[Refusal] =
    &[("versions_name_key", &NAME_TAKEN, "Choose another name, or delete the version that has it first.")];

/// A row of `versions`, without what it keeps.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = versions, check_for_backend(diesel::pg::Pg))]
pub(super) struct Version {
    pub(super) tenant_id: TenantId,
    pub(super) id: VersionId,
    pub(super) version: i64,
    revision: i64,
    owner_kind: OwnerKind,
    owner_id: Uuid,
    name: String,
    description: Option<String>,
    created_at: Timestamp,
}

/// A new version.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Before the spring release" }))]
pub(super) struct CreateVersion {
    /// 1 to 255 characters, unique among the versions of its owner.
    name: String,
    /// Up to 5,000 characters.
    description: Option<String>,
}

impl Version {
    pub(super) fn create(command: CreateVersion, under: &Under) -> Result<Self, Problem> {
        let CreateVersion { name, description } = command;
        let name = name.trim().to_owned();
        let mut check = Check::new();
        fields::name(&mut check, &name);
        fields::description(&mut check, description.as_deref());
        check.finish()?;
        Ok(Self {
            tenant_id: under.tenant,
            id: VersionId::fresh(),
            version: 1,
            revision: under.revision,
            owner_kind: under.owner.kind(),
            owner_id: under.owner.id(),
            name,
            description,
            created_at: under.now,
        })
    }

    /// The version at its own next version.
    pub(super) fn touched(self) -> Self {
        Self { version: self.version + 1, ..self }
    }

    pub(super) fn owner(&self) -> Owner {
        Owner::of(self.owner_kind, self.owner_id)
    }
}

impl From<Version> for VersionView {
    fn from(row: Version) -> Self {
        let (product_id, solution_id) = row.owner().ids();
        let Version { id, version, revision, name, description, created_at, .. } = row;
        Self { id, version, revision, product_id, solution_id, name, description, created_at }
    }
}
