//! Tokens that must not count: every way to forge one that we know of.
#![expect(clippy::unwrap_used, reason = "a test that cannot stand should fall loudly")]

use auth::{
    AUDIENCE, Claims, ISSUER, Jwks, Patterns, Revocation, ServiceSigner, ServiceVerifier, SigningKey, TokenError,
    Verifier,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::keys::{Keyring, MasterKey};
use kernel::{Clock, SessionId, TenantId, Timestamp, UserId};

fn now() -> Timestamp {
    Clock::system().now()
}

fn claims(at: Timestamp) -> Claims {
    Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: UserId::fresh(),
        tid: TenantId::fresh(),
        sid: SessionId::fresh(),
        perms: Patterns::new(["catalog:*:read".to_owned()]),
        pwc: false,
        enr: false,
        cli: false,
        grt: None,
        con: None,
        auth_time: at.timestamp(),
        iat: at.timestamp(),
        ims: at.timestamp_millis(),
        nbf: at.timestamp(),
        exp: at.timestamp() + 600,
    }
}

fn key(byte: u8) -> SigningKey {
    SigningKey::from_seed("k1", &[byte; 32]).unwrap()
}

fn verifier() -> Verifier {
    let verifier = Verifier::default();
    verifier.set_keys(&Jwks { keys: vec![key(1).public()] });
    verifier
}

#[test]
fn a_token_of_ours_counts_until_it_expires() {
    let (verifier, at) = (verifier(), now());
    let token = key(1).sign(&claims(at)).unwrap();
    assert!(verifier.verify(&token, at).is_ok());
    assert!(verifier.verify(&token, at).is_ok(), "and again, from the cache");
    assert_eq!(verifier.verify(&token, at + chrono::Duration::minutes(11)).unwrap_err(), TokenError::Expired);
}

#[test]
fn forged_tokens_do_not_count() {
    let (verifier, at) = (verifier(), now());
    let good = key(1).sign(&claims(at)).unwrap();
    let payload = good.split('.').nth(1).unwrap();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT","kid":"k1"}"#);
    let hs256 = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT","kid":"k1"}"#);
    let mut forged = vec![
        String::new(),
        "a.b.c".to_owned(),
        format!("{none}.{payload}."),
        format!("{hs256}.{payload}.{}", URL_SAFE_NO_PAD.encode([0; 32])),
        key(2).sign(&claims(at)).unwrap(),
        key(1).sign(&Claims { iss: "somebody".to_owned(), ..claims(at) }).unwrap(),
        key(1).sign(&Claims { aud: "elsewhere".to_owned(), ..claims(at) }).unwrap(),
        key(1).sign(&Claims { nbf: at.timestamp() + 600, ..claims(at) }).unwrap(),
        key(1).sign(&Claims { exp: at.timestamp() - 600, ..claims(at) }).unwrap(),
    ];
    let mut changed = good.clone().into_bytes();
    let middle = changed.len() / 2;
    changed[middle] = if changed[middle] == b'a' { b'b' } else { b'a' };
    forged.push(String::from_utf8(changed).unwrap());
    for token in forged {
        assert!(verifier.verify(&token, at).is_err(), "{token}");
    }
    let stranger = SigningKey::from_seed("k9", &[9; 32]).unwrap().sign(&claims(at)).unwrap();
    assert_eq!(verifier.verify(&stranger, at).unwrap_err(), TokenError::UnknownKey);
}

#[test]
fn a_revoked_session_ends_at_once_and_only_it() {
    let (verifier, at) = (verifier(), now());
    let (mine, theirs) = (claims(at), claims(at));
    let (my_token, their_token) = (key(1).sign(&mine).unwrap(), key(1).sign(&theirs).unwrap());
    assert!(verifier.verify(&my_token, at).is_ok());
    verifier.revocations().add(Revocation::Session(mine.sid), at, at);
    assert_eq!(verifier.verify(&my_token, at).unwrap_err(), TokenError::Revoked);
    assert!(verifier.verify(&their_token, at).is_ok());
}

#[test]
fn a_service_token_is_for_one_audience() {
    let keys = Keyring { current: MasterKey::random().unwrap(), previous: None };
    let signer = ServiceSigner::new(&keys, "adoption").unwrap();
    let token = signer.sign("catalog", None, None, now()).unwrap();
    let (claims, caller) = ServiceVerifier::new(&keys, "catalog").unwrap().verify(&token, now()).unwrap();
    assert_eq!((claims.iss.as_str(), caller), ("adoption", "adoption"));
    assert!(ServiceVerifier::new(&keys, "telemetry").unwrap().verify(&token, now()).is_err());
    assert!(verifier().verify(&token, now()).is_err(), "a service's token is not a person's");
}
