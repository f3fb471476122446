//! Password hashes: bcrypt on the blocking pool, a bounded number at a time.
//!
//! A sign-in costs a fifth of a second of CPU by design. At most one per core runs, a few dozen wait, and the rest are
//! told to come back: a storm of sign-ins must not take the service from those who are signed in.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use kernel::problem::RATE_LIMITED;
use kernel::{Check, Problem, Secret};
use tokio::sync::Semaphore;

const MOST_WAITING: usize = 64;
/// Of one address: an office behind it signs in at once, an attacker does not keep everybody else out.
const MOST_OF_ADDRESS: u32 = 8;
/// bcrypt reads no more than this; a longer password would be cut silently.
const LONGEST_BYTES: usize = 72;
const SHORTEST: usize = 12;

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

/// Whether a new password is acceptable.
pub(crate) fn check(check: &mut Check, pointer: &str, password: &str) {
    let (characters, bytes) = (password.chars().count(), password.len());
    check.that(characters >= SHORTEST && bytes <= LONGEST_BYTES, pointer, "PASSWORD_LENGTH", || {
        format!("give at least {SHORTEST} characters and at most {LONGEST_BYTES} bytes")
    });
}

#[cfg(test)]
mod tests {
    use super::*;

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
