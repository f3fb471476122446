//! Syncs of many plans: an operation in the background.
//!
//! What the catalog shows is asked once, when the operation is asked for, and kept with it; which plans it means is settled
//! then as well. Each plan is a job of its own, so that a platform that is killed goes on where it was, a plan that fails
//! hinders no other, and no plan is synced twice.

mod api;
mod model;
mod store;
mod work;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use work::kinds;

/// The routes of this noun.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::sync_plans).service(api::show_operation).service(api::list_operation_plans);
}
