//! Sessions of browsers. With `Cairn-Session: cookie` the tokens of a sign-in do not reach the page's scripts: they go into
//! cookies, and the page gets a CSRF token instead. A request with such a cookie counts as one with the token in it; when it
//! changes something, it must say the CSRF token too, which no other site can know.

mod jar;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, ORIGIN, SET_COOKIE,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpMessage, HttpRequest};
use auth::Principal;
use kernel::keys::Keyring;
use kernel::problem::{ProblemKind, TOKEN_MISSING};
use kernel::{Problem, SessionId};
use serde_json::{Map, Value, json};
use web::Failure;

use self::jar::Jar;
use crate::access::Served;
use crate::gate::Gate;
use crate::{address, headers, websocket};

const ASKED: &str = "cairn-session";
const CSRF: &str = "x-csrf-token";
const SESSIONS: &str = "/identity/v1/sessions";
const REFRESH: &str = "/identity/v1/sessions/refresh";
const CURRENT: &str = "/identity/v1/sessions/current";

/// The request may have been made by another site.
static CSRF_TOKEN_INVALID: ProblemKind =
    ProblemKind::new("CSRF_TOKEN_INVALID", 403, "The CSRF token is missing or not valid");

/// Marks a request whose caller is known by a cookie.
struct ByCookie;

/// The middleware: cookies become headers on the way in, and tokens cookies on the way out.
pub(crate) async fn keep(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(gate) = request.app_data::<Data<Gate>>().cloned() else {
        return Ok(request.error_response(Failure::from(Problem::internal("no gate in this app"))));
    };
    let jar = Jar { secure: address::is_secure(request.request(), &gate.context.config.gateway.trusted_proxies) };
    let cookies = jar.take(request.headers_mut());
    let asked = request.headers_mut().remove(ASKED).any(|value| value.as_bytes().eq_ignore_ascii_case(b"cookie"));
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let about_sessions = path == SESSIONS || path.strip_prefix(SESSIONS).is_some_and(|rest| rest.starts_with('/'));
    let keys = &gate.context.config.keys;
    let refreshes = asked && method == Method::POST && path == REFRESH && has_no_body(request.request());
    if refreshes && let Err(problem) = bring_refresh_token(&mut request, cookies.refresh.as_deref(), keys) {
        return Ok(request.error_response(Failure::from(problem)));
    }
    if !request.headers().contains_key(AUTHORIZATION)
        && let Some(value) = cookies.access.and_then(|token| HeaderValue::try_from(format!("Bearer {token}")).ok())
    {
        request.headers_mut().insert(AUTHORIZATION, value);
        request.extensions_mut().insert(ByCookie);
    }
    let by_cookie = request.extensions().contains::<ByCookie>();
    let mut answer = next.call(request).await?.map_into_boxed_body();
    let signed_out = by_cookie && method == Method::DELETE && path == CURRENT && answer.status().is_success();
    if signed_out || (refreshes && answer.status() == StatusCode::UNAUTHORIZED) {
        add(answer.headers_mut(), jar.clear());
    }
    // Whoever came with a cookie goes on with one, asked or not: no script is to see the tokens.
    if (asked || by_cookie) && about_sessions && answer.status().is_success() {
        return Ok(keep_tokens(answer, jar, keys));
    }
    Ok(answer)
}

/// Refuses what another site may have had a browser do: changes without the CSRF token, and connections from elsewhere.
pub(crate) fn check(request: &HttpRequest, caller: Option<&Principal>, gate: &Gate) -> Result<(), Problem> {
    let Some(caller) = caller.filter(|_| request.extensions().contains::<ByCookie>()) else { return Ok(()) };
    if websocket::is_asked(request) && !is_own_page(request, &gate.context.config.gateway.cors_origins) {
        return Err(CSRF_TOKEN_INVALID.detail("A page of another origin cannot open a connection with a cookie."));
    }
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    check_token(request.headers(), caller.session, &gate.context.config.keys)
}

/// Whether a caller who is known by a cookie stays unknown to the service: nobody has looked at the token, nor asked for the
/// CSRF token, where an operation is public.
pub(crate) fn is_hidden(request: &HttpRequest) -> bool {
    let extensions = request.extensions();
    extensions.contains::<ByCookie>() && extensions.get::<Served>().is_none_or(|served| served.caller.is_none())
}

fn check_token(headers: &HeaderMap, session: SessionId, keys: &Keyring) -> Result<(), Problem> {
    let token = headers.get(CSRF).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if keys.open::<SessionId>("csrf", token) == Some(session) {
        return Ok(());
    }
    Err(CSRF_TOKEN_INVALID.detail("Send the csrfToken of the sign-in, or of its last refresh, as X-CSRF-Token."))
}

