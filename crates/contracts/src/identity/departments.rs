//! Departments, job roles, and which of them a member has.

use kernel::{DepartmentId, JobRoleId, MembershipId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::{EventSpec, EventType};

/// A department: a place in the tenant's tree.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepartmentView {
    /// The department's id.
    pub id: DepartmentId,
    /// Raised by every change.
    pub version: i64,
    /// The caller's own key, unique per tenant.
    pub external_key: Option<String>,
    /// The department it is part of; null at the top.
    pub parent_id: Option<DepartmentId>,
    /// Unique among the departments of the same parent.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A job role: what somebody does in departments, with what it allows them.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobRoleView {
    /// The job role's id.
    pub id: JobRoleId,
    /// Raised by every change.
    pub version: i64,
    /// Unique in the tenant.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Patterns of permissions: `domain:resource:action`, each word a name or `*`.
    pub permissions: Vec<String>,
    /// The departments that have this job.
    pub department_ids: Vec<DepartmentId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The departments of a member.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberDepartmentsView {
    /// The membership's id.
    pub id: MembershipId,
    /// The member's version.
    pub version: i64,
    /// The person.
    pub user_id: UserId,
    /// Their departments.
    pub department_ids: Vec<DepartmentId>,
}

/// The job roles of a member.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberJobRolesView {
    /// The membership's id.
    pub id: MembershipId,
    /// The member's version.
    pub version: i64,
    /// The person.
    pub user_id: UserId,
    /// Their job roles.
    pub job_role_ids: Vec<JobRoleId>,
}

super::aggregates!(DepartmentView, JobRoleView, MemberDepartmentsView, MemberJobRolesView);

/// A department was made.
pub const DEPARTMENT_CREATED: EventType<DepartmentView> =
    EventType::new("identity.department.created", "A department was made.", "identity:department:read");
/// A department was changed or moved.
pub const DEPARTMENT_CHANGED: EventType<DepartmentView> = EventType::new(
    "identity.department.changed",
    "A department's name, description, key or parent changed.",
    "identity:department:read",
);
/// A department was deleted.
pub const DEPARTMENT_DELETED: EventType<DepartmentView> =
    EventType::new("identity.department.deleted", "A department was deleted.", "identity:department:read");
/// A job role was made.
pub const JOB_ROLE_CREATED: EventType<JobRoleView> =
    EventType::new("identity.job-role.created", "A job role was made.", "identity:job-role:read");
/// A job role allows something else now, or is found elsewhere.
pub const JOB_ROLE_CHANGED: EventType<JobRoleView> = EventType::new(
    "identity.job-role.changed",
    "A job role's name, description, permissions or departments changed.",
    "identity:job-role:read",
);
/// A job role was deleted.
pub const JOB_ROLE_DELETED: EventType<JobRoleView> =
    EventType::new("identity.job-role.deleted", "A job role was deleted.", "identity:job-role:read");
/// A member has other departments.
pub const MEMBER_DEPARTMENTS_CHANGED: EventType<MemberDepartmentsView> = EventType::new(
    "identity.member-departments.changed",
    "A member belongs to other departments.",
    "identity:department:read",
);
/// A member has other job roles.
pub const MEMBER_JOB_ROLES_CHANGED: EventType<MemberJobRolesView> =
    EventType::new("identity.member-job-roles.changed", "A member has other job roles.", "identity:job-role:read");

pub(super) fn events() -> Vec<EventSpec> {
    vec![
        DEPARTMENT_CREATED.spec(),
        DEPARTMENT_CHANGED.spec(),
        DEPARTMENT_DELETED.spec(),
        JOB_ROLE_CREATED.spec(),
        JOB_ROLE_CHANGED.spec(),
        JOB_ROLE_DELETED.spec(),
        MEMBER_DEPARTMENTS_CHANGED.spec(),
        MEMBER_JOB_ROLES_CHANGED.spec(),
    ]
}
