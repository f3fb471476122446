//! Telemetry attributes: what is measured of a task, and the criterion whose fulfilment proves the step.
//!
//! A criterion is read in any notation the rule language knows and kept in its canonical form. An attribute has versions
//! and events of its own; each change of it also raises the version of its task, because it changes what the task asks
//! for. Everything happens under the lock of the task's owner.

mod api;
pub(crate) mod model;
pub(crate) mod sheets;
pub(crate) mod store;
mod undo;

pub(crate) use undo::undo;
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::create_attribute)
        .service(api::list_telemetry_attributes)
        .service(api::show_attribute)
        .service(api::change_attribute)
        .service(api::delete_attribute);
}
