//! What a department is and how it may change. Pure.

use contracts::identity::DepartmentView;
use diesel::prelude::*;
use kernel::problem::ProblemKind;
use kernel::{Check, DepartmentId, Field, Problem, TenantId, Timestamp};
use serde::Deserialize;

use crate::schema::departments;

pub(super) static NAME_TAKEN: ProblemKind =
    ProblemKind::new("DEPARTMENT_NAME_TAKEN", 409, "Another department beside it has this name");
pub(super) static KEY_TAKEN: ProblemKind =
    ProblemKind::new("DEPARTMENT_EXTERNAL_KEY_TAKEN", 409, "Another department has this external key");
pub(super) static HAS_CHILDREN: ProblemKind =
    ProblemKind::new("DEPARTMENT_HAS_CHILDREN", 409, "The department has others within it");
pub(super) static HAS_MEMBERS: ProblemKind =
    ProblemKind::new("DEPARTMENT_HAS_MEMBERS", 409, "Members belong to the department");
pub(super) static HAS_JOB_ROLES: ProblemKind =
    ProblemKind::new("DEPARTMENT_HAS_JOB_ROLES", 409, "Job roles belong to the department");

/// A row of `departments`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = departments, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(super) struct Department {
    pub(super) tenant_id: TenantId,
    pub(super) id: DepartmentId,
    pub(super) version: i64,
    pub(super) external_key: Option<String>,
    pub(super) parent_id: Option<DepartmentId>,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// A new department.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Customer success", "externalKey": "cs" }))]
pub(super) struct CreateDepartment {
    /// 1 to 255 characters, unique among the departments of the same parent.
    name: String,
    /// Up to 5,000 characters.
    description: Option<String>,
    /// The department it is part of; left out at the top.
    parent_id: Option<DepartmentId>,
    /// The caller's own key, unique per tenant: makes imports repeatable.
    external_key: Option<String>,
}

/// A change of a department; what is left out stays, `null` clears.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Customer happiness" }))]
pub(super) struct DepartmentPatch {
    /// 1 to 255 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Field<String>,
    /// Up to 5,000 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Field<String>,
    /// Moves it, with all that is under it; `null` to the top.
    #[serde(default)]
    #[schema(value_type = Option<DepartmentId>)]
    pub(super) parent_id: Field<DepartmentId>,
    /// The caller's own key.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    external_key: Field<String>,
}

impl Department {
    pub(super) fn create(command: CreateDepartment, tenant_id: TenantId, now: Timestamp) -> Result<Self, Problem> {
        let CreateDepartment { name, description, parent_id, external_key } = command;
        let department = Self {
            tenant_id,
            id: DepartmentId::fresh(),
            version: 1,
            external_key,
            parent_id,
            name: name.trim().to_owned(),
            description,
            created_at: now,
            updated_at: now,
        };
        department.check(Check::new())?;
        Ok(department)
    }

    pub(super) fn change(mut self, patch: DepartmentPatch, now: Timestamp) -> Result<Self, Problem> {
        let DepartmentPatch { name, description, parent_id, external_key } = patch;
        let mut check = Check::new();
        check.not_null("/name", name.set(&mut self.name));
        description.set_option(&mut self.description);
        parent_id.set_option(&mut self.parent_id);
        external_key.set_option(&mut self.external_key);
        self.name = self.name.trim().to_owned();
        self.check(check)?;
        Ok(Self { version: self.version + 1, updated_at: now, ..self })
    }

    fn check(&self, mut check: Check) -> Result<(), Problem> {
        check.line("/name", &self.name, 1, 255);
        check.optional_text("/description", self.description.as_deref(), 5_000);
        if let Some(key) = &self.external_key {
            check.text("/externalKey", key, 1, 200);
        }
        check.finish()
    }
}

impl From<Department> for DepartmentView {
    fn from(row: Department) -> Self {
        let Department {
            tenant_id: _,
            id,
            version,
            external_key,
            parent_id,
            name,
            description,
            created_at,
            updated_at,
        } = row;
        Self { id, version, external_key, parent_id, name, description, created_at, updated_at }
    }
}
