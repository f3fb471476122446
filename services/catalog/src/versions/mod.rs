//! Versions: a product or a solution, with all that hangs on it, as it was when somebody gave that a name.
//!
//! A version is the export of that moment, with what a file for people has no room for. So two of them, or one and today, are
//! compared as an import compares a file; and to restore one is an import of it, which shows what it would do and is committed
//! like any other, as one change set.

mod api;
mod model;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes that lead through an owner.
pub(crate) fn under_owner(config: &mut ServiceConfig<'_>) {
    config.service(api::create_version).service(api::list_versions);
}

/// The routes of one version.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::show_version)
        .service(api::list_version_changes)
        .service(api::restore_version)
        .service(api::delete_version);
}
