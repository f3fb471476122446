//! Invitations: the way into a tenant for people it does not know yet, whether or not the platform knows them.
//!
//! The inviter learns nothing of other tenants: a letter goes out in any case, and what the link leads to is between the
//! platform and whoever reads the letters of that address.

mod accept;
mod api;
mod import;
mod store;

use contracts::identity::invitations::InvitationView;
use diesel::prelude::*;
use kernel::problem::ProblemKind;
use kernel::{Check, InvitationId, TenantId, Timestamp};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::members::check_email;
use crate::schema::invitations;

pub(crate) use store::find_pending;

static NOT_PENDING: ProblemKind =
    ProblemKind::new("INVITATION_NOT_PENDING", 409, "The invitation does not wait any more");
static ALREADY_INVITED: ProblemKind = ProblemKind::new("INVITATION_EXISTS", 409, "This address is invited already");

kernel::text_enum! {
    /// What became of an invitation.
    pub enum InvitationStatus {
        /// It waits, unless it has expired.
        Pending = "PENDING",
        /// The person is a member.
        Accepted = "ACCEPTED",
        /// It was taken back.
        Withdrawn = "WITHDRAWN",
    }
}

/// A row of `invitations`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = invitations, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Invitation {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: InvitationId,
    pub(crate) version: i64,
    pub(crate) email: String,
    pub(crate) name: Option<String>,
    pub(crate) job_title: Option<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) status: InvitationStatus,
    pub(crate) invited_by: String,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

impl Invitation {
    fn view(&self, now: Timestamp) -> InvitationView {
        let expired = self.status == InvitationStatus::Pending && self.expires_at <= now;
        InvitationView {
            id: self.id,
            version: self.version,
            email: self.email.clone(),
            name: self.name.clone(),
            job_title: self.job_title.clone(),
            roles: self.roles.clone(),
            status: if expired { "EXPIRED".to_owned() } else { self.status.to_string() },
            invited_by: self.invited_by.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            expires_at: self.expires_at,
        }
    }

    /// What it must look like.
    fn check(&self, check: &mut Check) {
        check_email(check, &self.email);
        check.optional_line("/name", self.name.as_deref(), 255);
        check.optional_line("/jobTitle", self.job_title.as_deref(), 100);
        check.distinct("/roles", &self.roles);
    }
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::invite)
        .service(api::list_invitations)
        .service(import::import_invitations)
        .service(accept::look_at_invitation)
        .service(accept::accept_invitation)
        .service(api::show_invitation)
        .service(api::withdraw_invitation)
        .service(api::resend_invitation);
}
