//! One's own account.

use actix_web::web::Data;
use actix_web::{get, post};
use db::Db;
use kernel::problem::ProblemKind;
use kernel::{Check, Problem, Secret};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Allow, Answer, Body, Failure, Reply};

use crate::accounts::sessions::{self, RevokedReason};
use crate::accounts::users::{self, Credential};
use crate::passwords::{self, Passwords};
use crate::permissions::{SelfRead, SelfWrite};
use crate::sessions::tell_of_end;

static PASSWORD_REFUSED: ProblemKind = ProblemKind::new("PASSWORD_REFUSED", 422, "The present password is wrong");

/// The signed-in person.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct Me {
    /// The person.
    user_id: kernel::UserId,
    /// The tenant of this session.
    tenant_id: kernel::TenantId,
    /// E-mail address.
    email: String,
    /// User name.
    username: String,
    /// What to call the person.
    name: String,
    /// Patterns of what this session may do.
    permissions: Vec<String>,
    /// Nothing but changing the password is allowed until that is done.
    must_change_password: bool,
}

/// A new password.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "currentPassword": "correct horse battery staple", "newPassword": "wrong donkey charger clip" }))]
struct ChangePassword {
    /// The present password.
    #[schema(value_type = String, format = Password)]
    current_password: Secret<String>,
    /// At least 12 characters.
    #[schema(value_type = String, format = Password)]
    new_password: Secret<String>,
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(show_me).service(change_password);
}

/// Show one's own account
///
/// With the permissions that the present token carries.
#[utoipa::path(tag = "me", security(("bearer" = [SelfRead::NAME])), responses((status = 200, body = Me)))]
#[get("/me")]
async fn show_me(who: Allow<SelfRead>, db: Data<Db>) -> Answer {
    let (user, credential) =
        db.global(async |conn| users::find(conn, who.user).await).await?.ok_or_else(|| Problem::not_found("user"))?;
    who.read(&db, async |_| {
        Reply::ok(&Me {
            user_id: user.id,
            tenant_id: who.tenant,
            email: user.email,
            username: user.username,
            name: user.name,
            permissions: who.permissions.as_slice().to_vec(),
            must_change_password: credential.must_change,
        })
    })
    .await
}

/// Change one's own password
///
/// Ends every session of the person, in every tenant: sign in again with the new password.
#[utoipa::path(tag = "me", request_body = ChangePassword, security(("bearer" = [SelfWrite::NAME])), responses((status = 204, description = "Changed; sign in again.")))]
#[post("/me/password")]
async fn change_password(
    who: Allow<SelfWrite>,
    db: Data<Db>,
    passwords: Data<Passwords>,
    Body(command): Body<ChangePassword>,
) -> Answer {
    let mut check = Check::new();
    passwords::check(&mut check, "/newPassword", command.new_password.reveal());
    let differs = command.new_password != command.current_password;
    check.that(differs, "/newPassword", "UNCHANGED", || "is the present password".to_owned());
    check.finish()?;
    let (_, credential) =
        db.global(async |conn| users::find(conn, who.user).await).await?.ok_or_else(|| Problem::not_found("user"))?;
    if !passwords.verify(command.current_password, Some(credential.password_hash)).await? {
        let problem =
            PASSWORD_REFUSED.detail("The present password is wrong.").at("/currentPassword", "WRONG", "Check it.");
        return Err(Failure::from(problem));
    }
    let hash = passwords.hash(command.new_password).await?;
    who.write(&db, async |tx| {
        let credential =
            Credential { user_id: who.user, password_hash: hash, must_change: false, changed_at: tx.now() };
        users::set_credential(tx, &credential).await?;
        let ended = sessions::revoke_all(tx, who.user, None, RevokedReason::PasswordChanged).await?;
        tell_of_end(tx, &ended).await?;
        Ok(Reply::done())
    })
    .await
}
