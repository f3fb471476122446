//! One master key; every working key is derived from it by purpose (HKDF-SHA256), so there is one secret to guard.
//!
//! Signed texts (cursors, positions) verify with the present master key or the previous one: a rotation breaks no
//! page that somebody is reading.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;

const TAG_BYTES: usize = 12;

/// A 32-byte master key. Never printed.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// A new random key.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Stands in while the other faults of a configuration are gathered; never used to sign.
    pub(crate) const fn unusable() -> Self {
        Self([0; 32])
    }

    /// Reads a key from base64 text.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it, without the key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| "the master key is not base64".to_owned())?;
        let bytes =
            <[u8; 32]>::try_from(bytes).map_err(|bytes| format!("the master key has {} bytes, not 32", bytes.len()))?;
        Ok(Self(bytes))
    }

    /// The key as base64 text, to be kept in a file only its owner can read.
    #[must_use]
    pub fn to_text(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// The working key of one purpose.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        // Expanding to 32 bytes cannot fail: HKDF-SHA256 gives up to 8,160.
        if Hkdf::<Sha256>::new(None, &self.0).expand(purpose.as_bytes(), &mut key).is_err() {
            unreachable!("32 bytes are within HKDF's limit");
        }
        key
    }

    /// The working key of one purpose as text: passwords of database roles.
    #[must_use]
    pub fn derive_text(&self, purpose: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.derive(purpose))
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

/// The present master key and, during a rotation, the one before it.
#[derive(Debug, Clone)]
pub struct Keyring {
    /// Signs and wraps.
    pub current: MasterKey,
    /// Still verifies and unwraps.
    pub previous: Option<MasterKey>,
}

impl Keyring {
    /// Turns a value into opaque text that only this platform can make.
    pub fn seal<T: Serialize>(&self, purpose: &str, value: &T) -> String {
        let json = serde_json::to_vec(value).unwrap_or_default();
        let mut bytes = tag(&self.current, purpose, &json).to_vec();
        bytes.extend_from_slice(&json);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads such a text back; `None` when it was not made here for this purpose.
    #[must_use]
    pub fn open<T: DeserializeOwned>(&self, purpose: &str, text: &str) -> Option<T> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (given, json) = bytes.split_at_checked(TAG_BYTES)?;
        let genuine = self.keys().any(|key| {
            let mut mac = mac(key, purpose);
            mac.update(json);
            mac.verify_truncated_left(given).is_ok()
        });
        if genuine { serde_json::from_slice(json).ok() } else { None }
    }

    fn keys(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.current).chain(self.previous.as_ref())
    }
}

fn mac(key: &MasterKey, purpose: &str) -> Hmac<Sha256> {
    match Hmac::new_from_slice(&key.derive(purpose)) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of every length"),
    }
}

fn tag(key: &MasterKey, purpose: &str, message: &[u8]) -> [u8; TAG_BYTES] {
    let mut mac = mac(key, purpose);
    mac.update(message);
    let mut tag = [0; TAG_BYTES];
    tag.iter_mut().zip(mac.finalize().into_bytes()).for_each(|(to, from)| *to = from);
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(byte: u8) -> Keyring {
        Keyring { current: MasterKey([byte; 32]), previous: None }
    }

    #[test]
    fn a_sealed_text_opens_only_for_its_purpose_and_key() {
        let text = ring(1).seal("cursor", &42);
        assert_eq!(ring(1).open::<i32>("cursor", &text), Some(42));
        assert_eq!(ring(1).open::<i32>("position", &text), None);
        assert_eq!(ring(2).open::<i32>("cursor", &text), None);
        let rotated = Keyring { current: MasterKey([2; 32]), previous: Some(MasterKey([1; 32])) };
        assert_eq!(rotated.open::<i32>("cursor", &text), Some(42));
    }

    #[test]
    fn a_changed_text_does_not_open() {
        let text = ring(1).seal("cursor", &42);
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(bytes).unwrap();
            assert!(forged == text || ring(1).open::<i32>("cursor", &forged).is_none());
        }
        assert_eq!(ring(1).open::<i32>("cursor", ""), None);
    }
}
