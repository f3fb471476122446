//! What a job role is and how it may change. Pure.

use auth::Patterns;
use contracts::identity::JobRoleView;
use diesel::prelude::*;
use kernel::problem::ProblemKind;
use kernel::{Check, DepartmentId, Field, JobRoleId, Problem, TenantId, Timestamp};
use serde::Deserialize;

use crate::patterns;
use crate::schema::job_roles;

pub(super) static NAME_TAKEN: ProblemKind =
    ProblemKind::new("JOB_ROLE_NAME_TAKEN", 409, "Another job role has this name");
pub(super) static IN_USE: ProblemKind = ProblemKind::new("JOB_ROLE_IN_USE", 409, "Members have this job role");

/// The most departments of a job role.
const MOST_DEPARTMENTS: usize = 100;

/// A row of `job_roles`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = job_roles, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(super) struct JobRole {
    pub(super) tenant_id: TenantId,
    pub(super) id: JobRoleId,
    pub(super) version: i64,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) permissions: Vec<String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// A new job role.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Finance approver", "permissions": ["workflow:work-item:approve", "workflow:work-item:reject"] }))]
pub(super) struct CreateJobRole {
    /// 1 to 100 characters, unique in the tenant.
    name: String,
    /// Up to 5,000 characters.
    description: Option<String>,
    /// Patterns: `domain:resource:action`, each word a name or `*`. To approve, reject and reassign work items are
    /// `workflow:work-item:approve`, `:reject` and `:reassign`.
    permissions: Vec<String>,
    /// The departments that have this job; at most 100.
    #[serde(default)]
    pub(super) department_ids: Vec<DepartmentId>,
}

/// A change of a job role; what is left out stays, `null` clears.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "permissions": ["workflow:work-item:*"] }))]
pub(super) struct JobRolePatch {
    /// 1 to 100 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Field<String>,
    /// Up to 5,000 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Field<String>,
    /// Replaces the patterns.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    permissions: Field<Vec<String>>,
    /// Replaces the departments.
    #[serde(default)]
    #[schema(value_type = Option<Vec<DepartmentId>>)]
    department_ids: Field<Vec<DepartmentId>>,
}

impl JobRole {
    /// A new job role with its departments.
    pub(super) fn create(
        command: CreateJobRole,
        tenant_id: TenantId,
        now: Timestamp,
    ) -> Result<(Self, Vec<DepartmentId>), Problem> {
        let CreateJobRole { name, description, permissions, department_ids } = command;
        let role = Self {
            tenant_id,
            id: JobRoleId::fresh(),
            version: 1,
            name: name.trim().to_owned(),
            description,
            permissions,
            created_at: now,
            updated_at: now,
        };
        role.check(&department_ids, Check::new())?;
        Ok((role, department_ids))
    }

    /// The job role after a patch, with its departments.
    pub(super) fn change(
        mut self,
        mut departments: Vec<DepartmentId>,
        patch: JobRolePatch,
        now: Timestamp,
    ) -> Result<(Self, Vec<DepartmentId>), Problem> {
        let JobRolePatch { name, description, permissions, department_ids } = patch;
        let mut check = Check::new();
        check.not_null("/name", name.set(&mut self.name));
        description.set_option(&mut self.description);
        check.not_null("/permissions", permissions.set(&mut self.permissions));
        check.not_null("/departmentIds", department_ids.set(&mut departments));
        self.name = self.name.trim().to_owned();
        self.check(&departments, check)?;
        Ok((Self { version: self.version + 1, updated_at: now, ..self }, departments))
    }

    pub(super) fn patterns(&self) -> Patterns {
        Patterns::new(self.permissions.iter().cloned())
    }

    pub(super) fn view(self, mut department_ids: Vec<DepartmentId>) -> JobRoleView {
        department_ids.sort_unstable();
        let Self { tenant_id: _, id, version, name, description, permissions, created_at, updated_at } = self;
        JobRoleView { id, version, name, description, permissions, department_ids, created_at, updated_at }
    }

    fn check(&self, departments: &[DepartmentId], mut check: Check) -> Result<(), Problem> {
        check.line("/name", &self.name, 1, 100);
        check.optional_text("/description", self.description.as_deref(), 5_000);
        patterns::check(&mut check, "/permissions", &self.permissions);
        check.that(departments.len() <= MOST_DEPARTMENTS, "/departmentIds", "TOO_MANY", || {
            format!("give at most {MOST_DEPARTMENTS}")
        });
        check.distinct("/departmentIds", departments);
        check.finish()
    }
}
