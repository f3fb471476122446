//! Members: a person's place in a tenant, with the roles they hold there.
//!
//! Nobody can give away more than they hold, and a tenant always keeps an active owner.

mod api;
mod profile;
mod store;
pub(crate) mod waiting;

use auth::Patterns;
use contracts::identity::{MEMBER_CHANGED, MemberView};
use db::{Conn, Tx};
use diesel::prelude::*;
use kernel::problem::ProblemKind;
use kernel::{Check, MembershipId, Problem, TenantId, Timestamp, UserId};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::accounts::users::User;
use crate::grants;
use crate::job_roles;
use crate::patterns::{may_act_on, may_give, must_fit_a_token};
use crate::roles::{self, OWNER};
use crate::schema::members;

pub(crate) use profile::{let_in, of_user, tell_of_profile};
pub(crate) use store::{fetch_for_change, find, holders, insert, lock_of_user, page, permissions_of};

/// A tenant without an owner could never be governed again.
static LAST_OWNER: ProblemKind = ProblemKind::new("MEMBER_LAST_OWNER", 409, "The tenant needs an active owner");
/// A person has one place in a tenant.
static ALREADY_MEMBER: ProblemKind = ProblemKind::new("MEMBER_ALREADY_MEMBER", 409, "Already a member");

kernel::text_enum! {
    /// Whether a member may sign in to the tenant.
    pub enum MemberStatus {
        /// May sign in once the e-mail address is verified.
        Pending = "PENDING",
        /// May sign in.
        Active = "ACTIVE",
        /// May not sign in; tokens stop counting.
        Suspended = "SUSPENDED",
    }
}

/// A row of `members`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = members, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Member {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: MembershipId,
    pub(crate) version: i64,
    pub(crate) user_id: UserId,
    pub(crate) status: MemberStatus,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) job_title: Option<String>,
    /// Tokens from before do not count.
    pub(crate) rights_changed_at: Timestamp,
}

impl Member {
    /// A new, active member.
    pub(crate) fn new(tenant_id: TenantId, user_id: UserId, now: Timestamp) -> Self {
        Self {
            tenant_id,
            id: MembershipId::fresh(),
            version: 1,
            user_id,
            status: MemberStatus::Active,
            created_at: now,
            updated_at: now,
            job_title: None,
            rights_changed_at: now,
        }
    }

    /// The same member with another status, or other roles: tokens from before end.
    pub(crate) fn changed(&self, status: MemberStatus, now: Timestamp) -> Self {
        Self { version: self.version + 1, status, updated_at: now, rights_changed_at: now, ..self.clone() }
    }

