//! An authenticator in software, and the browser before it, as <https://www.w3.org/TR/webauthn-3/> describes them; it can
//! also do what neither would.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const KEY_ENCLOSED: u8 = 0x40;

/// A device with keys on it.
#[derive(Clone)]
pub(crate) struct Authenticator {
    /// The page that asks.
    pub(crate) origin: String,
    /// The site that the device believes to be asked by, instead of the one in the options.
    pub(crate) rp_id: Option<String>,
    /// Whether it asks who holds it.
    pub(crate) verifies: bool,
    /// How often it has signed.
    pub(crate) counter: u32,
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: Vec<u8>,
    rp_id: String,
    /// Whose it is; a key that was not asked to be found without a name does not know.
    user: Option<String>,
    secret: SigningKey,
}

impl Authenticator {
    /// A device that a page at `origin` uses.
    pub(crate) fn at(origin: &str) -> Self {
        Self { origin: origin.to_owned(), rp_id: None, verifies: true, counter: 0, keys: Vec::new() }
    }

    /// The same device, but for something.
    pub(crate) fn but(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut other = self.clone();
        change(&mut other);
        other
    }

    /// `navigator.credentials.create`, as its answer's `toJSON` gives it; `None` when the device has a key already.
    pub(crate) fn create(&mut self, options: &Value) -> Option<Value> {
        self.create_as(options, random())
    }

    /// The same with an id for the key that is not the device's own choice.
    pub(crate) fn create_as(&mut self, options: &Value, id: Vec<u8>) -> Option<Value> {
        let asked = &options["publicKey"];
        let known = |excluded: &Value| self.keys.iter().any(|key| excluded["id"] == text(&key.id));
        if asked["excludeCredentials"].as_array().is_some_and(|excluded| excluded.iter().any(known)) {
            return None;
        }
        assert!(asked["pubKeyCredParams"].as_array().unwrap().iter().any(|kind| kind["alg"] == -7), "ES256");
        let rp_id = self.rp_id.clone().unwrap_or_else(|| asked["rp"]["id"].as_str().unwrap().to_owned());
        let discoverable = asked["authenticatorSelection"]["residentKey"] == "required";
        let user = discoverable.then(|| asked["user"]["id"].as_str().unwrap().to_owned());
        let key = Key { id, rp_id, user, secret: SigningKey::from_slice(&random()).unwrap() };
        let point = key.secret.verifying_key().to_sec1_bytes();
        let mut data = self.data(&key.rp_id, KEY_ENCLOSED);
        data.extend([0; 16]);
        data.extend(u16::try_from(key.id.len()).unwrap().to_be_bytes());
        data.extend(&key.id);
        // COSE, in CBOR: {1: 2 (two coordinates), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}.
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..]);
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        attestation.push(u8::try_from(data.len()).unwrap());
        attestation.extend(&data);
        let answer = json!({
            "id": text(&key.id), "rawId": text(&key.id), "type": "public-key", "authenticatorAttachment": "platform",
            "clientExtensionResults": { "credProps": { "rk": discoverable } },
            "response": {
                "clientDataJSON": text(&self.client_data("webauthn.create", asked)),
                "attestationObject": text(&attestation),
                "authenticatorData": text(&data),
                "publicKeyAlgorithm": -7,
                "transports": ["internal", "hybrid"],
            },
        });
        self.keys.push(key);
        Some(answer)
    }

    /// `navigator.credentials.get`, with the newest key that fits.
    pub(crate) fn get(&mut self, options: &Value) -> Option<Value> {
        let asked = &options["publicKey"];
        let rp_id = asked["rpId"].as_str().unwrap();
        let allowed = asked["allowCredentials"].as_array().filter(|allowed| !allowed.is_empty());
        let fits = |key: &&Key| match allowed {
            Some(allowed) => allowed.iter().any(|allowed| allowed["id"] == text(&key.id)),
            None => key.user.is_some(),
        };
        let key = self.keys.iter().rev().filter(|key| key.rp_id == rp_id).find(fits)?.clone();
        self.counter += 1;
        let data = self.data(self.rp_id.as_deref().unwrap_or(rp_id), 0);
        let client_data = self.client_data("webauthn.get", asked);
        let signed = [&data[..], &Sha256::digest(&client_data)].concat();
        let signature: Signature = key.secret.sign(&signed);
        Some(json!({
            "id": text(&key.id), "rawId": text(&key.id), "type": "public-key", "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": text(&client_data),
                "authenticatorData": text(&data),
                "signature": text(signature.to_der().as_bytes()),
                "userHandle": key.user,
            },
        }))
    }

    /// What the authenticator says of itself, before the key that it may enclose.
    fn data(&self, rp_id: &str, flags: u8) -> Vec<u8> {
        let verified = if self.verifies { USER_VERIFIED } else { 0 };
        let mut data = Sha256::digest(rp_id).to_vec();
        data.push(USER_PRESENT | verified | flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// What the browser says of the page.
    fn client_data(&self, kind: &str, asked: &Value) -> Vec<u8> {
        let data = json!({
            "type": kind, "challenge": asked["challenge"], "origin": self.origin, "crossOrigin": false,
        });
        data.to_string().into_bytes()
    }
}

/// Thirty-two bytes that nobody knows.
fn random() -> Vec<u8> {
    let mut bytes = vec![0; 32];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
