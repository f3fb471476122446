//! Password hashes: bcrypt on the blocking pool, a bounded number at a time.
//!
//! A sign-in costs a fifth of a second of CPU by design. At most one per core runs, a few dozen wait, and the rest are
//! told to come back: a storm of sign-ins must not take the service from those who are signed in.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use contracts::identity::settings::TenantSettings;
use db::Conn;
use diesel::QueryableByName;
use diesel::sql_types::{Integer, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::problem::{ProblemKind, RATE_LIMITED};
use kernel::{Check, Problem, Secret, UserId};
use tokio::sync::Semaphore;
use zxcvbn::Score;

use crate::accounts::users::Credential;

const MOST_WAITING: usize = 64;
/// Fewer than about a million guesses is what a list of common passwords finds.
const WEAKEST: Score = Score::Two;
/// Of one address: an office behind it signs in at once, an attacker does not keep everybody else out.
const MOST_OF_ADDRESS: u32 = 8;
/// bcrypt reads no more than this; a longer password would be cut silently.
const LONGEST_BYTES: usize = 72;

/// A new password that is one of the last ones.
static USED_BEFORE: ProblemKind = ProblemKind::new("PASSWORD_USED_BEFORE", 422, "The password was used before");

/// Hashes and verifies.
pub(crate) struct Passwords {
    cost: u32,
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
    /// Sign-ins under way, by address.
    addresses: Mutex<HashMap<String, u32>>,
    /// Compared with when there is no such user: the answer must take as long.
    decoy: Option<String>,
}

impl Passwords {
    pub(crate) fn new(cost: u32) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            cost,
            running: Arc::new(Semaphore::new(cores)),
            admitted: Arc::new(Semaphore::new(cores + MOST_WAITING)),
            addresses: Mutex::default(),
            decoy: bcrypt::non_truncating_hash("nobody's password", cost).ok(),
        }
    }

    /// A place for a sign-in from an address, until it is dropped.
    ///
    /// # Errors
    /// 429 when the address has as many under way as one may have.
    pub(crate) fn queue(&self, address: &str) -> Result<Place<'_>, Problem> {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = addresses.entry(address.to_owned()).or_default();
        if *under_way == MOST_OF_ADDRESS {
            return Err(RATE_LIMITED.detail("Too many sign-ins at once from here. Try again shortly.").retry_after(2));
        }
        *under_way += 1;
        Ok(Place { passwords: self, address: address.to_owned() })
    }

    /// The hash to keep.
    pub(crate) async fn hash(&self, password: Secret<String>) -> Result<String, Problem> {
        let cost = self.cost;
        self.work(move || bcrypt::non_truncating_hash(password.reveal(), cost)).await?.map_err(Problem::internal)
    }

    /// Whether the password is the one of `hash`; without a hash, as slow and `false`.
    pub(crate) async fn verify(&self, password: Secret<String>, hash: Option<String>) -> Result<bool, Problem> {
        let known = hash.is_some();
        let Some(hash) = hash.or_else(|| self.decoy.clone()) else { return Ok(false) };
        // A password past bcrypt's length matches nobody, but must cost what another costs.
        let fits = password.reveal().len() <= LONGEST_BYTES;
        let password = if fits { password } else { Secret::new(String::new()) };
        let same = self.work(move || bcrypt::non_truncating_verify(password.reveal(), &hash)).await?;
        Ok(known && fits && same.unwrap_or(false))
    }

    /// Refuses a password that is the present one or one of the last.
    pub(crate) async fn is_new(
        &self,
        password: &Secret<String>,
        known: &Credential,
        history: usize,
    ) -> Result<(), Problem> {
        let earlier = known.previous.iter().take(history);
        for hash in std::iter::once(&known.password_hash).chain(earlier) {
            if self.verify(password.clone(), Some(hash.clone())).await? {
                let how = format!("is the present one, or one of the {history} before it; choose another");
                return Err(USED_BEFORE.detail("Choose a password you have not had lately.").at(
                    "/newPassword",
                    "USED_BEFORE",
                    how,
                ));
            }
        }
        Ok(())
    }

    /// The hash to keep from now on, when the one that was just verified costs less, or more, than hashes do now.
    pub(crate) async fn renewed(&self, password: Secret<String>, hash: &str) -> Result<Option<String>, Problem> {
        let cost = hash.parse::<bcrypt::HashParts>().map(|parts| parts.get_cost());
        if cost.is_ok_and(|cost| cost == self.cost) { Ok(None) } else { self.hash(password).await.map(Some) }
    }

    async fn work<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let Ok(_admitted) = self.admitted.try_acquire() else {
            return Err(RATE_LIMITED.detail("Too many sign-ins at once. Try again shortly.").retry_after(2));
        };
        let _running = self.running.acquire().await.map_err(Problem::internal)?;
        tokio::task::spawn_blocking(job).await.map_err(Problem::internal)
    }
}

