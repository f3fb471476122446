//! Mail: letters are written when they are sent, so that no link is ever at rest, and sent again until they are taken.
//!
//! A server that has no such mailbox is not asked again; any other fault, a wrong password too, may be over later.
//!
//! Without `CAIRN_SMTP_URL` they become files in `<data>/mail`, to be read with any mail program or editor.

use std::os::unix::fs::DirBuilderExt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chrono::Duration as Span;
use db::{Conn, Db};
use futures_util::FutureExt;
use kernel::{Problem, Secret, Timestamp};
use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Body, Mailbox, MessageBuilder};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::response::Category;
use lettre::{Address, AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use observe::Outage;
use tokio::time::{sleep, timeout};
use web::Context;

use crate::accounts::letters::{self, Letter, LetterKind, Refusal};
use crate::accounts::links::{self, Link, Purpose};
use crate::accounts::users::User;
use crate::accounts::{tenants, users};
use crate::invitations;

const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long a mail server may take over a letter: less than the lease on it.
const PATIENCE: Duration = Duration::from_secs(90);
/// A link to a new password, and one that proves an address.
const RESET_LIVES: Span = Span::hours(1);
const VERIFICATION_LIVES: Span = Span::hours(24);

/// Where letters are handed in, and in whose name.
struct PostOffice {
    from: Mailbox,
    transport: Transport,
}

enum Transport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Files(AsyncFileTransport<Tokio1Executor>),
}

/// A letter as it is sent.
struct Draft {
    to: Mailbox,
    subject: String,
    text: String,
}

/// Sends letters until the service stops. Replicas may do so at once.
pub(crate) async fn send(context: Context, db: Db) {
    let office = match PostOffice::open(&context) {
        Ok(office) => office,
        Err(error) => {
            tracing::error!(error, "no mail can be sent");
            return;
        }
    };
    let mut outage = Outage::none("the sending of mail");
    while !context.stop.is_cancelled() {
        let pause = match turn(&context, &db, &office).await {
            Ok(sent) => {
                outage.is_over();
                if sent { Duration::ZERO } else { LOOK_EVERY }
            }
            Err(problem) => outage.lasts(problem),
        };
        tokio::select! { () = context.stop.cancelled() => {}, () = sleep(pause) => {} }
    }
}

impl PostOffice {
    fn open(context: &Context) -> Result<Self, String> {
        let mail = &context.config.mail;
        let from = mail.from.parse().map_err(|error| format!("CAIRN_MAIL_FROM: {error}"))?;
        let Some(url) = &mail.smtp_url else {
            let folder = context.config.data.join("mail");
            // Links to new passwords are in there.
            let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
            made.map_err(|error| format!("{}: {error}", folder.display()))?;
            return Ok(Self { from, transport: Transport::Files(AsyncFileTransport::new(folder)) });
        };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.reveal());
        // The error would print the address with its password.
        let transport = transport.map_err(|_| "CAIRN_SMTP_URL is no address of an SMTP server")?;
        Ok(Self { from, transport: Transport::Smtp(transport.build()) })
    }

    async fn hand_in(&self, draft: Draft) -> Result<(), Refusal> {
        let builder: MessageBuilder = Message::builder().from(self.from.clone()).to(draft.to).subject(draft.subject);
        let builder = builder.message_id(None).header(ContentType::TEXT_PLAIN);
        let message = builder.body(self.transport.body(draft.text)).map_err(Refusal::for_now)?;
        match &self.transport {
            Transport::Smtp(smtp) => match timeout(PATIENCE, smtp.send(message)).await {
                Ok(answer) => answer.map(drop).map_err(|error| refusal(&error)),
                Err(_) => Err(Refusal::for_now(format!("the mail server took longer than {} s", PATIENCE.as_secs()))),
            },
            Transport::Files(files) => files.send(message).await.map(drop).map_err(Refusal::for_now),
        }
    }
}

/// Sends one letter, if one is due; says whether there may be more.
async fn turn(context: &Context, db: &Db, office: &PostOffice) -> Result<bool, Problem> {
    let now = context.clock.now();
    let Some(letter) = db.global(async |conn| letters::lease(conn, now).await).await? else { return Ok(false) };
    let outcome = match write(context, db, &letter, now).await? {
        // One letter that cannot be written must not keep all others.
        Some(draft) => AssertUnwindSafe(office.hand_in(draft)).catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!(service = "identity", letter = %letter.id, "a letter cannot be written");
            Err(Refusal::for_now("the letter cannot be written"))
        }),
        None => Ok(()),
    };
    let finished = async |conn: &Conn| match &outcome {
        Ok(()) => letters::done(conn, &letter).await,
        Err(refusal) => letters::failed(conn, &letter, refusal, context.clock.now()).await,
    };
    db.global(finished).await?;
    Ok(true)
}

