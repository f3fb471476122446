//! Invitations over HTTP, for those who invite.

use actix_web::web::Data;
use actix_web::{delete, get, post};
use chrono::Duration;
use contracts::identity::invitations::{INVITATION_CREATED, INVITATION_RESENT, INVITATION_WITHDRAWN, InvitationView};
use contracts::identity::settings::TenantSettings;
use db::{Db, Tx};
use kernel::problem::ProblemKind;
use kernel::{Check, Cursor, InvitationId, Page, PageQuery, Problem, Timestamp};
use serde::Deserialize;
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::{Invitation, InvitationStatus, NOT_PENDING, store};
use crate::accounts::letters::{self, Letter, LetterKind};
use crate::accounts::links;
use crate::members::may_grant;
use crate::permissions::{MemberRead, MemberWrite};
use crate::{grants, roles, settings};

const LIST: &str = "invitations";
static IS_MEMBER: ProblemKind = ProblemKind::new("INVITATION_OF_MEMBER", 409, "This address is a member's already");

/// Somebody to be invited.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "email": "lee@example.com", "name": "Lee Chan", "roles": ["CSS"] }))]
pub(crate) struct Invite {
    /// Where the link goes.
    email: String,
    /// What to call the person, if known.
    #[serde(default)]
    name: Option<String>,
    /// What they will do here.
    #[serde(default)]
    job_title: Option<String>,
    /// Names of roles of the tenant.
    roles: Vec<String>,
}

/// Filters and paging of invitations.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct InvitationQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// PENDING (also those that have expired), ACCEPTED or WITHDRAWN. Repeat for more.
    #[serde(default)]
    #[param(inline)]
    status: Vec<InvitationStatus>,
}

/// Invite somebody
///
/// Sends a link by mail; whether the platform knows the person is not told. Nobody can give a role that allows more than
/// they may themselves. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "invitations", request_body = Invite, security(("bearer" = [MemberWrite::NAME])), responses((status = 201, body = InvitationView), (status = 409, description = "A member already, or invited.")))]
#[post("/invitations")]
pub(crate) async fn invite(who: Allow<MemberWrite>, db: Data<Db>, Body(command): Body<Invite>) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        let Invite { email, name, job_title, roles } = command;
        let invitation = drafted(tx, &settings::of(tx, who.tenant).await?, email, name, job_title, roles);
        let mut check = Check::new();
        invitation.check(&mut check);
        check.finish()?;
        may_grant(&who.permissions, &roles::patterns_of(tx, &invitation.roles).await?)?;
        grants::may_give_roles(tx, &who.permissions, &invitation.roles).await?;
        let folded = invitation.email.to_lowercase();
        if store::is_member(tx, &folded).await? {
            let how = "This address is a member's. Change the member instead.";
            return Err(IS_MEMBER.detail(how).at("/email", "MEMBER", how));
        }
        withdraw_expired(tx, &[folded]).await?;
        send(tx, &invitation).await?;
        Reply::created(&invitation.view(tx.now()), "/identity/v1/invitations")
    })
    .await
}

/// List invitations
///
/// The newest first.
#[utoipa::path(tag = "invitations", params(InvitationQuery), security(("bearer" = [MemberRead::NAME])), responses((status = 200, body = Page<InvitationView>)))]
#[get("/invitations")]
pub(crate) async fn list_invitations(
    who: Allow<MemberRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<InvitationQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, LIST)?);
    let now = context.clock.now();
    who.read(&db, async |conn| {
        let after = after.and_then(|cursor| cursor.key::<InvitationId>(0));
        let rows = store::page(conn, who.tenant, &query.status, after, limit).await?;
        let page = Cursor::page(rows, limit, &context.config.keys, LIST, |row| vec![row.id.to_string().into()]);
        Reply::ok(&page.map(|row| row.view(now)))
    })
    .await
}

/// Show an invitation
///
/// Its link is in the letter only.
#[utoipa::path(tag = "invitations", security(("bearer" = [MemberRead::NAME])), responses((status = 200, body = InvitationView)))]
#[get("/invitations/{invitationId}")]
pub(crate) async fn show_invitation(
    who: Allow<MemberRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path(id): Path<InvitationId>,
) -> Answer {
    let now = context.clock.now();
    who.read(&db, async |conn| {
        let found = store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("invitation"))?;
        Reply::show(&found.view(now))
    })
    .await
}

