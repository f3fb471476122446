//! Who has which job role.

use actix_web::web::Data;
use actix_web::{get, put};
use contracts::identity::{MEMBER_JOB_ROLES_CHANGED, MemberJobRolesView};
use db::{Conn, Db};
use kernel::{Check, JobRoleId, MembershipId, Problem, TenantId, UserId};
use serde::Deserialize;
use web::{Allow, Answer, Body, Path, Reply};

use super::store;
use crate::members;
use crate::patterns::{may_give, must_fit_a_token};
use crate::permissions::{MemberRead, MemberWrite};

/// The most job roles of a member.
const MOST: usize = 100;

/// The job roles that a member is to have.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SetJobRoles {
    /// Replaces the member's job roles; at most 100.
    job_role_ids: Vec<JobRoleId>,
}

/// Show the job roles of a member
///
/// Their ids.
#[utoipa::path(tag = "members", security(("bearer" = [MemberRead::NAME])), responses((status = 200, body = MemberJobRolesView)))]
#[get("/members/{memberId}/job-roles")]
pub(super) async fn show_member_job_roles(
    who: Allow<MemberRead>,
    db: Data<Db>,
    Path(id): Path<MembershipId>,
) -> Answer {
    who.read(&db, async |conn| {
        let found = members::find(conn, who.tenant, id).await?;
        let (member, ..) = found.ok_or_else(|| Problem::not_found("member"))?;
        Reply::show(&view(conn, who.tenant, (id, member.version, member.user_id)).await?)
    })
    .await
}

/// Set the job roles of a member
///
/// Replaces all of them. Nobody can give one that allows more than they may themselves, nor act on a member who may do
/// more. Tokens from before stop counting at once. The member's version rises; `If-Match` is honoured when sent.
/// Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "members", request_body = SetJobRoles, security(("bearer" = [MemberWrite::NAME])), responses((status = 200, body = MemberJobRolesView), (status = 412, description = "Somebody else changed the member.")))]
#[put("/members/{memberId}/job-roles")]
pub(super) async fn set_member_job_roles(
    who: Allow<MemberWrite>,
    db: Data<Db>,
    Path(id): Path<MembershipId>,
    Body(SetJobRoles { job_role_ids: ids }): Body<SetJobRoles>,
) -> Answer {
    who.has_just_signed_in()?;
    let mut check = Check::new();
    check.that(ids.len() <= MOST, "/jobRoleIds", "TOO_MANY", || format!("give at most {MOST}"));
    check.distinct("/jobRoleIds", &ids);
    check.finish()?;
    who.write(&db, async |tx| {
        let member = members::fetch_for_change(tx, id).await?;
        who.expect_version(member.version)?;
        members::acted_on(tx, &who.permissions, id).await?;
        may_give(&who.permissions, &store::patterns_of(tx, &ids).await?)?;
        let before = view(tx, tx.tenant(), (id, member.version, member.user_id)).await?;
        store::set_of_member(tx, id, &ids).await?;
        must_fit_a_token("/jobRoleIds", &members::patterns_of(tx, id).await?)?;
        members::touch(tx, &[id]).await?;
        let after = view(tx, tx.tenant(), (id, member.version + 1, member.user_id)).await?;
        tx.announce(&MEMBER_JOB_ROLES_CHANGED, Some(&before), &after).await?;
        Reply::show(&after)
    })
    .await
}

async fn view(
    conn: &Conn,
    tenant: TenantId,
    (id, version, user_id): (MembershipId, i64, UserId),
) -> Result<MemberJobRolesView, Problem> {
    Ok(MemberJobRolesView { id, version, user_id, job_role_ids: store::of_member(conn, tenant, id).await? })
}
