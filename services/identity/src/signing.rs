//! The keys that sign access tokens: made here, wrapped by the master key, published as JWKS.
//!
//! A new key is published for two minutes before it signs, so that every verifier has it by then; a replaced key
//! stays published until the last token it signed has expired.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use auth::{Jwks, SigningKey};
use db::Db;
use kernel::keys::{Keyring, MasterKey};
use kernel::{Problem, Timestamp};
use observe::Outage;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Answer, Context};

use crate::accounts::signing_keys::{self, StoredKey};
use crate::vault;

const PUBLISHED_BEFORE_USE: chrono::Duration = chrono::Duration::minutes(2);
const KEPT_AFTER_RETIRING: chrono::Duration = chrono::Duration::minutes(15);
const WRAPPING: &str = "signing key wrapping";

/// How long a question for the keys waits for the first load: services that start together ask before we have them.
const SOON: Duration = Duration::from_millis(1_500);

/// The present keys. Shared by all workers.
#[derive(Default)]
pub(crate) struct Signing {
    loaded: watch::Sender<Option<Arc<Loaded>>>,
}

struct Loaded {
    current: SigningKey,
    jwks: Jwks,
}

impl Signing {
    /// Signs with the present key.
    pub(crate) fn sign<T: serde::Serialize>(&self, claims: &T) -> Result<String, Problem> {
        let loaded = self.loaded.borrow().clone();
        loaded.ok_or_else(not_yet)?.current.sign(claims).map_err(Problem::internal)
    }

    /// The keys, as soon as they are loaded.
    async fn soon(&self) -> Result<Arc<Loaded>, Problem> {
        let mut loaded = self.loaded.subscribe();
        let loaded = timeout(SOON, loaded.wait_for(Option::is_some)).await;
        loaded.ok().and_then(|loaded| loaded.ok()?.clone()).ok_or_else(not_yet)
    }
}

fn not_yet() -> Problem {
    Problem::unavailable("The signing key", "not loaded yet")
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(show_jwks);
}

/// Show the public keys
///
/// Access tokens verify with one of these; `kid` in a token's header names it.
#[utoipa::path(tag = "sessions", responses((status = 200, body = Jwks)))]
#[get("/jwks")]
async fn show_jwks(signing: Data<Signing>) -> Answer {
    let loaded = signing.soon().await?;
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "public, max-age=60")).json(&loaded.jwks))
}

/// Loads the keys now and every half minute; makes the first one.
pub(crate) async fn keep(context: Context, db: Db) {
    let signing = context.shared(Signing::default);
    let mut outage = Outage::none("the loading of signing keys");
    loop {
        let now = context.clock.now();
        let pause = match load(&db, &context.config.keys, now).await {
            Ok(loaded) => {
                context.verifier.set_keys(&loaded.jwks);
                signing.loaded.send_replace(Some(Arc::new(loaded)));
                outage.is_over();
                Duration::from_secs(30)
            }
            Err(problem) => outage.lasts(problem),
        };
        tokio::select! { () = context.stop.cancelled() => return, () = sleep(pause) => {} }
    }
}

/// Makes a new key that takes over in two minutes; the one before it stays published until its tokens have expired.
///
/// # Errors
/// When the database is away.
pub async fn rotate(db: &Db, keys: &Keyring, now: Timestamp) -> Result<String, Problem> {
    let key = make(keys, now)?;
    let id = key.id.clone();
    signing_keys::replace(db, key, now + PUBLISHED_BEFORE_USE).await?;
    Ok(id)
}

async fn load(db: &Db, keys: &Keyring, now: Timestamp) -> Result<Loaded, Problem> {
    let mut stored = signing_keys::published(db, now - KEPT_AFTER_RETIRING).await?;
    if stored.is_empty() {
        signing_keys::insert_first(db, make(keys, now)?).await?;
        stored = signing_keys::published(db, now - KEPT_AFTER_RETIRING).await?;
    }
    let mut all = Vec::with_capacity(stored.len());
    for key in stored {
        all.push((
            key.created_at,
            SigningKey::from_seed(key.id, &unwrap(keys, &key.wrapped_seed)?).map_err(Problem::internal)?,
        ));
    }
    let jwks = Jwks { keys: all.iter().map(|(_, key)| key.public()).collect() };
    // The newest that everybody has had time to load; the very first key has nobody to wait for.
    let settled = all.iter().rev().find(|(made, _)| *made + PUBLISHED_BEFORE_USE <= now).or_else(|| all.first());
    let (_, current) = settled.cloned().ok_or_else(|| Problem::internal("no signing key"))?;
    Ok(Loaded { current, jwks })
}

fn make(keys: &Keyring, now: Timestamp) -> Result<StoredKey, Problem> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(Problem::internal)?;
    Ok(StoredKey {
        id: uuid::Uuid::now_v7().to_string(),
        wrapped_seed: wrap(&keys.current, &seed)?,
        created_at: now,
        retired_at: None,
    })
}

fn wrap(key: &MasterKey, seed: &[u8; 32]) -> Result<Vec<u8>, Problem> {
    vault::encrypt(key.derive(WRAPPING), &[], seed)
}

fn unwrap(keys: &Keyring, wrapped: &[u8]) -> Result<[u8; 32], Problem> {
    let open = |key: &MasterKey| vault::decrypt(key.derive(WRAPPING), &[], wrapped)?.try_into().ok();
    std::iter::once(&keys.current).chain(&keys.previous).find_map(open).ok_or_else(|| {
        Problem::internal("a signing key was wrapped with another master key; set CAIRN_MASTER_KEY_PREVIOUS")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_seed_opens_with_the_present_or_the_previous_master_key_only() {
        let [old, new, other] = [0; 3].map(|_| MasterKey::random().unwrap());
        let wrapped = wrap(&old, &[7; 32]).unwrap();
        assert_eq!(unwrap(&Keyring { current: new.clone(), previous: Some(old) }, &wrapped).unwrap(), [7; 32]);
        assert!(unwrap(&Keyring { current: new, previous: Some(other) }, &wrapped).is_err());
    }
}