/// One sign-in under way.
pub(crate) struct Place<'a> {
    passwords: &'a Passwords,
    address: String,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut addresses = self.passwords.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut under_way) = addresses.entry(std::mem::take(&mut self.address)) {
            *under_way.get_mut() -= 1;
            if *under_way.get() == 0 {
                under_way.remove();
            }
        }
    }
}

/// What a new password must keep to: the strictest of the person's tenants.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub(crate) struct Rules {
    #[diesel(sql_type = Integer)]
    min_length: i32,
    #[diesel(sql_type = Integer)]
    history: i32,
}

impl From<&TenantSettings> for Rules {
    fn from(settings: &TenantSettings) -> Self {
        let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
        Self { min_length: number(settings.password_min_length), history: number(settings.password_history) }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::from(&TenantSettings::default())
    }
}

impl Rules {
    /// The rules for a person.
    pub(crate) async fn of(mut conn: &Conn, user: UserId) -> Result<Self, Problem> {
        let defaults = Self::default();
        let rules = diesel::sql_query("select min_length, history from password_rules_of($1, $2, $3)");
        let rules = rules.bind::<SqlUuid, _>(user).bind::<Integer, _>(defaults.min_length);
        Ok(rules.bind::<Integer, _>(defaults.history).get_result(&mut conn).await?)
    }

    /// How many earlier passwords are remembered.
    pub(crate) fn history(self) -> usize {
        usize::try_from(self.history).unwrap_or_default()
    }
}

/// Whether a new password is acceptable. `about` is what an attacker would try first: the person's own names.
pub(crate) fn check(check: &mut Check, pointer: &str, password: &str, rules: Rules, about: &[&str]) {
    let (characters, bytes) = (password.chars().count(), password.len());
    let shortest = usize::try_from(rules.min_length).unwrap_or_default();
    let fits = characters >= shortest && bytes <= LONGEST_BYTES;
    check.that(fits, pointer, "PASSWORD_LENGTH", || {
        format!("give at least {shortest} characters and at most {LONGEST_BYTES} bytes")
    });
    if fits {
        let weak = zxcvbn::zxcvbn(password, about).score() < WEAKEST;
        check.that(!weak, pointer, "PASSWORD_COMMON", || {
            "is among the first that somebody would try: common passwords, names, rows of keys. Take several words"
                .to_owned()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(password: &str, about: &[&str]) -> Option<String> {
        let mut found = Check::new();
        check(&mut found, "/password", password, Rules::default(), about);
        found.finish().err().map(|problem| problem.errors().iter().map(|error| error.code.to_string()).collect())
    }

    #[test]
    fn what_everybody_tries_is_refused() {
        for weak in ["passwordpassword", "123456789012", "qwertyuiop[]", "aaaaaaaaaaaaaaaa", "Password1234"] {
            assert_eq!(codes(weak, &[]).as_deref(), Some("PASSWORD_COMMON"), "{weak}");
        }
        assert_eq!(codes("olivia.owner", &["olivia.owner"]).as_deref(), Some("PASSWORD_COMMON"));
        assert_eq!(codes("short", &[]).as_deref(), Some("PASSWORD_LENGTH"));
        for good in ["correct horse battery", "another password, hers", "Tr0ub4dor&3 and more"] {
            assert_eq!(codes(good, &[]), None, "{good}");
        }
    }

    #[tokio::test]
    async fn a_name_that_nobody_has_costs_what_another_costs() {
        let passwords = Passwords::new(5);
        let decoy: bcrypt::HashParts = passwords.decoy.as_deref().unwrap().parse().unwrap();
        assert_eq!(decoy.get_cost(), passwords.cost);
        let longest = "x".repeat(LONGEST_BYTES + 1);
        for password in ["nobody's password", "short", &longest] {
            assert!(!passwords.verify(Secret::new(password.to_owned()), None).await.unwrap());
        }
        // It takes a place in the queue as every hash does: it was not answered without one.
        let all = passwords.admitted.try_acquire_many(u32::try_from(passwords.admitted.available_permits()).unwrap());
        for hash in [None, passwords.decoy.clone()] {
            assert!(passwords.verify(Secret::new(longest.clone()), hash).await.is_err());
        }
        drop(all);
    }

    #[test]
    fn one_address_leaves_room_for_others() {
        let passwords = Passwords::new(4);
        let mut places: Vec<_> = (0..MOST_OF_ADDRESS).map(|_| passwords.queue("192.0.2.1").unwrap()).collect();
        assert!(passwords.queue("192.0.2.1").is_err());
        assert!(passwords.queue("192.0.2.2").is_ok());
        places.pop();
        assert!(passwords.queue("192.0.2.1").is_ok());
        drop(places);
        assert!(passwords.addresses.lock().unwrap().is_empty());
    }
}