/// What a server says of a letter is kept; what it says of anything else is not: it might repeat the password.
fn refusal(error: &SmtpError) -> Refusal {
    match error.status() {
        Some(code) if code.category == Category::MailSystem => {
            // The mailbox is not there (550, 551), or cannot be anywhere (553).
            Refusal { error: error.to_string(), is_final: matches!(u16::from(code), 550 | 551 | 553) }
        }
        Some(code) => Refusal::for_now(format!("the mail server answered {code}")),
        None if error.is_response() => Refusal::for_now("the mail server hung up, or spoke no SMTP"),
        None => Refusal::for_now(error),
    }
}

impl Transport {
    /// Plain as far as it goes: a link that is folded cannot be copied from a file. No line of ours is near the 998 characters
    /// that a line of mail may have.
    fn body(&self, text: String) -> Body {
        let encoding = match self {
            _ if text.lines().any(|line| line.len() >= 998) => return Body::new(text),
            _ if text.is_ascii() => ContentTransferEncoding::SevenBit,
            Self::Files(_) => ContentTransferEncoding::EightBit,
            // Not every server takes eight bits.
            Self::Smtp(_) => return Body::new(text),
        };
        Body::dangerous_pre_encoded(text.replace('\n', "\r\n").into_bytes(), encoding)
    }
}

/// The letter in words; `None` when nobody is to get it, such as the one to a name that nobody has.
async fn write(context: &Context, db: &Db, letter: &Letter, now: Timestamp) -> Result<Option<Draft>, Problem> {
    match letter.kind {
        LetterKind::Invitation => invitation(context, db, letter, now).await,
        LetterKind::PasswordReset => reset(context, db, letter, now).await,
        LetterKind::EmailVerification => verification(context, db, letter, now).await,
        LetterKind::AlreadyRegistered => to_person(db, letter, "You have an account already", |user| {
            format!(
                "somebody, perhaps you, asked for a new account with this address. You have one: {}.\n\nIf you have \
                 forgotten the password, ask for a new one where you sign in.",
                user.username
            )
        })
        .await,
        LetterKind::Notice => to_person(db, letter, "Your account was changed", |_| {
            "the password, the e-mail address or the second factor of your account was changed.\n\nIf that was not you, \
             ask for a new password at once, and tell your administrator."
                .to_owned()
        })
        .await,
    }
}

async fn invitation(context: &Context, db: &Db, letter: &Letter, now: Timestamp) -> Result<Option<Draft>, Problem> {
    let (Some(tenant), Some(id)) = (letter.tenant_id, letter.invitation_id) else { return Ok(None) };
    let (invitation, name) = db
        .read(tenant, async |conn| {
            let name = tenants::find(conn, tenant).await?.map(|tenant| tenant.name).unwrap_or_default();
            Ok((invitations::find_pending(conn, tenant, id).await?, name))
        })
        .await?;
    let Some(invitation) = invitation else { return Ok(None) };
    let link = Link {
        tenant_id: Some(tenant),
        invitation_id: Some(id),
        email: Some(invitation.email.clone()),
        ..blank(Purpose::Invitation, now, invitation.expires_at)
    };
    let (token, link) = with_token(link)?;
    let replace = async |conn: &Conn| {
        links::withdraw_invitation(conn, id).await?;
        links::insert(conn, &link).await
    };
    db.global(replace).await?;
    let text = format!(
        "Hello{},\n\nyou are invited to join {name}. Follow this link before {}:\n\n{}\n\nIf you did not expect this, do \
         nothing.\n",
        invitation.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default(),
        invitation.expires_at.in_words(),
        address_of(context, "invitation", &token),
    );
    Ok(mailbox(&invitation.email, invitation.name).map(|to| Draft { to, subject: format!("Join {name}"), text }))
}

