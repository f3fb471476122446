//! Joining by oneself, where a tenant allows it: as MEMBER, once the e-mail address is verified.

use actix_web::{HttpResponse, post};
use contracts::identity::MEMBER_ADDED;
use db::Conn;
use kernel::problem::ProblemKind;
use kernel::{Check, Secret, SessionId};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Answer, Body};

use crate::accounts::letters::{self, Letter, LetterKind};
use crate::accounts::tenants::{self, TenantStatus};
use crate::accounts::users::{self, Credential, User};
use crate::members::{self, Member, MemberStatus, check_person};
use crate::passwords::{self, Rules};
use crate::sessions::Desk;
use crate::settings;

/// The one role of those who come by themselves.
const FIRST_ROLE: &str = "MEMBER";

/// No such domain, or its tenant lets nobody in by themselves: which of these is nobody's business.
static CLOSED: ProblemKind = ProblemKind::new("REGISTRATION_CLOSED", 403, "Nobody can join here by themselves");

/// Somebody who wants to join.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "domain": "northwind.example", "email": "lee@example.com", "username": "lee", "name": "Lee Chan", "password": "wrong donkey charger clip" }))]
struct Register {
    /// The domain of the tenant.
    domain: String,
    /// Where the link to verify it goes.
    email: String,
    /// Unique on the platform; without @.
    username: String,
    /// What to call the person.
    name: String,
    /// At least 12 characters, unless the tenant asks for more.
    #[schema(value_type = String, format = Password)]
    password: Secret<String>,
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(register);
}

/// Join by oneself
///
/// Where a tenant allows it. A link is sent to the address; following it lets the person in, as MEMBER. The answer is the
/// same when the address has an account: then the letter says so.
#[utoipa::path(tag = "sessions", request_body = Register, responses((status = 202, description = "A letter is on its way."), (status = 403, description = "Nobody can join here by themselves."), (status = 409, description = "The user name is taken.")))]
#[post("/registrations")]
async fn register(desk: Desk, Body(command): Body<Register>) -> Answer {
    let closed = || CLOSED.detail("Ask the organisation for an invitation.");
    let find = async |conn: &Conn| tenants::of_domain(conn, &command.domain).await;
    let tenant =
        desk.db.global(find).await?.filter(|tenant| tenant.status == TenantStatus::Active).ok_or_else(closed)?;
    let settings = desk.db.read(tenant.id, async |conn| settings::of(conn, tenant.id).await).await?;
    if !settings.self_registration {
        return Err(closed().into());
    }
    let mut check = Check::new();
    check_person(&mut check, &command.email, &command.username, &command.name);
    let about = [command.email.as_str(), command.username.as_str(), command.name.as_str()];
    passwords::check(&mut check, "/password", command.password.reveal(), Rules::from(&settings), &about);
    check.finish()?;
    let place = desk.passwords.queue(&desk.address())?;
    let hash = desk.passwords.hash(command.password).await?;
    drop(place);
    let now = desk.now();
    let user = User::new(command.email, command.username, command.name, now);
    desk.db
        .write(&desk.acting(tenant.id, user.id, SessionId::fresh()), async |tx| {
            if let Some(other) = users::by_email(tx, &user.email).await? {
                let told = Letter { user_id: Some(other.id), ..Letter::new(LetterKind::AlreadyRegistered, now) };
                return letters::post(tx, &told).await;
            }
            users::insert(tx, &user, &Credential::new(user.id, hash, false, now)).await?;
            let member = Member { status: MemberStatus::Pending, ..Member::new(tenant.id, user.id, now) };
            let roles = vec![FIRST_ROLE.to_owned()];
            members::insert(tx, &member, &roles).await?;
            tx.announce(&MEMBER_ADDED, None, &member.view(&user, roles)).await?;
            let letter = Letter {
                user_id: Some(user.id),
                tenant_id: Some(tenant.id),
                address: Some(user.email.clone()),
                ..Letter::new(LetterKind::EmailVerification, now)
            };
            letters::post(tx, &letter).await
        })
        .await?;
    Ok(HttpResponse::Accepted().finish())
}
