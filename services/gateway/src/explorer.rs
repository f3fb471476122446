//! `/docs/`: Swagger UI over the merged document. Its files are inside the binary, so it works without the internet.

use std::borrow::Cow;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::web::{Bytes, Path};
use kernel::Problem;
use kernel::problem::NOT_FOUND;
use utoipa_swagger_ui::Config;
use web::Answer;

/// Scripts and requests from and to this place only. Swagger UI sets styles on its elements and draws with inline images.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `GET /docs`: the page's files are relative to the slash.
pub(crate) async fn enter() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

/// `GET /docs/{file}`.
pub(crate) async fn show(file: Path<String>) -> Answer {
    // The validator would send the document's address to somebody else's server.
    let config =
        Config::from("/openapi.json").use_base_layout().doc_expansion("none").filter(true).validator_url("none");
    let found =
        utoipa_swagger_ui::serve(&file, Arc::new(config)).map_err(|error| Problem::internal(error.to_string()))?;
    let found = found.ok_or_else(|| NOT_FOUND.detail("The explorer has no such file. It begins at /docs/."))?;
    let bytes = match found.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_SECURITY_POLICY, POLICY)).insert_header((CACHE_CONTROL, "public, max-age=3600"));
    Ok(answer.content_type(found.content_type).body(bytes))
}
