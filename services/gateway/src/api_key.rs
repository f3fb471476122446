//! API keys of partners' programs: exchanged at identity for a token of ten minutes, so that services know one kind of
//! credential. A token is kept as long as it counts, so most requests with a key cost what one with a token costs.

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use auth::TokenError;
use chrono::Duration;
use clients::Identity;
use kernel::problem::TOKEN_INVALID;
use kernel::{Problem, Secret, Timestamp};
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use web::Failure;

use crate::gate::Gate;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// What every key begins with.
const MARK: &str = "cairn_";
/// Keys whose tokens are kept; each by the address it came from.
const KEPT: usize = 10_000;
/// A token is exchanged anew so long before it expires: what is asked with it may take a while.
const BEFORE_EXPIRY: Duration = Duration::seconds(60);

/// The tokens that keys were exchanged for. Shared by all workers.
pub(crate) struct Tokens(Cache<[u8; 32], Kept>);

#[derive(Clone)]
struct Kept {
    token: Secret<String>,
    until: Timestamp,
}

impl Tokens {
    pub(crate) fn new() -> Self {
        Self(Cache::new(KEPT))
    }
}

/// The middleware: a key becomes a token on the way in.
pub(crate) async fn exchange(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(key) = take(request.headers_mut()) else { return Ok(next.call(request).await?.map_into_boxed_body()) };
    match token_for(&request, &key).await {
        Ok(token) => {
            request.headers_mut().insert(AUTHORIZATION, token);
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(problem) => Ok(request.error_response(Failure::from(problem))),
    }
}

/// The key of a request, out of its headers: `X-API-Key`, or a bearer token that is one of ours.
fn take(headers: &mut HeaderMap) -> Option<Secret<String>> {
    let given = headers.remove(API_KEY).next();
    let bearer = || {
        let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        let is_key = scheme.eq_ignore_ascii_case("bearer") && token.trim().starts_with(MARK);
        is_key.then(|| token.trim().to_owned())
    };
    let key = match given {
        Some(key) => key.to_str().ok().map(|key| key.trim().to_owned()).or(Some(String::new())),
        None => bearer(),
    };
    key.map(Secret::new)
}

/// The token of a key: the one that is kept, or a new one.
async fn token_for(request: &ServiceRequest, key: &Secret<String>) -> Result<HeaderValue, Problem> {
    let (gate, identity) = (request.app_data::<Data<Gate>>(), request.app_data::<Data<Identity>>());
    let (gate, identity) = gate.zip(identity).ok_or_else(|| Problem::internal("no gate in this app"))?;
    let client = gate.client(request.request());
    let (now, address) = (gate.context.clock.now(), client.to_string());
    let name: [u8; 32] = Sha256::digest(format!("{address} {}", key.reveal())).into();
    let counts = |kept: &Kept| {
        let revoked = matches!(gate.context.verifier.verify(kept.token.reveal(), now), Err(TokenError::Revoked));
        kept.until > now && !revoked
    };
    if gate.keys.0.get(&name).is_some_and(|kept| !counts(&kept)) {
        gate.keys.0.remove(&name);
    }
    let ask = async {
        // Whoever tries keys is as welcome as whoever tries passwords.
        gate.limits.count_address(client).check()?;
        let given = identity.exchange_key(key, &address).await?.ok_or_else(|| {
            TOKEN_INVALID.detail("The API key does not count here: unknown, ended, suspended, or not for this address.")
        })?;
        let until = now + Duration::seconds(given.expires_in) - BEFORE_EXPIRY;
        Ok::<_, Problem>(Kept { token: given.access_token, until })
    };
    let kept = gate.keys.0.get_or_insert_async(&name, ask).await?;
    HeaderValue::try_from(format!("Bearer {}", kept.token.reveal())).map_err(Problem::internal)
}
