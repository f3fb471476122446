//! Bookmarks: a person's own in a tenant, in the order they like.
//!
//! Private: nobody else sees them, administrators included, and nothing is announced; the audit trail, which administrators
//! read, is no place for where somebody likes to look.

mod api;
mod model;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::create_bookmark)
        .service(api::list_bookmarks)
        .service(api::reorder_bookmarks)
        .service(api::show_bookmark)
        .service(api::change_bookmark)
        .service(api::delete_bookmark);
}