async fn reset(context: &Context, db: &Db, letter: &Letter, now: Timestamp) -> Result<Option<Draft>, Problem> {
    let Some(login) = &letter.address else { return Ok(None) };
    let Some((user, _)) = db.global(async |conn| users::by_login(conn, login).await).await? else { return Ok(None) };
    let link = Link { user_id: Some(user.id), ..blank(Purpose::PasswordReset, now, now + RESET_LIVES) };
    let (token, link) = with_token(link)?;
    let replace = async |conn: &Conn| {
        links::withdraw(conn, user.id, Purpose::PasswordReset).await?;
        links::insert(conn, &link).await
    };
    db.global(replace).await?;
    let text = format!(
        "Hello {},\n\nsomebody, perhaps you, asked for a new password for {}. Follow this link within an hour to choose \
         one:\n\n{}\n\nIf it was not you, do nothing: the old password counts.\n",
        user.name,
        user.username,
        address_of(context, "password", &token),
    );
    let subject = "Choose a new password".to_owned();
    Ok(mailbox(&user.email, Some(user.name)).map(|to| Draft { to, subject, text }))
}

async fn verification(context: &Context, db: &Db, letter: &Letter, now: Timestamp) -> Result<Option<Draft>, Problem> {
    let (Some(user), Some(address)) = (letter.user_id, &letter.address) else { return Ok(None) };
    let Some((user, _)) = db.global(async |conn| users::find(conn, user).await).await? else { return Ok(None) };
    let link = Link {
        user_id: Some(user.id),
        tenant_id: letter.tenant_id,
        email: Some(address.clone()),
        ..blank(Purpose::EmailVerification, now, now + VERIFICATION_LIVES)
    };
    let (token, link) = with_token(link)?;
    let replace = async |conn: &Conn| {
        links::withdraw(conn, user.id, Purpose::EmailVerification).await?;
        links::insert(conn, &link).await
    };
    db.global(replace).await?;
    let text = format!(
        "Hello {},\n\nfollow this link within a day to confirm that this address is yours:\n\n{}\n\nIf you did not ask \
         for this, do nothing.\n",
        user.name,
        address_of(context, "email", &token),
    );
    let subject = "Confirm your e-mail address".to_owned();
    Ok(mailbox(address, Some(user.name)).map(|to| Draft { to, subject, text }))
}

async fn to_person(
    db: &Db,
    letter: &Letter,
    subject: &str,
    say: impl FnOnce(&User) -> String,
) -> Result<Option<Draft>, Problem> {
    let Some(user) = letter.user_id else { return Ok(None) };
    let Some((user, _)) = db.global(async |conn| users::find(conn, user).await).await? else { return Ok(None) };
    let text = format!("Hello {},\n\n{}\n", user.name, say(&user));
    let address = letter.address.clone().unwrap_or_else(|| user.email.clone());
    Ok(mailbox(&address, Some(user.name)).map(|to| Draft { to, subject: subject.to_owned(), text }))
}

fn blank(purpose: Purpose, created_at: Timestamp, expires_at: Timestamp) -> Link {
    Link {
        token_hash: Vec::new(),
        purpose,
        user_id: None,
        tenant_id: None,
        invitation_id: None,
        email: None,
        created_at,
        expires_at,
    }
}

fn with_token(link: Link) -> Result<(Secret<String>, Link), Problem> {
    let (token, token_hash) = links::fresh()?;
    Ok((token, Link { token_hash, ..link }))
}

/// Behind the `#`: what follows it stays in the browser and is in nobody's log.
fn address_of(context: &Context, page: &str, token: &Secret<String>) -> String {
    format!("{}/account/{page}#{}", context.config.mail.public_url.trim_end_matches('/'), token.reveal())
}

fn mailbox(address: &str, name: Option<String>) -> Option<Mailbox> {
    let address = address.parse::<Address>();
    if address.is_err() {
        tracing::info!("a letter is for an address that mail cannot reach; it is dropped");
    }
    // A header is one line, and not every name in the database has always been.
    let name = name.map(|name| name.replace(char::is_control, " "));
    Some(Mailbox::new(name, address.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_two_lines_is_written_in_one() {
        let to = mailbox("lee@example.com", Some("Two\nLines".to_owned())).unwrap();
        let letter = Message::builder().from("cairn@example.com".parse().unwrap()).to(to).subject("Hello");
        let letter = letter.body(String::new()).unwrap().formatted();
        let letter = String::from_utf8(letter).unwrap();
        assert!(letter.contains("Two Lines"), "{letter}");
    }
}
