//! Secrets at rest.
//!
//! Each tenant and each person has a key of their own; it is kept wrapped by the platform's master key (AES-256-GCM), and
//! seals what is stored for them. A new master key wraps the same keys anew; who destroys an owner's key makes noise of all
//! it sealed.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use db::{Conn, Db, Tx};
use kernel::Problem;
use kernel::keys::{Keyring, MasterKey};
use uuid::Uuid;

use crate::accounts::data_keys::{self, DataKey};

const NONCE_BYTES: usize = 12;
const WRAPPING: &str = "data key wrapping";
/// Keys that are wrapped anew between two looks at the database.
const BATCH: i64 = 200;

/// Encrypts under a key; `about` must be said again to decrypt, so that a sealed value cannot be moved elsewhere.
pub(crate) fn encrypt(key: [u8; 32], about: &[u8], plain: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(Problem::internal)?;
    let sealed = Aes256Gcm::new(&key.into()).encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: about });
    let sealed = sealed.map_err(|_| Problem::internal("a secret cannot be encrypted"))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// Reads what [`encrypt`] made; `None` under another key or for something else.
pub(crate) fn decrypt(key: [u8; 32], about: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
    Aes256Gcm::new(&key.into()).decrypt(&Nonce::from(nonce), Payload { msg: sealed, aad: about }).ok()
}

/// Seals a secret of an owner, who gets a key with the first one.
pub(crate) async fn seal(tx: &mut Tx, keys: &Keyring, owner: Uuid, plain: &[u8]) -> Result<Vec<u8>, Problem> {
    if data_keys::find(tx, owner).await?.is_none() {
        let mut fresh = [0; 32];
        getrandom::fill(&mut fresh).map_err(Problem::internal)?;
        let wrapped_key = wrap(&keys.current, owner, &fresh)?;
        data_keys::insert(tx, &DataKey { owner_id: owner, wrapped_key, created_at: tx.now() }).await?;
    }
    encrypt(key_of(tx, keys, owner).await?, owner.as_bytes(), plain)
}

/// Opens a secret of an owner.
pub(crate) async fn open(conn: &Conn, keys: &Keyring, owner: Uuid, sealed: &[u8]) -> Result<Vec<u8>, Problem> {
    let key = key_of(conn, keys, owner).await?;
    decrypt(key, owner.as_bytes(), sealed).ok_or_else(|| Problem::internal("a stored secret cannot be opened"))
}

/// Wraps every data key with the present master key; says how many were wrapped with the one before it. Safe to repeat.
///
/// # Errors
/// When the database is away, or a key was wrapped with neither.
pub async fn rewrap(db: &Db, keys: &Keyring) -> Result<usize, Problem> {
    db.global(async |conn| {
        let (mut last, mut rewrapped) = (Uuid::nil(), 0);
        loop {
            let page = data_keys::after(conn, last, BATCH).await?;
            let Some(end) = page.last() else { return Ok(rewrapped) };
            last = end.owner_id;
            for DataKey { owner_id, wrapped_key, created_at } in page {
                if unwrap_with(&keys.current, owner_id, &wrapped_key).is_none() {
                    let wrapped_key = wrap(&keys.current, owner_id, &unwrap(keys, owner_id, &wrapped_key)?)?;
                    data_keys::rewrap(conn, &DataKey { owner_id, wrapped_key, created_at }).await?;
                    rewrapped += 1;
                }
            }
        }
    })
    .await
}

async fn key_of(conn: &Conn, keys: &Keyring, owner: Uuid) -> Result<[u8; 32], Problem> {
    let kept = data_keys::find(conn, owner).await?.ok_or_else(|| Problem::internal("an owner's data key is gone"))?;
    unwrap(keys, owner, &kept.wrapped_key)
}

fn wrap(master: &MasterKey, owner: Uuid, key: &[u8; 32]) -> Result<Vec<u8>, Problem> {
    encrypt(master.derive(WRAPPING), owner.as_bytes(), key)
}

fn unwrap_with(master: &MasterKey, owner: Uuid, wrapped: &[u8]) -> Option<[u8; 32]> {
    decrypt(master.derive(WRAPPING), owner.as_bytes(), wrapped)?.try_into().ok()
}

fn unwrap(keys: &Keyring, owner: Uuid, wrapped: &[u8]) -> Result<[u8; 32], Problem> {
    let all = std::iter::once(&keys.current).chain(&keys.previous);
    all.into_iter().find_map(|master| unwrap_with(master, owner, wrapped)).ok_or_else(|| {
        Problem::internal("a data key was wrapped with another master key; set CAIRN_MASTER_KEY_PREVIOUS")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_key_opens_for_its_owner_with_the_present_or_the_previous_master_key_only() {
        let [old, new, other] = [0; 3].map(|_| MasterKey::random().unwrap());
        let owner = Uuid::from_u128(7);
        let wrapped = wrap(&old, owner, &[7; 32]).unwrap();
        let ring = |current: &MasterKey, previous: &MasterKey| Keyring {
            current: current.clone(),
            previous: Some(previous.clone()),
        };
        assert_eq!(unwrap(&ring(&new, &old), owner, &wrapped).unwrap(), [7; 32]);
        assert!(unwrap(&ring(&new, &other), owner, &wrapped).is_err());
        assert!(unwrap(&ring(&new, &old), Uuid::from_u128(8), &wrapped).is_err());
    }

    #[test]
    fn what_was_tampered_with_does_not_open() {
        let sealed = encrypt([1; 32], b"owner", b"secret").unwrap();
        assert_eq!(decrypt([1; 32], b"owner", &sealed).unwrap(), b"secret");
        for at in 0..sealed.len() {
            let mut forged = sealed.clone();
            forged[at] ^= 1;
            assert!(decrypt([1; 32], b"owner", &forged).is_none());
        }
        assert!(decrypt([1; 32], b"owner", &[]).is_none());
    }
}