    /// The member as partners see them.
    pub(crate) fn view(&self, user: &User, roles: Vec<String>) -> MemberView {
        MemberView {
            id: self.id,
            version: self.version,
            user_id: self.user_id,
            email: user.email.clone(),
            username: user.username.clone(),
            name: user.name.clone(),
            job_title: self.job_title.clone(),
            avatar: user.avatar_hash.as_ref().map(|hash| format!("/identity/v1/members/{}/avatar?v={hash}", self.id)),
            status: self.status.to_string(),
            roles,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// Whether a tenant keeps an owner when a member changes from `before` to `after`.
fn keeps_an_owner(
    other_owners: i64,
    before: (MemberStatus, &[String]),
    after: (MemberStatus, &[String]),
) -> Result<(), Problem> {
    let owns = |(status, roles): (MemberStatus, &[String])| {
        status == MemberStatus::Active && roles.iter().any(|role| role == OWNER)
    };
    if owns(before) && !owns(after) && other_owners == 0 {
        return Err(LAST_OWNER.detail("This is the last active owner. Make somebody else an owner first."));
    }
    Ok(())
}

/// Nobody grants what they do not hold, nor more than a token can carry.
pub(crate) fn may_grant(own: &Patterns, granted: &Patterns) -> Result<(), Problem> {
    must_fit_a_token("/roles", granted)?;
    may_give(own, granted)
}

/// The person behind a membership.
pub(crate) async fn user_of(conn: &Conn, tenant: TenantId, id: MembershipId) -> Result<UserId, Problem> {
    let (member, ..) = find(conn, tenant, id).await?.ok_or_else(|| Problem::not_found("member"))?;
    Ok(member.user_id)
}

/// The person behind a membership, for one who may act on them.
pub(crate) async fn acted_on(tx: &mut Tx, own: &Patterns, id: MembershipId) -> Result<UserId, Problem> {
    let found = find(tx, tx.tenant(), id).await?;
    let (member, _, roles) = found.ok_or_else(|| Problem::not_found("member"))?;
    may_be_acted_on(tx, own, &member, &roles).await?;
    Ok(member.user_id)
}

/// Nobody acts on a member who may do more than they may themselves: everywhere, or with what is granted.
async fn may_be_acted_on(tx: &Tx, own: &Patterns, member: &Member, roles: &[String]) -> Result<(), Problem> {
    may_act_on(own, &patterns_with(tx, member.id, roles).await?)?;
    grants::may_act_on(tx, own, member.user_id).await
}

/// What a member may do when active.
pub(crate) async fn patterns_of(tx: &Tx, id: MembershipId) -> Result<Patterns, Problem> {
    let found = find(tx, tx.tenant(), id).await?;
    let (_, _, roles) = found.ok_or_else(|| Problem::not_found("member"))?;
    patterns_with(tx, id, &roles).await
}

/// What a member with these roles may do, their job roles included.
async fn patterns_with(tx: &Tx, id: MembershipId, roles: &[String]) -> Result<Patterns, Problem> {
    let by_roles = roles::patterns_of(tx, roles).await?;
    let by_jobs = job_roles::patterns_of_member(tx, tx.tenant(), id).await?;
    Ok(Patterns::new(by_roles.as_slice().iter().cloned().chain(by_jobs)))
}

/// Raises the version of members because something about them changed, and tells: their tokens from before stop counting.
pub(crate) async fn touch(tx: &mut Tx, ids: &[MembershipId]) -> Result<(), Problem> {
    let touched = store::touch(tx, ids).await?;
    let views = touched.into_iter().map(|(member, user, roles)| member.view(&user, roles));
    let pairs: Vec<_> = views.map(|view| (MemberView { version: view.version - 1, ..view.clone() }, view)).collect();
    tx.announce_all(&MEMBER_CHANGED, pairs.iter().map(|(before, after)| (Some(before), after))).await
}

/// What a person's names must look like.
pub(crate) fn check_person(check: &mut Check, email: &str, username: &str, name: &str) {
    check_email(check, email);
    check.text("/username", username, 1, 100);
    check.that(!username.contains(|c: char| c == '@' || c.is_whitespace()), "/username", "USERNAME", || {
        "must not contain blanks or @, so that it cannot be taken for another name or an e-mail address".to_owned()
    });
    check.line("/name", name, 1, 255);
}

/// What an e-mail address must look like.
pub(crate) fn check_email(check: &mut Check, email: &str) {
    let plausible = email.len() <= 254 && email.parse::<lettre::Address>().is_ok_and(|one| one.domain().contains('.'));
    check.that(plausible, "/email", "EMAIL", || "is not an e-mail address".to_owned());
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::add_member)
        .service(api::list_members)
        .service(api::show_member)
        .service(api::change_member)
        .service(api::show_avatar)
        .service(api::remove_member);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_owner_stays_and_stays_active() {
        let (owner, agent) = ([OWNER.to_owned()], ["AGENT".to_owned()]);
        let active = MemberStatus::Active;
        assert!(keeps_an_owner(0, (active, &owner), (active, &agent)).is_err());
        assert!(keeps_an_owner(0, (active, &owner), (MemberStatus::Suspended, &owner)).is_err());
        assert!(keeps_an_owner(1, (active, &owner), (active, &agent)).is_ok());
        assert!(keeps_an_owner(0, (active, &agent), (MemberStatus::Suspended, &agent)).is_ok());
    }
}
