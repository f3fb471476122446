//! Following the link of an invitation.
//!
//! Whoever holds the link reads the letters of its address. If an account with that address was verified, it becomes a
//! member and its password stays its own. An account that was never verified may have been made by anybody: it gets the
//! password that is chosen now, and whoever knew the old one is out. A second factor stands between it and the places it has
//! already, though: with one, nothing changes hands.

use actix_web::{HttpResponse, post};
use contracts::identity::invitations::INVITATION_ACCEPTED;
use contracts::identity::{MEMBER_ADDED, MemberView};
use db::{Conn, Tx};
use kernel::{Check, MembershipId, Problem, Secret, SessionId, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use web::{Answer, Body};

use super::{Invitation, InvitationStatus, store};
use crate::accounts::factors;
use crate::accounts::links::{self, Link, Purpose};
use crate::accounts::sessions::{self, RevokedReason};
use crate::accounts::tenants::{self, TenantStatus};
use crate::accounts::users::{self, Credential, User};
use crate::members::{self, Member, check_person};
use crate::passwords::{self, Rules};
use crate::sessions::{Desk, tell_of_end};
use crate::{roles, settings};

/// The link that was followed.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "token": "what follows # in the link" }))]
pub(crate) struct LookAtInvitation {
    /// What follows `#` in the link.
    #[schema(value_type = String, format = Password)]
    token: Secret<String>,
}

/// What one is invited to.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct InvitationSeen {
    /// What the organisation is called.
    tenant_name: String,
    /// The address that the link was sent to.
    email: String,
    /// What the inviter called the person.
    name: Option<String>,
    /// When the link stops counting.
    expires_at: Timestamp,
    /// An account with this address exists and stays as it is: no name and no password are needed.
    has_account: bool,
}

/// Becoming a member.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "token": "what follows # in the link", "username": "lee", "name": "Lee Chan", "password": "wrong donkey charger clip" }))]
pub(crate) struct AcceptInvitation {
    /// What follows `#` in the link.
    #[schema(value_type = String, format = Password)]
    token: Secret<String>,
    /// Of a new account: unique on the platform, without @.
    username: Option<String>,
    /// Of a new account: what to call the person.
    name: Option<String>,
    /// Of a new account: at least 12 characters, unless the tenant asks for more.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Secret<String>>,
}

/// The new member.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct Joined {
    /// The tenant, to sign in to.
    tenant_id: TenantId,
    /// The membership.
    member_id: MembershipId,
    /// The person.
    user_id: UserId,
    /// What to sign in as.
    username: String,
}

/// What is known before anything is decided.
struct Followed {
    link: Link,
    tenant: TenantId,
    account: Option<User>,
}

/// What somebody chose for an account that is to be made, or to change hands.
struct Chosen {
    username: String,
    name: String,
    password_hash: String,
}

/// See what a link invites to
///
/// Without using it up.
#[utoipa::path(tag = "invitations", request_body = LookAtInvitation, responses((status = 200, body = InvitationSeen), (status = 422, description = "The link does not count any more.")))]
#[post("/invitations/look")]
pub(crate) async fn look_at_invitation(desk: Desk, Body(command): Body<LookAtInvitation>) -> Answer {
    let followed = follow(&desk, &command.token).await?;
    let id = followed.link.invitation_id.ok_or_else(links::refused)?;
    let (invitation, tenant) = desk
        .db
        .read(followed.tenant, async |conn| {
            let tenant = tenants::find(conn, followed.tenant).await?;
            Ok((store::find_pending(conn, followed.tenant, id).await?, tenant))
        })
        .await?;
    let (invitation, tenant) = invitation.zip(tenant).ok_or_else(links::refused)?;
    Ok(HttpResponse::Ok().json(InvitationSeen {
        tenant_name: tenant.name,
        email: invitation.email,
        name: invitation.name,
        expires_at: invitation.expires_at,
        has_account: followed.account.is_some_and(|account| account.email_verified_at.is_some()),
    }))
}

/// Accept an invitation
///
/// With an account of that address nothing else is needed; without one, choose a user name, a name and a password. Then sign
/// in.
#[utoipa::path(tag = "invitations", request_body = AcceptInvitation, responses((status = 201, body = Joined), (status = 409, description = "A member already, the user name is taken, or an account with this address has a second factor and never confirmed the address."), (status = 422, description = "The link does not count any more, or something is missing.")))]
#[post("/invitations/accept")]
pub(crate) async fn accept_invitation(desk: Desk, Body(command): Body<AcceptInvitation>) -> Answer {
    let followed = follow(&desk, &command.token).await?;
    let verified = followed.account.as_ref().is_some_and(|account| account.email_verified_at.is_some());
    let chosen = if verified { None } else { Some(choose(&desk, &followed, command.clone()).await?) };
    let person = followed.account.as_ref().map_or_else(UserId::fresh, |account| account.id);
    let joined = desk
        .db
        .write(&desk.acting(followed.tenant, person, SessionId::fresh()), async |tx| {
            let link = links::spend(tx, Purpose::Invitation, command.token.reveal()).await?;
            let id = link.invitation_id.ok_or_else(links::refused)?;
            let before = store::fetch_for_change(tx, id).await?;
            if before.status != InvitationStatus::Pending || before.expires_at <= tx.now() {
                return Err(links::refused());
            }
            let user = settle_account(tx, &followed, person, &before, chosen).await?;
            join(tx, &user, before).await
        })
        .await?;
    Ok(HttpResponse::Created().json(joined))
}

