//! The tenant one is signed in to; and, for the platform's operator, making a new one.

use actix_web::web::Data;
use actix_web::{get, patch, post};
use contracts::identity::{MEMBER_ADDED, TENANT_CHANGED, TENANT_CREATED, TenantView};
use db::Db;
use kernel::{Actor, Check, Field, Problem, Secret, TenantId, UserId};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Allow, Answer, Body, Internal, Reply};

use crate::accounts::tenants::{self, Tenant};
use crate::accounts::users::{self, Credential, User};
use crate::members::{self, Member};
use crate::passwords::{self, Passwords};
use crate::permissions::{TenantRead, TenantWrite};
use crate::roles::{self, OWNER};

/// A change of the tenant.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Northwind" }))]
struct TenantPatch {
    /// 1 to 255 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Field<String>,
}

/// A new tenant with its first owner: what `cairn up` sends once, and tests for each test.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateTenant {
    name: String,
    owner_email: String,
    owner_username: String,
    owner_name: String,
    owner_password: Secret<String>,
    #[serde(default)]
    must_change_password: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TenantCreated {
    tenant_id: TenantId,
    owner_id: UserId,
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(show_tenant).service(change_tenant);
}

pub(crate) fn internal(config: &mut ServiceConfig<'_>) {
    config.service(create_tenant);
}

/// Show the tenant
///
/// The one of the session.
#[utoipa::path(tag = "tenant", security(("bearer" = [TenantRead::NAME])), responses((status = 200, body = TenantView)))]
#[get("/tenant")]
async fn show_tenant(who: Allow<TenantRead>, db: Data<Db>) -> Answer {
    who.read(&db, async |conn| {
        let tenant = tenants::find(conn, who.tenant).await?.ok_or_else(|| Problem::not_found("tenant"))?;
        Reply::show(&TenantView::from(tenant))
    })
    .await
}

/// Rename the tenant
///
/// A JSON merge patch. `If-Match` is honoured when sent.
#[utoipa::path(tag = "tenant", request_body = TenantPatch, security(("bearer" = [TenantWrite::NAME])), responses((status = 200, body = TenantView), (status = 412, description = "Somebody else changed it.")))]
#[patch("/tenant")]
async fn change_tenant(who: Allow<TenantWrite>, db: Data<Db>, Body(patch): Body<TenantPatch>) -> Answer {
    who.write(&db, async |tx| {
        let before = tenants::fetch_for_change(tx).await?.ok_or_else(|| Problem::not_found("tenant"))?;
        who.expect_version(before.version)?;
        let mut after = Tenant { version: before.version + 1, ..before.clone() };
        let mut check = Check::new();
        check.not_null("/name", patch.name.set(&mut after.name));
        check.text("/name", &after.name, 1, 255);
        check.finish()?;
        tenants::update(tx, &after).await?;
        let view = TenantView::from(after);
        tx.announce(&TENANT_CHANGED, Some(&before.into()), &view).await?;
        Reply::show(&view)
    })
    .await
}

/// Makes a tenant, its built-in roles and its owner, or nothing.
#[utoipa::path(tag = "tenant", responses((status = 201)))]
#[post("/tenants")]
async fn create_tenant(
    caller: Internal,
    db: Data<Db>,
    passwords: Data<Passwords>,
    Body(command): Body<CreateTenant>,
) -> Answer {
    let mut check = Check::new();
    check.text("/name", &command.name, 1, 255);
    members::check_person(&mut check, &command.owner_email, &command.owner_username, &command.owner_name);
    passwords::check(&mut check, "/ownerPassword", command.owner_password.reveal());
    check.finish()?;
    let password_hash = passwords.hash(command.owner_password).await?;
    let id = TenantId::fresh();
    let actor: Actor = caller.actor(id);
    let reply = db
        .write(&actor, async |tx| {
            let now = tx.now();
            let tenant = Tenant { id, version: 1, name: command.name, created_at: now };
            tenants::insert(tx, &tenant).await?;
            tx.announce(&TENANT_CREATED, None, &tenant.into()).await?;
            roles::insert_built_in(tx).await?;
            let user = User {
                id: UserId::fresh(),
                email: command.owner_email,
                username: command.owner_username,
                name: command.owner_name,
                created_at: now,
            };
            let credential = Credential {
                user_id: user.id,
                password_hash,
                must_change: command.must_change_password,
                changed_at: now,
            };
            users::insert(tx, &user, &credential).await?;
            let member = Member::new(id, user.id, now);
            let owner = vec![OWNER.to_owned()];
            members::insert(tx, &member, &owner).await?;
            tx.announce(&MEMBER_ADDED, None, &member.view(&user, owner)).await?;
            Ok(Reply::ok(&TenantCreated { tenant_id: id, owner_id: user.id })?.with_status(201))
        })
        .await?;
    Ok(reply.into_response())
}