/// Withdraw an invitation
///
/// Its link stops counting.
#[utoipa::path(tag = "invitations", security(("bearer" = [MemberWrite::NAME])), responses((status = 204, description = "Withdrawn."), (status = 409, description = "It was accepted or withdrawn already.")))]
#[delete("/invitations/{invitationId}")]
pub(crate) async fn withdraw_invitation(who: Allow<MemberWrite>, db: Data<Db>, Path(id): Path<InvitationId>) -> Answer {
    who.write(&db, async |tx| {
        let before = pending(tx, id).await?;
        who.expect_version(before.version)?;
        withdraw(tx, before).await?;
        Ok(Reply::done())
    })
    .await
}

/// Send an invitation again
///
/// With a new link, which counts as long as that of a new invitation; the old one stops counting. Needs a sign-in not older
/// than 15 minutes.
#[utoipa::path(tag = "invitations", security(("bearer" = [MemberWrite::NAME])), responses((status = 200, body = InvitationView), (status = 409, description = "It was accepted or withdrawn.")))]
#[post("/invitations/{invitationId}/resend")]
pub(crate) async fn resend_invitation(who: Allow<MemberWrite>, db: Data<Db>, Path(id): Path<InvitationId>) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        let before = pending(tx, id).await?;
        who.expect_version(before.version)?;
        may_grant(&who.permissions, &roles::patterns_of(tx, &before.roles).await?)?;
        grants::may_give_roles(tx, &who.permissions, &before.roles).await?;
        let expires_at = expiry(&settings::of(tx, who.tenant).await?, tx.now());
        let after = Invitation { version: before.version + 1, updated_at: tx.now(), expires_at, ..before.clone() };
        store::update(tx, &after).await?;
        post_letter(tx, &after).await?;
        let (before, after) = (before.view(tx.now()), after.view(tx.now()));
        tx.announce(&INVITATION_RESENT, Some(&before), &after).await?;
        Reply::show(&after)
    })
    .await
}

/// An invitation by the caller, as it would be sent.
pub(super) fn drafted(
    tx: &Tx,
    settings: &TenantSettings,
    email: String,
    name: Option<String>,
    job_title: Option<String>,
    roles: Vec<String>,
) -> Invitation {
    Invitation {
        tenant_id: tx.tenant(),
        id: InvitationId::fresh(),
        version: 1,
        email: email.trim().to_owned(),
        name,
        job_title,
        roles,
        status: InvitationStatus::Pending,
        invited_by: tx.actor().id(),
        created_at: tx.now(),
        updated_at: tx.now(),
        expires_at: expiry(settings, tx.now()),
    }
}

async fn withdraw(tx: &mut Tx, before: Invitation) -> Result<(), Problem> {
    let status = InvitationStatus::Withdrawn;
    let after = Invitation { version: before.version + 1, status, updated_at: tx.now(), ..before.clone() };
    store::update(tx, &after).await?;
    links::withdraw_invitation(tx, after.id).await?;
    let (before, after) = (before.view(tx.now()), after.view(tx.now()));
    tx.announce(&INVITATION_WITHDRAWN, Some(&before), &after).await
}

/// Withdraws the invitations of some addresses, in lower case, that have expired: others take their places.
pub(super) async fn withdraw_expired(tx: &mut Tx, folded: &[String]) -> Result<(), Problem> {
    for expired in store::expired_for_change(tx, folded).await? {
        withdraw(tx, expired).await?;
    }
    Ok(())
}

/// Keeps an invitation, with the letter that will carry its link.
pub(super) async fn send(tx: &mut Tx, invitation: &Invitation) -> Result<(), Problem> {
    store::insert(tx, invitation).await?;
    post_letter(tx, invitation).await?;
    tx.announce(&INVITATION_CREATED, None, &invitation.view(tx.now())).await
}

async fn post_letter(tx: &mut Tx, invitation: &Invitation) -> Result<(), Problem> {
    let letter = Letter::new(LetterKind::Invitation, tx.now());
    letters::post(tx, &Letter { tenant_id: Some(invitation.tenant_id), invitation_id: Some(invitation.id), ..letter })
        .await
}

async fn pending(tx: &mut Tx, id: InvitationId) -> Result<Invitation, Problem> {
    let found = store::fetch_for_change(tx, id).await?;
    if found.status != InvitationStatus::Pending {
        return Err(NOT_PENDING.detail(format!("The invitation is {}.", found.status)));
    }
    Ok(found)
}

fn expiry(settings: &TenantSettings, now: Timestamp) -> Timestamp {
    now + Duration::days(i64::from(settings.invitation_days))
}
