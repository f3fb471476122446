//! Wrong passwords of the last quarter of an hour.
//!
//! They are counted by name and address together: who guesses is stopped, and the person whose name is guessed at signs in
//! from elsewhere as ever. An address that tries many names is stopped as well. A name that is guessed at from many addresses
//! is closed to all but those where its person has been signed in lately. Names that nobody has count like any other, so that
//! the count tells nothing. For the same reason the e-mail address and the user name of one account are two names.

use chrono::Duration;
use db::Conn;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use kernel::network::customer;
use kernel::problem::ProblemKind;
use kernel::{Problem, Timestamp, UserId};
use sha2::{Digest, Sha256};

use crate::schema::sessions;

/// How long a failure counts, and a stop lasts after the last one.
const REMEMBERED: Duration = Duration::minutes(15);
/// Wrong passwords for one name from one address.
const MOST_FOR_NAME: i64 = 5;
/// Wrong passwords for one name from everywhere.
const MOST_ANYWHERE: i64 = 100;
/// Wrong passwords from one address: an office has some.
const MOST_FROM_ADDRESS: i64 = 50;

/// Too many wrong passwords.
static TOO_MANY_FAILURES: ProblemKind =
    ProblemKind::new("SESSION_TOO_MANY_FAILURES", 429, "Too many wrong passwords from here");

/// A name that is tried, from an address.
pub(crate) struct Attempt {
    login_hash: Vec<u8>,
    /// Of the customer behind it, who may have many.
    address: String,
    /// Whether there is anything to forget.
    has_failed: bool,
}

impl Attempt {
    pub(crate) fn new(login: &str, address: &str) -> Self {
        let folded = login.trim().to_lowercase();
        Self { login_hash: Sha256::digest(folded).to_vec(), address: of_customer(address), has_failed: false }
    }

    /// Refuses one attempt too many, before its password is looked at. `person` has the name, if anybody has.
    pub(crate) async fn check(
        &mut self,
        mut conn: &Conn,
        person: Option<UserId>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        #[derive(QueryableByName)]
        struct Counted {
            #[diesel(sql_type = BigInt)]
            of_both: i64,
            #[diesel(sql_type = BigInt)]
            of_name: i64,
            #[diesel(sql_type = BigInt)]
            of_address: i64,
            #[diesel(sql_type = Nullable<Timestamptz>)]
            last_at: Option<Timestamp>,
        }
        let counted = diesel::sql_query(
            "select coalesce(sum(failures) filter (where login_hash = $1 and address = $2), 0)::bigint as of_both, \
             coalesce(sum(failures) filter (where login_hash = $1), 0)::bigint as of_name, \
             coalesce(sum(failures) filter (where address = $2), 0)::bigint as of_address, \
             max(last_at) as last_at \
             from sign_in_failures where (login_hash = $1 or address = $2) and last_at > $3",
        );
        let counted: Counted = counted
            .bind::<Binary, _>(&self.login_hash)
            .bind::<Text, _>(&self.address)
            .bind::<Timestamptz, _>(now - REMEMBERED)
            .get_result(&mut conn)
            .await?;
        self.has_failed = counted.of_both > 0;
        let is_hunted = counted.of_name >= MOST_ANYWHERE && !self.is_familiar(conn, person).await?;
        if counted.of_both < MOST_FOR_NAME && counted.of_address < MOST_FROM_ADDRESS && !is_hunted {
            return Ok(());
        }
        let wait = counted.last_at.map_or(REMEMBERED, |last| last + REMEMBERED - now);
        let seconds = u32::try_from(wait.num_seconds().max(1)).unwrap_or(u32::MAX);
        Err(TOO_MANY_FAILURES.detail(format!("Try again in {} minutes.", seconds.div_ceil(60))).retry_after(seconds))
    }

    /// Whether the person is, or was lately, signed in where this comes from. It is looked up for nobody as well.
    async fn is_familiar(&self, mut conn: &Conn, person: Option<UserId>) -> Result<bool, Problem> {
        let theirs = sessions::table.filter(sessions::user_id.nullable().eq(person));
        let addresses = theirs.select(sessions::client_address).distinct();
        let addresses: Vec<Option<String>> = addresses.load(&mut conn).await?;
        Ok(addresses.iter().flatten().any(|address| of_customer(address) == self.address))
    }

    /// Counts a wrong password.
    pub(crate) async fn failed(&self, mut conn: &Conn, now: Timestamp) -> Result<(), Problem> {
        let counted = diesel::sql_query(
            "insert into sign_in_failures as f (login_hash, address, failures, last_at) values ($1, $2, 1, $3) \
             on conflict (address, login_hash) do update set last_at = $3, \
             failures = case when f.last_at > $4 then f.failures + 1 else 1 end",
        );
        counted
            .bind::<Binary, _>(&self.login_hash)
            .bind::<Text, _>(&self.address)
            .bind::<Timestamptz, _>(now)
            .bind::<Timestamptz, _>(now - REMEMBERED)
            .execute(&mut conn)
            .await?;
        Ok(())
    }

    /// Forgets the failures of a name after the right password.
    pub(crate) async fn succeeded(&self, mut conn: &Conn) -> Result<(), Problem> {
        if !self.has_failed {
            return Ok(());
        }
        let gone = diesel::sql_query("delete from sign_in_failures where login_hash = $1 and address = $2");
        gone.bind::<Binary, _>(&self.login_hash).bind::<Text, _>(&self.address).execute(&mut conn).await?;
        Ok(())
    }
}

fn of_customer(address: &str) -> String {
    address.parse().map_or_else(|_| address.to_owned(), |one| customer(one).to_string())
}

/// Removes what does not count any more.
pub(crate) async fn forget(mut conn: &Conn, now: Timestamp) -> Result<(), Problem> {
    let gone = diesel::sql_query("delete from sign_in_failures where last_at <= $1");
    gone.bind::<Timestamptz, _>(now - REMEMBERED).execute(&mut conn).await?;
    Ok(())
}
