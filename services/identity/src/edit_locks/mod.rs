//! Edit locks: who edits what, so that others do not meanwhile.
//!
//! A lock belongs to a session and lasts a quarter of an hour, unless it is renewed; it ends with its session. The services
//! that own what is locked hear of it and refuse the writes of others (`crates/locks`).

mod api;
mod model;
mod sessions;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use sessions::consumer;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::acquire_edit_lock)
        .service(api::list_edit_locks)
        .service(api::renew_edit_lock)
        .service(api::take_over_edit_lock)
        .service(api::release_edit_lock);
}
