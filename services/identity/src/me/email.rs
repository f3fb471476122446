//! One's own e-mail address: a new one counts when a link sent there is followed.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use db::{Db, Tx};
use kernel::{Check, Problem, Secret, SessionId, TenantId};
use serde::Deserialize;
use web::{Allow, Answer, Body, Reply};

use crate::accounts::letters::{self, Letter, LetterKind};
use crate::accounts::links::{self, Link, Purpose};
use crate::accounts::users::{self, User};
use crate::members::{self, check_email};
use crate::permissions::SelfWrite;
use crate::sessions::Desk;

/// A new address.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "email": "kim.berg@example.com" }))]
pub(crate) struct ChangeEmail {
    /// Unique on the platform.
    email: String,
}

/// The proof that an address is one's own.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "token": "what follows # in the link" }))]
pub(crate) struct VerifyEmail {
    /// What follows `#` in the link.
    #[schema(value_type = String, format = Password)]
    token: Secret<String>,
}

/// Change or confirm one's own e-mail address
///
/// Sends a link to the new address; until it is followed the old one counts. The present address can be named, to confirm
/// it. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "me", request_body = ChangeEmail, security(("bearer" = [SelfWrite::NAME])), responses((status = 202, description = "A letter is on its way.")))]
#[post("/me/email")]
pub(crate) async fn change_email(who: Allow<SelfWrite>, db: Data<Db>, Body(command): Body<ChangeEmail>) -> Answer {
    who.has_just_signed_in()?;
    let mut check = Check::new();
    check_email(&mut check, &command.email);
    check.finish()?;
    who.write(&db, async |tx| {
        // Whether somebody has the address is told to whoever reads its letters, not to whoever types it.
        let taken = users::by_email(tx, &command.email).await?.filter(|other| other.id != who.user);
        let letter = match taken {
            Some(other) => Letter { user_id: Some(other.id), ..Letter::new(LetterKind::AlreadyRegistered, tx.now()) },
            None => Letter {
                user_id: Some(who.user),
                address: Some(command.email),
                ..Letter::new(LetterKind::EmailVerification, tx.now())
            },
        };
        letters::post(tx, &letter).await?;
        Ok(Reply::done().with_status(202))
    })
    .await
}

/// Confirm an e-mail address with a link
///
/// Of a new account, it lets the person in; of a changed address, it makes it count, and the old one is told.
#[utoipa::path(tag = "sessions", request_body = VerifyEmail, responses((status = 204, description = "The address counts."), (status = 409, description = "Somebody else has the address by now."), (status = 422, description = "The link does not count any more.")))]
#[post("/email-verifications")]
pub(crate) async fn verify_email(desk: Desk, Body(command): Body<VerifyEmail>) -> Answer {
    let now = desk.now();
    let (link, home) = desk
        .db
        .global(async |conn| {
            let link = links::look(conn, Purpose::EmailVerification, command.token.reveal(), now).await?;
            let home = users::places_of(conn, link.user_id.ok_or_else(links::refused)?).await?;
            Ok((link, home))
        })
        .await?;
    let user = link.user_id.ok_or_else(links::refused)?;
    let home = link.tenant_id.or_else(|| home.first().map(|place| place.tenant_id)).ok_or_else(links::refused)?;
    desk.db
        .write(&desk.acting(home, user, SessionId::fresh()), async |tx| {
            let link = links::spend(tx, Purpose::EmailVerification, command.token.reveal()).await?;
            verified(tx, &link, home).await
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn verified(tx: &mut Tx, link: &Link, home: TenantId) -> Result<(), Problem> {
    let (Some(user), Some(email)) = (link.user_id, link.email.clone()) else { return Err(links::refused()) };
    let before = users::fetch_for_change(tx, user).await?;
    let after = User { email, email_verified_at: Some(tx.now()), ..before.clone() };
    users::update(tx, &after).await?;
    if after.email != before.email {
        let old = Letter {
            user_id: Some(user),
            address: Some(before.email.clone()),
            ..Letter::new(LetterKind::Notice, tx.now())
        };
        letters::post(tx, &old).await?;
    }
    members::tell_of_profile(tx, &before, &after).await?;
    members::let_in(tx, home, user).await
}
