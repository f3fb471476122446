//! What one is called, looks like, and where one belongs.

use actix_web::web::Data;
use actix_web::{delete, get, patch, put};
use contracts::identity::TenantView;
use db::{Conn, Db, Tx};
use kernel::{Check, Field, Page, Problem, TenantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use web::{Allow, Answer, Body, RawBody, Reply};

use crate::accounts::pictures as stored;
use crate::accounts::users::{self, User};
use crate::accounts::{factors, tenants};
use crate::members::{self, check_person};
use crate::permissions::{SelfRead, SelfWrite};
use crate::pictures;

/// The signed-in person.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    /// The person.
    user_id: UserId,
    /// The tenant of this session.
    tenant_id: TenantId,
    /// E-mail address.
    email: String,
    /// When a link sent there was followed.
    email_verified_at: Option<Timestamp>,
    /// User name.
    username: String,
    /// What to call the person.
    name: String,
    /// What they do in this tenant.
    job_title: Option<String>,
    /// Where the avatar is; it changes when the picture does.
    avatar: Option<String>,
    /// When the person had been shown around; null: not yet.
    onboarded_at: Option<Timestamp>,
    /// Names of the roles held in this tenant.
    roles: Vec<String>,
    /// Patterns of what this session may do.
    permissions: Vec<String>,
    /// A second factor is set up.
    has_second_factor: bool,
    /// Nothing but changing the password is allowed until that is done.
    must_change_password: bool,
    /// Nothing but setting up a second factor is allowed until that is done.
    must_set_up_second_factor: bool,
}

/// A change of one's own profile.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Kim Berg", "onboarded": true }))]
pub(crate) struct MePatch {
    /// What to call the person.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Field<String>,
    /// Unique on the platform; without @.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    username: Field<String>,
    /// Whether the person has been shown around.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    onboarded: Field<bool>,
}

/// One of one's own tenants.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct OwnTenant {
    #[serde(flatten)]
    tenant: TenantView,
    /// PENDING, ACTIVE or SUSPENDED: one's own place there.
    membership: String,
    /// The one of this session.
    current: bool,
}

/// Show one's own account
///
/// With the roles, and the permissions that the present token carries.
#[utoipa::path(tag = "me", security(("bearer" = [SelfRead::NAME])), responses((status = 200, body = Me)))]
#[get("/me")]
pub(crate) async fn show_me(who: Allow<SelfRead>, db: Data<Db>) -> Answer {
    who.read(&db, async |conn| {
        let (user, credential) = users::find(conn, who.user).await?.ok_or_else(|| Problem::not_found("user"))?;
        let member = members::of_user(conn, who.tenant, who.user).await?;
        let factors = factors::of(conn, who.user).await?;
        let (job_title, roles) = member.map_or((None, Vec::new()), |(member, roles)| (member.job_title, roles));
        Reply::ok(&Me {
            user_id: user.id,
            tenant_id: who.tenant,
            avatar: avatar_of(&user),
            email: user.email,
            email_verified_at: user.email_verified_at,
            username: user.username,
            name: user.name,
            job_title,
            onboarded_at: user.onboarded_at,
            roles,
            permissions: who.permissions.as_slice().to_vec(),
            has_second_factor: !factors.is_empty(),
            must_change_password: credential.must_change,
            must_set_up_second_factor: who.must_enrol,
        })
    })
    .await
}

/// Change one's own profile
///
/// A JSON merge patch. Names are the same in every tenant.
#[utoipa::path(tag = "me", request_body = MePatch, security(("bearer" = [SelfWrite::NAME])), responses((status = 204, description = "Changed."), (status = 409, description = "Somebody has this user name.")))]
#[patch("/me")]
pub(crate) async fn change_me(who: Allow<SelfWrite>, db: Data<Db>, Body(patch): Body<MePatch>) -> Answer {
    who.write(&db, async |tx| {
        let before = users::fetch_for_change(tx, who.user).await?;
        let mut after = before.clone();
        let mut onboarded = before.onboarded_at.is_some();
        let mut check = Check::new();
        check.not_null("/name", patch.name.set(&mut after.name));
        check.not_null("/username", patch.username.set(&mut after.username));
        check.not_null("/onboarded", patch.onboarded.set(&mut onboarded));
        check_person(&mut check, &after.email, &after.username, &after.name);
        check.finish()?;
        after.onboarded_at = onboarded.then(|| before.onboarded_at.unwrap_or(tx.now()));
        change(tx, &before, &after).await
    })
    .await
}

