//! Letters that wait to be sent. A row says whom a letter is for and why; it is written, with its link, when it is sent.

use chrono::Duration;
use db::Conn;
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use diesel_async::RunQueryDsl;
use kernel::{InvitationId, Problem, TenantId, Timestamp, UserId};
use uuid::Uuid;

use crate::schema::letters;

/// After this many tries nobody will read it in time.
const MOST_TRIES: i32 = 12;
/// How long a sender may take; past this, another one tries.
const LEASE: Duration = Duration::minutes(2);

kernel::text_enum! {
    /// What a letter is about.
    pub enum LetterKind {
        /// One may become a member.
        Invitation = "INVITATION",
        /// One may choose a new password.
        PasswordReset = "PASSWORD_RESET",
        /// One is to prove that an address is one's own.
        EmailVerification = "EMAIL_VERIFICATION",
        /// Somebody tried to register with an address that has an account.
        AlreadyRegistered = "ALREADY_REGISTERED",
        /// Password, address or second factor have changed.
        Notice = "NOTICE",
    }
}

/// A row of `letters`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, QueryableByName)]
#[diesel(table_name = letters, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Letter {
    pub(crate) id: Uuid,
    pub(crate) kind: LetterKind,
    pub(crate) tenant_id: Option<TenantId>,
    pub(crate) invitation_id: Option<InvitationId>,
    pub(crate) user_id: Option<UserId>,
    /// Where it goes, when that is not the person's own address; of a reset, the name that was typed.
    pub(crate) address: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) due_at: Timestamp,
    pub(crate) attempts: i32,
    pub(crate) last_error: Option<String>,
}

impl Letter {
    /// A letter of a kind, to be sent now.
    pub(crate) fn new(kind: LetterKind, now: Timestamp) -> Self {
        Self {
            id: Uuid::now_v7(),
            kind,
            tenant_id: None,
            invitation_id: None,
            user_id: None,
            address: None,
            created_at: now,
            due_at: now,
            attempts: 0,
            last_error: None,
        }
    }
}

/// Why a letter was not taken.
pub(crate) struct Refusal {
    pub(crate) error: String,
    /// Nobody will take it later either.
    pub(crate) is_final: bool,
}

impl Refusal {
    /// It may be taken later.
    pub(crate) fn for_now(error: impl ToString) -> Self {
        Self { error: error.to_string(), is_final: false }
    }
}

pub(crate) async fn post(mut conn: &Conn, letter: &Letter) -> Result<(), Problem> {
    diesel::insert_into(letters::table).values(letter).execute(&mut conn).await?;
    Ok(())
}

/// Takes the next letter that is due, for one sender.
pub(crate) async fn lease(mut conn: &Conn, now: Timestamp) -> Result<Option<Letter>, Problem> {
    let next = diesel::sql_query(
        "update letters set attempts = attempts + 1, due_at = $2 where id = (select id from letters where due_at <= $1 \
         order by due_at limit 1 for update skip locked) returning *",
    );
    let next = next.bind::<Timestamptz, _>(now).bind::<Timestamptz, _>(now + LEASE);
    Ok(next.get_result(&mut conn).await.optional()?)
}

/// It was sent, or nobody is to get it.
pub(crate) async fn done(mut conn: &Conn, letter: &Letter) -> Result<(), Problem> {
    diesel::delete(letters::table.find(letter.id)).execute(&mut conn).await?;
    Ok(())
}

/// It could not be sent: later again, more and more patiently, and in the end not at all.
pub(crate) async fn failed(mut conn: &Conn, letter: &Letter, refusal: &Refusal, now: Timestamp) -> Result<(), Problem> {
    let (kind, error) = (letter.kind, refusal.error.as_str());
    if refusal.is_final || letter.attempts >= MOST_TRIES {
        metrics::counter!("cairn_letters_given_up_total").increment(1);
        tracing::error!(letter = %letter.id, %kind, error, "a letter is given up");
        return done(conn, letter).await;
    }
    tracing::warn!(letter = %letter.id, %kind, error, attempts = letter.attempts, "a letter has to wait");
    let pause = Duration::seconds(5) * 2_i32.pow(letter.attempts.clamp(0, 10).unsigned_abs());
    diesel::update(letters::table.find(letter.id))
        .set((letters::due_at.eq(now + pause), letters::last_error.eq(error)))
        .execute(&mut conn)
        .await?;
    Ok(())
}