fn is_own_page(request: &HttpRequest, origins: &[String]) -> bool {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(ORIGIN) else { return false };
    let host = origin.split_once("://").map(|(_, host)| host);
    origins.iter().any(|known| known == origin) || (host.is_some() && host == text(HOST))
}

fn has_no_body(request: &HttpRequest) -> bool {
    let length = headers::content_length(request.headers().get(CONTENT_LENGTH).map(HeaderValue::as_bytes));
    let silent = length.is_none() && !request.headers().contains_key(CONTENT_TYPE);
    !headers::is_chunked(request) && (silent || length == Some(0))
}

/// Makes the body that a refresh needs from the cookie.
fn bring_refresh_token(request: &mut ServiceRequest, cookie: Option<&str>, keys: &Keyring) -> Result<(), Problem> {
    let kept = cookie.and_then(|cookie| keys.open::<(SessionId, String)>("refresh cookie", cookie));
    let Some((session, token)) = kept else {
        return Err(TOKEN_MISSING.detail("There is no session cookie. POST /identity/v1/sessions gives one."));
    };
    check_token(request.headers(), session, keys)?;
    let body = Bytes::from(json!({ "refreshToken": token }).to_string());
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    request.set_payload(body.into());
    Ok(())
}

/// Moves the tokens of an answer into cookies; an answer without tokens stays as it is.
fn keep_tokens(answer: ServiceResponse<BoxBody>, jar: Jar, keys: &Keyring) -> ServiceResponse<BoxBody> {
    let mut cookies = None;
    let mut answer = answer.map_body(|_, body| match body.try_into_bytes() {
        Err(body) => body,
        Ok(bytes) => match without_tokens(&bytes, keys) {
            Some((rest, access, refresh)) => {
                cookies = Some(jar.set(&access, &refresh));
                BoxBody::new(rest)
            }
            None => BoxBody::new(bytes),
        },
    });
    if let Some(cookies) = cookies {
        add(answer.headers_mut(), cookies);
    }
    answer
}

/// An answer without its tokens but with a CSRF token; the access token, and what the refresh cookie holds.
fn without_tokens(body: &[u8], keys: &Keyring) -> Option<(String, String, String)> {
    let mut fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let session: SessionId = fields.get("sessionId")?.as_str()?.parse().ok()?;
    let (Value::String(access), Value::String(refresh)) =
        (fields.remove("accessToken")?, fields.remove("refreshToken")?)
    else {
        return None;
    };
    fields.remove("tokenType");
    fields.insert("csrfToken".to_owned(), keys.seal("csrf", &session).into());
    let refresh = keys.seal("refresh cookie", &(session, refresh));
    Some((Value::Object(fields).to_string(), access, refresh))
}

fn add(headers: &mut HeaderMap, cookies: [Option<HeaderValue>; 2]) {
    cookies.into_iter().flatten().for_each(|cookie| headers.append(SET_COOKIE, cookie));
}

#[cfg(test)]
mod tests {
    use kernel::keys::MasterKey;

    use super::*;

    #[test]
    fn tokens_leave_the_body_and_a_csrf_token_takes_their_place() {
        let keys = Keyring { current: MasterKey::random().unwrap(), previous: None };
        let session = SessionId::fresh();
        let body = json!({ "accessToken": "a", "tokenType": "Bearer", "refreshToken": "r", "sessionId": session, "expiresIn": 600 });
        let (rest, access, refresh) = without_tokens(body.to_string().as_bytes(), &keys).unwrap();
        let rest: Value = serde_json::from_str(&rest).unwrap();
        assert_eq!((access.as_str(), &rest["expiresIn"]), ("a", &json!(600)));
        assert_eq!(rest.as_object().unwrap().keys().collect::<Vec<_>>(), ["csrfToken", "expiresIn", "sessionId"]);
        assert_eq!(keys.open("refresh cookie", &refresh), Some((session, "r".to_owned())));
        let mut headers = HeaderMap::new();
        assert!(check_token(&headers, session, &keys).is_err());
        headers.insert(CSRF.parse().unwrap(), rest["csrfToken"].as_str().unwrap().parse().unwrap());
        assert!(check_token(&headers, session, &keys).is_ok());
        assert!(check_token(&headers, SessionId::fresh(), &keys).is_err());
        for body in ["{}", "[]", "x", r#"{"sessionId":"1","accessToken":"a","refreshToken":"r"}"#] {
            assert!(without_tokens(body.as_bytes(), &keys).is_none(), "{body}");
        }
    }
}
