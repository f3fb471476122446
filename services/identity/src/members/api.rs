//! Members over HTTP.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use contracts::identity::{MEMBER_ADDED, MEMBER_CHANGED, MEMBER_REMOVED, MEMBER_RENAMED, MemberView};
use db::Db;
use kernel::{Check, Cursor, Field, MembershipId, Page, PageQuery, Problem, Secret};
use serde::Deserialize;
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::{
    Member, MemberStatus, check_person, keeps_an_owner, may_be_acted_on, may_grant, patterns_with, store, user_of,
};
use crate::accounts::pictures as stored_pictures;
use crate::accounts::sessions::{self, RevokedReason};
use crate::accounts::users::{self, Credential, User};
use crate::passwords::{self, Passwords, Rules};
use crate::permissions::{MemberRead, MemberWrite};
use crate::sessions::tell_of_end;
use crate::{grants, pictures, roles, settings};

/// A person to be made a member, with a first password that they must change.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "email": "kim@example.com", "username": "kim", "name": "Kim Berg", "password": "a first password", "roles": ["CSS"] }))]
pub(crate) struct AddMember {
    /// Unique on the platform.
    email: String,
    /// Unique on the platform; without @.
    username: String,
    /// What to call the person.
    name: String,
    /// The first password: it must be changed at the first sign-in.
    #[schema(value_type = String, format = Password)]
    password: Secret<String>,
    /// What they do here.
    #[serde(default)]
    job_title: Option<String>,
    /// Names of roles of the tenant.
    roles: Vec<String>,
}

/// A change of a member.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "roles": ["CSS", "AGENT"] }))]
pub(crate) struct MemberPatch {
    /// Replaces the roles.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    roles: Field<Vec<String>>,
    /// ACTIVE or SUSPENDED.
    #[serde(default)]
    #[schema(value_type = Option<MemberStatus>)]
    status: Field<MemberStatus>,
    /// What they do here; null clears it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    job_title: Field<String>,
}

/// Paging of the list of members.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct MemberQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Add a member
///
/// Makes the person's account with a first password, which they must change before anything else. Nobody can give a role
/// that allows more than they may themselves. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "members", request_body = AddMember, security(("bearer" = [MemberWrite::NAME])), responses((status = 201, body = MemberView), (status = 409, description = "The e-mail address or user name is taken.")))]
#[post("/members")]
pub(crate) async fn add_member(
    who: Allow<MemberWrite>,
    db: Data<Db>,
    passwords: Data<Passwords>,
    Body(command): Body<AddMember>,
) -> Answer {
    who.has_just_signed_in()?;
    let settings = db.read(who.tenant, async |conn| settings::of(conn, who.tenant).await).await?;
    let mut check = Check::new();
    check_person(&mut check, &command.email, &command.username, &command.name);
    let about = [command.email.as_str(), command.username.as_str(), command.name.as_str()];
    passwords::check(&mut check, "/password", command.password.reveal(), Rules::from(&settings), &about);
    check.optional_line("/jobTitle", command.job_title.as_deref(), 100);
    check.distinct("/roles", &command.roles);
    check.finish()?;
    let password_hash = passwords.hash(command.password).await?;
    who.write(&db, async |tx| {
        may_grant(&who.permissions, &roles::patterns_of(tx, &command.roles).await?)?;
        grants::may_give_roles(tx, &who.permissions, &command.roles).await?;
        let now = tx.now();
        let user = User::new(command.email, command.username, command.name, now);
        users::insert(tx, &user, &Credential::new(user.id, password_hash, true, now)).await?;
        let member = Member { job_title: command.job_title, ..Member::new(tx.tenant(), user.id, now) };
        store::insert(tx, &member, &command.roles).await?;
        let view = member.view(&user, command.roles);
        tx.announce(&MEMBER_ADDED, None, &view).await?;
        Reply::created(&view, "/identity/v1/members")
    })
    .await
}

/// List members
///
/// In the order they joined.
#[utoipa::path(tag = "members", params(MemberQuery), security(("bearer" = [MemberRead::NAME])), responses((status = 200, body = Page<MemberView>)))]
#[get("/members")]
pub(crate) async fn list_members(
    who: Allow<MemberRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<MemberQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, "members")?);
    who.read(&db, async |conn| {
        let after = after.and_then(|cursor| cursor.key::<MembershipId>(0));
        let rows = store::page(conn, who.tenant, None, after, limit).await?;
        let page = Cursor::page(rows, limit, &context.config.keys, "members", |(member, ..)| {
            vec![member.id.to_string().into()]
        });
        Reply::ok(&page.map(|(member, user, roles)| member.view(&user, roles)))
    })
    .await
}

/// Show a member
///
/// With the names of their roles.
#[utoipa::path(tag = "members", security(("bearer" = [MemberRead::NAME])), responses((status = 200, body = MemberView)))]
#[get("/members/{memberId}")]
pub(crate) async fn show_member(who: Allow<MemberRead>, db: Data<Db>, Path(id): Path<MembershipId>) -> Answer {
    who.read(&db, async |conn| {
        let (member, user, roles) =
            store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("member"))?;
        Reply::show(&member.view(&user, roles))
    })
    .await
}

