//! The OAuth 2 client credentials grant (RFC 6749 4.4): a key's prefix is its `client_id`, its secret the `client_secret`.
//!
//! Errors are as the RFC has them, `{error, error_description}`: its clients read nothing else.

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use auth::Patterns;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use db::Db;
use kernel::Secret;
use kernel::problem::TOKEN_INVALID;
use serde::{Deserialize, Serialize};
use web::{Answer, Context, RawBody, client_address};

use super::exchange::grant;
use crate::signing::Signing;

/// A request for a token.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(example = json!({ "grant_type": "client_credentials", "client_id": "9f2c41d07ab3", "client_secret": "the secret of the key" }))]
struct TokenRequest {
    /// Always `client_credentials`.
    #[serde(default)]
    grant_type: String,
    /// The key's prefix; may be in HTTP Basic instead.
    client_id: Option<String>,
    /// The key's secret; may be in HTTP Basic instead.
    #[schema(value_type = Option<String>, format = Password)]
    client_secret: Option<Secret<String>>,
    /// Patterns separated by blanks, to get less than the key may do.
    scope: Option<String>,
}

/// A token.
#[derive(Serialize, utoipa::ToSchema)]
struct TokenGiven {
    /// Send as `Authorization: Bearer <access_token>`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until it expires.
    expires_in: i64,
    /// What it allows, patterns separated by blanks.
    scope: String,
}

/// What RFC 6749 5.2 says of a refusal.
#[derive(Serialize, utoipa::ToSchema)]
struct TokenRefused {
    /// `invalid_client`, `invalid_request`, `invalid_scope` or `unsupported_grant_type`.
    error: &'static str,
    /// What to do.
    error_description: String,
}

/// Where things are (RFC 8414).
#[derive(Serialize, utoipa::ToSchema)]
struct Metadata {
    /// Who gives tokens.
    issuer: String,
    /// Where.
    token_endpoint: String,
    /// The keys that verify them.
    jwks_uri: String,
    /// How a client says who it is.
    token_endpoint_auth_methods_supported: [&'static str; 2],
    /// What it may ask with.
    grant_types_supported: [&'static str; 1],
    /// None: there is no authorization endpoint.
    response_types_supported: [&'static str; 0],
    /// The API's description.
    service_documentation: String,
}

/// Get a token for a key
///
/// OAuth 2 client credentials: `application/x-www-form-urlencoded`, with the key's prefix and secret in the body or in HTTP
/// Basic.
#[utoipa::path(tag = "service-accounts", request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"), responses((status = 200, body = TokenGiven), (status = 400, body = TokenRefused, description = "The request is not one."), (status = 401, body = TokenRefused, description = "The key does not count.")))]
#[post("/oauth/token")]
pub(crate) async fn give_token(
    request: HttpRequest,
    context: Data<Context>,
    db: Data<Db>,
    signing: Data<Signing>,
    body: RawBody,
) -> Answer {
    if body.content_type != "application/x-www-form-urlencoded" {
        return Ok(refuse("invalid_request", "Send Content-Type: application/x-www-form-urlencoded."));
    }
    let Ok(asked) = serde_html_form::from_bytes::<TokenRequest>(&body.bytes) else {
        return Ok(refuse("invalid_request", "The body cannot be read, or names something twice."));
    };
    if asked.grant_type.is_empty() {
        return Ok(refuse("invalid_request", "grant_type is missing. Send grant_type=client_credentials."));
    }
    if asked.grant_type != "client_credentials" {
        return Ok(refuse("unsupported_grant_type", "Send grant_type=client_credentials."));
    }
    let from_body = asked.client_id.zip(asked.client_secret.map(|secret| secret.reveal().clone()));
    let in_head = basic(&request);
    if in_head.is_some() && from_body.is_some() {
        // RFC 6749 2.3: one way in a request.
        return Ok(refuse(
            "invalid_request",
            "Send the key's prefix and secret in the body or in HTTP Basic, not in both.",
        ));
    }
    let Some((id, secret)) = in_head.or(from_body) else {
        return Ok(refuse("invalid_client", "Send the key's prefix and secret, in the body or in HTTP Basic."));
    };
    let wanted = asked.scope.unwrap_or_default();
    if let Some(bad) = wanted.split_whitespace().find(|pattern| !Patterns::is_valid(pattern)) {
        return Ok(refuse("invalid_scope", &format!("`{bad}` is not domain:resource:action, each a word or *.")));
    }
    let only = Patterns::new(wanted.split_whitespace().map(str::to_owned));
    let only = Some(&only).filter(|only| !only.as_slice().is_empty());
    let address = client_address(&request).unwrap_or_default();
    match grant(&context, &db, &signing, (&id, &secret), &address, only).await {
        Ok(granted) if only.is_some() && granted.permissions.as_slice().is_empty() => {
            Ok(refuse("invalid_scope", "The key allows nothing of what was asked for."))
        }
        Ok(granted) => Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(TokenGiven {
            access_token: granted.token,
            token_type: "Bearer",
            expires_in: granted.expires_in,
            scope: granted.permissions.as_slice().join(" "),
        })),
        Err(problem) if problem.kind() == &TOKEN_INVALID => {
            Ok(refuse("invalid_client", "The key does not count here."))
        }
        Err(problem) => Err(problem.into()),
    }
}

/// Show where tokens are given
///
/// The OAuth 2 authorization server metadata of RFC 8414.
#[utoipa::path(tag = "service-accounts", responses((status = 200, body = Metadata)))]
#[get("/.well-known/oauth-authorization-server")]
pub(crate) async fn show_metadata(context: Data<Context>) -> HttpResponse {
    let public = context.config.mail.public_url.trim_end_matches('/');
    let here = format!("{public}/identity/v1");
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=3600")).json(Metadata {
        token_endpoint: format!("{here}/oauth/token"),
        jwks_uri: format!("{here}/jwks"),
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
        grant_types_supported: ["client_credentials"],
        response_types_supported: [],
        service_documentation: format!("{public}/docs/"),
        issuer: here,
    })
}

/// `Authorization: Basic`, as RFC 6749 2.3.1 encodes it. Neither part of ours has characters that would be escaped.
fn basic(request: &HttpRequest) -> Option<(String, String)> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    scheme.eq_ignore_ascii_case("basic").then(|| (id.to_owned(), secret.to_owned()))
}

fn refuse(error: &'static str, how: &str) -> HttpResponse {
    let status = if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
    let mut answer = HttpResponse::build(status);
    if status == StatusCode::UNAUTHORIZED {
        answer.insert_header((WWW_AUTHENTICATE, "Basic realm=\"Cairn\""));
    }
    answer.insert_header((CACHE_CONTROL, "no-store")).json(TokenRefused { error, error_description: how.to_owned() })
}