/// List one's own tenants
///
/// In the order one joined them.
#[utoipa::path(tag = "me", security(("bearer" = [SelfRead::NAME])), responses((status = 200, body = Page<OwnTenant>)))]
#[get("/me/tenants")]
pub(crate) async fn list_own_tenants(who: Allow<SelfRead>, db: Data<Db>) -> Answer {
    let look = async |conn: &Conn| {
        let places = users::places_of(conn, who.user).await?;
        let ids: Vec<TenantId> = places.iter().map(|place| place.tenant_id).collect();
        Ok((places, tenants::some(conn, &ids).await?))
    };
    let (places, known) = db.global(look).await?;
    let items = places.into_iter().filter_map(|place| {
        let tenant = known.iter().find(|tenant| tenant.id == place.tenant_id)?;
        Some(OwnTenant { tenant: tenant.into(), membership: place.status, current: place.tenant_id == who.tenant })
    });
    let page = Page { items: items.collect(), next_cursor: None, total: None };
    who.read(&db, async |_| Reply::ok(&page)).await
}

/// Show one's own avatar
///
/// The picture itself.
#[utoipa::path(tag = "me", security(("bearer" = [SelfRead::NAME])), responses((status = 200, description = "A picture.", content_type = "image/*"), (status = 404, description = "There is none.")))]
#[get("/me/avatar")]
pub(crate) async fn show_own_avatar(who: Allow<SelfRead>, db: Data<Db>) -> Answer {
    pictures::show(db.global(async |conn| stored::find(conn, who.user.0).await).await?, "avatar")
}

/// Set one's own avatar
///
/// Send the picture itself: PNG, JPEG, GIF or WebP, 512 KiB at most.
#[utoipa::path(tag = "me", request_body(content_type = "image/*", content = String), security(("bearer" = [SelfWrite::NAME])), responses((status = 204, description = "Set."), (status = 413, description = "Larger than 512 KiB.")))]
#[put("/me/avatar")]
pub(crate) async fn set_avatar(who: Allow<SelfWrite>, db: Data<Db>, body: RawBody) -> Answer {
    let picture = pictures::read(who.user.0, &body)?;
    who.write(&db, async |tx| {
        let before = users::fetch_for_change(tx, who.user).await?;
        stored::put(tx, &picture).await?;
        change(tx, &before, &User { avatar_hash: Some(pictures::hash(&picture)), ..before.clone() }).await
    })
    .await
}

/// Remove one's own avatar
///
/// Done as well when there is none.
#[utoipa::path(tag = "me", security(("bearer" = [SelfWrite::NAME])), responses((status = 204, description = "Removed.")))]
#[delete("/me/avatar")]
pub(crate) async fn remove_avatar(who: Allow<SelfWrite>, db: Data<Db>) -> Answer {
    who.write(&db, async |tx| {
        let before = users::fetch_for_change(tx, who.user).await?;
        stored::delete(tx, who.user.0).await?;
        change(tx, &before, &User { avatar_hash: None, ..before.clone() }).await
    })
    .await
}

async fn change(tx: &mut Tx, before: &User, after: &User) -> Result<Reply, Problem> {
    users::update(tx, after).await?;
    members::tell_of_profile(tx, before, after).await?;
    Ok(Reply::done())
}

fn avatar_of(user: &User) -> Option<String> {
    user.avatar_hash.as_ref().map(|hash| format!("/identity/v1/me/avatar?v={hash}"))
}
