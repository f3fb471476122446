//! Roles: named sets of permission patterns. Each tenant starts with the built-in ones and adds its own.

mod api;
mod built_in;
mod store;

use auth::Patterns;
use contracts::identity::RoleView;
use diesel::prelude::*;
use kernel::problem::ProblemKind;
use kernel::{Check, Problem, RoleId, TenantId, Timestamp};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::patterns;
use crate::schema::roles;

pub(crate) use built_in::OWNER;
pub(crate) use store::{existing, held_by, insert_built_in, lock, patterns_of};

static NAME_TAKEN: ProblemKind = ProblemKind::new("ROLE_NAME_TAKEN", 409, "Another role has this name");
static BUILT_IN: ProblemKind = ProblemKind::new("ROLE_BUILT_IN", 409, "Built-in roles stay as they are");
static IN_USE: ProblemKind = ProblemKind::new("ROLE_IN_USE", 409, "Members hold this role");

/// A row of `roles`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = roles, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Role {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: RoleId,
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) permissions: Vec<String>,
    pub(crate) built_in: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Role {
    fn patterns(&self) -> Patterns {
        Patterns::new(self.permissions.iter().cloned())
    }

    fn check(&self, mut check: Check) -> Result<(), Problem> {
        let plain = self.name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        check.that(plain && (1..=50).contains(&self.name.len()), "/name", "ROLE_NAME", || {
            "give 1 to 50 of A-Z, 0-9 and _".to_owned()
        });
        check.text("/description", &self.description, 0, 500);
        patterns::check(&mut check, "/permissions", &self.permissions);
        check.finish()
    }
}

impl From<Role> for RoleView {
    fn from(role: Role) -> Self {
        let Role { tenant_id: _, id, version, name, description, permissions, built_in, created_at, updated_at } = role;
        Self { id, version, name, description, permissions, built_in, created_at, updated_at }
    }
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::list_roles)
        .service(api::create_role)
        .service(api::show_role)
        .service(api::change_role)
        .service(api::delete_role);
}