/// Show a member's avatar
///
/// The picture itself.
#[utoipa::path(tag = "members", security(("bearer" = [MemberRead::NAME])), responses((status = 200, description = "A picture.", content_type = "image/*")))]
#[get("/members/{memberId}/avatar")]
pub(crate) async fn show_avatar(who: Allow<MemberRead>, db: Data<Db>, Path(id): Path<MembershipId>) -> Answer {
    let user = db.read(who.tenant, async |conn| user_of(conn, who.tenant, id).await).await?;
    pictures::show(db.global(async |conn| stored_pictures::find(conn, user.0).await).await?, "avatar")
}

/// Change a member
///
/// Roles, status and title. Other roles or another status end the tokens from before at once; a suspended member's sessions
/// in this tenant end. A tenant keeps an active owner. Roles and status need a sign-in not older than 15 minutes.
#[utoipa::path(tag = "members", request_body = MemberPatch, security(("bearer" = [MemberWrite::NAME])), responses((status = 200, body = MemberView), (status = 409, description = "The last owner."), (status = 412, description = "Somebody else changed it.")))]
#[patch("/members/{memberId}")]
pub(crate) async fn change_member(
    who: Allow<MemberWrite>,
    db: Data<Db>,
    Path(id): Path<MembershipId>,
    Body(patch): Body<MemberPatch>,
) -> Answer {
    if !patch.roles.is_absent() || !patch.status.is_absent() {
        who.has_just_signed_in()?;
    }
    who.write(&db, async |tx| {
        let other_owners = store::lock_other_owners(tx, id).await?;
        let (before, user, old_roles) =
            store::find(tx, who.tenant, id).await?.ok_or_else(|| Problem::not_found("member"))?;
        who.expect_version(before.version)?;
        let (mut status, mut roles, mut job_title) = (before.status, old_roles.clone(), before.job_title.clone());
        let mut check = Check::new();
        check.not_null("/status", patch.status.set(&mut status));
        check.not_null("/roles", patch.roles.set(&mut roles));
        patch.job_title.set_option(&mut job_title);
        check.distinct("/roles", &roles);
        check.optional_line("/jobTitle", job_title.as_deref(), 100);
        let waits = status == MemberStatus::Pending && before.status != MemberStatus::Pending;
        check.that(!waits, "/status", "PENDING", || "cannot be set back to PENDING; suspend the member".to_owned());
        check.finish()?;
        roles.sort_unstable();
        let same_rights = status == before.status && roles == old_roles;
        let now = tx.now();
        let after = if same_rights {
            Member { version: before.version + 1, updated_at: now, job_title, ..before.clone() }
        } else {
            Member { job_title, ..before.changed(status, now) }
        };
        may_be_acted_on(tx, &who.permissions, &before, &old_roles).await?;
        may_grant(&who.permissions, &patterns_with(tx, id, &roles).await?)?;
        let added: Vec<String> = roles.iter().filter(|role| !old_roles.contains(role)).cloned().collect();
        grants::may_give_roles(tx, &who.permissions, &added).await?;
        keeps_an_owner(other_owners, (before.status, &old_roles), (after.status, &roles))?;
        store::update(tx, &after).await?;
        store::set_roles(tx, id, &roles).await?;
        let view = after.view(&user, roles);
        let event = if same_rights { &MEMBER_RENAMED } else { &MEMBER_CHANGED };
        tx.announce(event, Some(&before.view(&user, old_roles)), &view).await?;
        if after.status == MemberStatus::Suspended {
            let ended = sessions::revoke_all(tx, user.id, Some(who.tenant), RevokedReason::MemberSuspended).await?;
            tell_of_end(tx, &ended).await?;
        }
        Reply::show(&view)
    })
    .await
}

/// Remove a member
///
/// Ends the person's place in this tenant, with their grants and their sessions in it. Somebody who belongs to no other tenant is removed from
/// the platform. Nobody can do so to the last owner, nor to a member who may do more than they may. Needs a sign-in not older
/// than 15 minutes.
#[utoipa::path(tag = "members", security(("bearer" = [MemberWrite::NAME])), responses((status = 204, description = "Removed."), (status = 409, description = "The last owner."), (status = 412, description = "Somebody else changed it.")))]
#[delete("/members/{memberId}")]
pub(crate) async fn remove_member(who: Allow<MemberWrite>, db: Data<Db>, Path(id): Path<MembershipId>) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        let other_owners = store::lock_other_owners(tx, id).await?;
        let (before, user, roles) =
            store::find(tx, who.tenant, id).await?.ok_or_else(|| Problem::not_found("member"))?;
        who.expect_version(before.version)?;
        may_be_acted_on(tx, &who.permissions, &before, &roles).await?;
        keeps_an_owner(other_owners, (before.status, &roles), (MemberStatus::Suspended, &roles))?;
        let ended = sessions::revoke_all(tx, user.id, Some(who.tenant), RevokedReason::MemberSuspended).await?;
        tell_of_end(tx, &ended).await?;
        let gone = before.changed(MemberStatus::Suspended, tx.now());
        tx.announce(&MEMBER_REMOVED, Some(&before.view(&user, roles.clone())), &gone.view(&user, roles)).await?;
        store::delete(tx, id).await?;
        grants::forget(tx, user.id.0).await?;
        if users::places_of(tx, user.id).await?.is_empty() {
            users::delete(tx, &[user.id]).await?;
        }
        Ok(Reply::done())
    })
    .await
}
