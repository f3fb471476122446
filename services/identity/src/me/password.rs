//! One's own password: changed with the present one, or with a link when it is forgotten.

use actix_web::{HttpResponse, post};
use db::Tx;
use kernel::problem::ProblemKind;
use kernel::{Check, Problem, Secret, SessionId};
use serde::Deserialize;
use web::{Allow, Answer, Body, Failure, Reply};

use crate::accounts::letters::{self, Letter, LetterKind};
use crate::accounts::links::{self, Purpose};
use crate::accounts::sessions::{self, RevokedReason};
use crate::accounts::users::{self, Credential, User};
use crate::passwords::{self, Rules};
use crate::permissions::SelfWrite;
use crate::second_factors::{tell, view};
use crate::sessions::{Desk, is_password_of, tell_of_end};

static PASSWORD_REFUSED: ProblemKind = ProblemKind::new("PASSWORD_REFUSED", 422, "The present password is wrong");

/// A new password.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "currentPassword": "correct horse battery staple", "newPassword": "wrong donkey charger clip" }))]
pub(crate) struct ChangePassword {
    /// The present password.
    #[schema(value_type = String, format = Password)]
    current_password: Secret<String>,
    /// At least 12 characters, unless a tenant asks for more.
    #[schema(value_type = String, format = Password)]
    new_password: Secret<String>,
}

/// Whose password is forgotten.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "login": "kim@example.com" }))]
pub(crate) struct AskForReset {
    /// E-mail address or user name.
    login: String,
}

/// A new password for the one that is forgotten.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "token": "what follows # in the link", "newPassword": "wrong donkey charger clip" }))]
pub(crate) struct ResetPassword {
    /// What follows `#` in the link.
    #[schema(value_type = String, format = Password)]
    token: Secret<String>,
    /// At least 12 characters, unless a tenant asks for more.
    #[schema(value_type = String, format = Password)]
    new_password: Secret<String>,
}

/// Change one's own password
///
/// Ends every session of the person, in every tenant: sign in again with the new password.
#[utoipa::path(tag = "me", request_body = ChangePassword, security(("bearer" = [SelfWrite::NAME])), responses((status = 204, description = "Changed; sign in again."), (status = 429, description = "Too many wrong passwords.")))]
#[post("/me/password")]
pub(crate) async fn change_password(who: Allow<SelfWrite>, desk: Desk, Body(command): Body<ChangePassword>) -> Answer {
    let (user, credential, rules) = desk
        .db
        .global(async |conn| {
            let (user, credential) = users::find(conn, who.user).await?.ok_or_else(|| Problem::not_found("user"))?;
            Ok((user, credential, Rules::of(conn, who.user).await?))
        })
        .await?;
    let mut check = Check::new();
    check_new(&mut check, &command.new_password, rules, &user);
    let differs = command.new_password != command.current_password;
    check.that(differs, "/newPassword", "UNCHANGED", || "is the present password".to_owned());
    check.finish()?;
    if !is_password_of(&desk, who.user, command.current_password).await? {
        let problem =
            PASSWORD_REFUSED.detail("The present password is wrong.").at("/currentPassword", "WRONG", "Check it.");
        return Err(Failure::from(problem));
    }
    desk.passwords.is_new(&command.new_password, &credential, rules.history()).await?;
    let hash = desk.passwords.hash(command.new_password).await?;
    who.write(&desk.db, async |tx| {
        let before = view(tx, who.tenant, who.user).await?;
        replace(tx, credential, hash, rules).await?;
        tell(tx, who.user, &before).await?;
        Ok(Reply::done())
    })
    .await
}

/// Ask for a new password
///
/// Sends a link to the address of the account, if there is one; the answer is the same when there is none. The link counts
/// once, for an hour.
#[utoipa::path(tag = "sessions", request_body = AskForReset, responses((status = 202, description = "If there is such an account, a letter is on its way.")))]
#[post("/password-resets")]
pub(crate) async fn ask_for_reset(desk: Desk, Body(command): Body<AskForReset>) -> Answer {
    let mut check = Check::new();
    check.text("/login", &command.login, 1, 254);
    check.finish()?;
    // Whether there is such an account is found out when the letter is written: here it would show in the time it takes.
    let letter = Letter { address: Some(command.login), ..Letter::new(LetterKind::PasswordReset, desk.now()) };
    desk.db.global(async |conn| letters::post(conn, &letter).await).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Choose a new password with a link
///
/// Ends every session of the person, in every tenant. Second factors stay.
#[utoipa::path(tag = "sessions", request_body = ResetPassword, responses((status = 204, description = "Changed; sign in."), (status = 422, description = "The link does not count any more, or the password is not good enough.")))]
#[post("/password-resets/confirm")]
pub(crate) async fn reset_password(desk: Desk, Body(command): Body<ResetPassword>) -> Answer {
    let now = desk.now();
    let (user, credential, rules) = desk
        .db
        .global(async |conn| {
            let link = links::look(conn, Purpose::PasswordReset, command.token.reveal(), now).await?;
            let id = link.user_id.ok_or_else(links::refused)?;
            let (user, credential) = users::find(conn, id).await?.ok_or_else(links::refused)?;
            Ok((user, credential, Rules::of(conn, id).await?))
        })
        .await?;
    let mut check = Check::new();
    check_new(&mut check, &command.new_password, rules, &user);
    check.finish()?;
    desk.passwords.is_new(&command.new_password, &credential, rules.history()).await?;
    let hash = desk.passwords.hash(command.new_password).await?;
    let home = desk.db.global(async |conn| users::places_of(conn, user.id).await).await?;
    let tenant = home.first().map(|place| place.tenant_id).ok_or_else(links::refused)?;
    desk.db
        .write(&desk.acting(tenant, user.id, SessionId::fresh()), async |tx| {
            links::spend(tx, Purpose::PasswordReset, command.token.reveal()).await?;
            let before = view(tx, tenant, user.id).await?;
            // The link was read at this address: it is theirs.
            let verified = User { email_verified_at: user.email_verified_at.or(Some(now)), ..user.clone() };
            users::update(tx, &verified).await?;
            replace(tx, credential, hash, rules).await?;
            tell(tx, user.id, &before).await
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Keeps a new password and ends every session that the old one opened.
async fn replace(tx: &mut Tx, credential: Credential, hash: String, rules: Rules) -> Result<(), Problem> {
    let user = credential.user_id;
    users::set_credential(tx, &credential.replaced(hash, rules.history(), tx.now())).await?;
    let ended = sessions::revoke_all(tx, user, None, RevokedReason::PasswordChanged).await?;
    tell_of_end(tx, &ended).await
}

fn check_new(check: &mut Check, password: &Secret<String>, rules: Rules, user: &User) {
    let about = [user.email.as_str(), user.username.as_str(), user.name.as_str()];
    passwords::check(check, "/newPassword", password.reveal(), rules, &about);
}
