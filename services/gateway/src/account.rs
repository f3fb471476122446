//! `/account/…`: where the links in letters lead. Each is a form over the same API that every client uses; the token is
//! behind the `#` of the link and never comes here.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::web::Path;
use kernel::problem::NOT_FOUND;
use web::Answer;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// `GET /account/{file}`.
pub(crate) async fn show(file: Path<String>) -> Answer {
    let (kind, text) = match file.as_str() {
        "invitation" | "password" | "email" => ("text/html; charset=utf-8", include_str!("../pages/account.html")),
        "account.js" => ("text/javascript; charset=utf-8", include_str!("../pages/account.js")),
        "account.css" => ("text/css; charset=utf-8", include_str!("../pages/account.css")),
        _ => return Err(NOT_FOUND.detail("There is no such page. Letters link to those there are.").into()),
    };
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_SECURITY_POLICY, POLICY)).insert_header((CACHE_CONTROL, "no-cache"));
    Ok(answer.content_type(kind).body(text))
}