async fn follow(desk: &Desk, token: &Secret<String>) -> Result<Followed, Problem> {
    let now = desk.now();
    desk.db
        .global(async |conn: &Conn| {
            let link = links::look(conn, Purpose::Invitation, token.reveal(), now).await?;
            let (tenant, email) = link.tenant_id.zip(link.email.clone()).ok_or_else(links::refused)?;
            let usable = tenants::find(conn, tenant).await?.filter(|tenant| tenant.status == TenantStatus::Active);
            usable.ok_or_else(links::refused)?;
            Ok(Followed { account: users::by_email(conn, &email).await?, link, tenant })
        })
        .await
}

async fn choose(desk: &Desk, followed: &Followed, command: AcceptInvitation) -> Result<Chosen, Problem> {
    let settings = desk.db.read(followed.tenant, async |conn| settings::of(conn, followed.tenant).await).await?;
    let mut check = Check::new();
    let email = followed.link.email.clone().unwrap_or_default();
    let (username, name) = (command.username.unwrap_or_default(), command.name.unwrap_or_default());
    check_person(&mut check, &email, &username, &name);
    let password = command.password.unwrap_or_else(|| Secret::new(String::new()));
    let about = [email.as_str(), username.as_str(), name.as_str()];
    passwords::check(&mut check, "/password", password.reveal(), Rules::from(&settings), &about);
    check.finish()?;
    Ok(Chosen { username, name, password_hash: desk.passwords.hash(password).await? })
}

/// The account that becomes a member, its address verified from now on.
async fn settle_account(
    tx: &mut Tx,
    followed: &Followed,
    person: UserId,
    invitation: &Invitation,
    chosen: Option<Chosen>,
) -> Result<User, Problem> {
    let now = tx.now();
    let Some(Chosen { username, name, password_hash }) = chosen else {
        return users::fetch_for_change(tx, person).await;
    };
    if followed.account.is_none() {
        let user = User::new(invitation.email.clone(), username, name, now);
        let user = User { id: person, email_verified_at: Some(now), ..user };
        users::insert(tx, &user, &Credential::new(user.id, password_hash, false, now)).await?;
        return Ok(user);
    }
    let before = users::fetch_for_change(tx, person).await?;
    if before.email_verified_at.is_some() {
        // Verified in the same moment: it is somebody's after all.
        return Ok(before);
    }
    if !factors::of(tx, person).await?.is_empty() {
        return Err(users::EMAIL_UNCONFIRMED.detail(
            "An account has this address, is guarded by a second factor, and never confirmed the address. If it is yours, sign \
             in, confirm the address with POST /identity/v1/me/email, and follow this link again. If not, ask to be invited \
             with another address.",
        ));
    }
    let user = User { username, name, email_verified_at: Some(now), ..before.clone() };
    users::update(tx, &user).await?;
    users::set_credential(tx, &Credential::new(user.id, password_hash, false, now)).await?;
    let ended = sessions::revoke_all(tx, user.id, None, RevokedReason::PasswordChanged).await?;
    tell_of_end(tx, &ended).await?;
    members::tell_of_profile(tx, &before, &user).await?;
    Ok(user)
}

async fn join(tx: &mut Tx, user: &User, before: Invitation) -> Result<Joined, Problem> {
    // Roles that were deleted since are not waited for.
    let roles = roles::existing(tx, &before.roles).await?;
    let member = Member { job_title: before.job_title.clone(), ..Member::new(tx.tenant(), user.id, tx.now()) };
    members::insert(tx, &member, &roles).await?;
    let view: MemberView = member.view(user, roles);
    tx.announce(&MEMBER_ADDED, None, &view).await?;
    let after = Invitation {
        version: before.version + 1,
        status: InvitationStatus::Accepted,
        updated_at: tx.now(),
        ..before.clone()
    };
    store::update(tx, &after).await?;
    let (before, after) = (before.view(tx.now()), after.view(tx.now()));
    tx.announce(&INVITATION_ACCEPTED, Some(&before), &after).await?;
    Ok(Joined { tenant_id: tx.tenant(), member_id: member.id, user_id: user.id, username: user.username.clone() })
}
