//! What the platform's operator does with tenants, through internal routes.

use actix_web::post;
use actix_web::web::Data;
use contracts::identity::{MEMBER_ADDED, TENANT_CREATED, TenantView};
use db::Db;
use kernel::{Actor, Check, Secret, TenantId, UserId};
use serde::{Deserialize, Serialize};
use web::{Answer, Body, Internal, Path, Reply};

use super::closing::stand;
use crate::accounts::tenants::{self, Tenant, TenantStatus};
use crate::accounts::users::{self, Credential, User};
use crate::members::{self, Member};
use crate::passwords::{self, Passwords, Rules};
use crate::roles::{self, OWNER};

/// A new tenant with its first owner: what `cairn up` sends once, and tests for each test.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateTenant {
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

/// Makes a tenant, its built-in roles and its owner, or nothing.
#[utoipa::path(tag = "tenant", responses((status = 201)))]
#[post("/tenants")]
pub(crate) async fn create_tenant(
    caller: Internal,
    db: Data<Db>,
    passwords: Data<Passwords>,
    Body(command): Body<CreateTenant>,
) -> Answer {
    let mut check = Check::new();
    check.line("/name", &command.name, 1, 255);
    members::check_person(&mut check, &command.owner_email, &command.owner_username, &command.owner_name);
    let about = [command.owner_email.as_str(), command.owner_username.as_str(), command.owner_name.as_str()];
    passwords::check(&mut check, "/ownerPassword", command.owner_password.reveal(), Rules::default(), &about);
    check.finish()?;
    let password_hash = passwords.hash(command.owner_password).await?;
    let id = TenantId::fresh();
    let actor: Actor = caller.actor(id);
    let reply = db
        .write(&actor, async |tx| {
            let now = tx.now();
            let tenant = Tenant::new(id, command.name, now);
            tenants::insert(tx, &tenant).await?;
            tx.announce(&TENANT_CREATED, None, &TenantView::from(&tenant)).await?;
            roles::insert_built_in(tx).await?;
            let user = User::new(command.owner_email, command.owner_username, command.owner_name, now);
            let credential = Credential::new(user.id, password_hash, command.must_change_password, now);
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

/// Stops a tenant: its members are signed out and cannot sign in.
#[utoipa::path(tag = "tenant", responses((status = 200)))]
#[post("/tenants/{tenantId}/suspend")]
pub(crate) async fn suspend_tenant(caller: Internal, db: Data<Db>, Path(id): Path<TenantId>) -> Answer {
    set_status(caller, &db, id, (TenantStatus::Active, TenantStatus::Suspended)).await
}

/// Lets a stopped tenant go on.
#[utoipa::path(tag = "tenant", responses((status = 200)))]
#[post("/tenants/{tenantId}/reopen")]
pub(crate) async fn reopen_tenant(caller: Internal, db: Data<Db>, Path(id): Path<TenantId>) -> Answer {
    set_status(caller, &db, id, (TenantStatus::Suspended, TenantStatus::Active)).await
}

async fn set_status(caller: Internal, db: &Db, id: TenantId, (from, to): (TenantStatus, TenantStatus)) -> Answer {
    let reply = db
        .write(&caller.actor(id), async |tx| {
            let before = tenants::fetch_for_change(tx).await?;
            if before.status == to {
                return Reply::show(&TenantView::from(&before));
            }
            if before.status != from {
                return Err(kernel::problem::STATE_CONFLICT.detail(format!("The tenant is {}.", before.status)));
            }
            stand(tx, before.clone(), Tenant { status: to, ..before }).await
        })
        .await?;
    Ok(reply.into_response())
}
