//! Why somebody may do something, or may not: everything that was looked at, in the words of the rules.
//!
//! The decision is the one that services make ([`auth::decide`]). Which products belong to which solutions is the catalog's
//! to know; when it cannot be asked, the explanation says so.

mod api;
mod model;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::explain_permission);
}
