//! Settings: how long a tenant keeps its values.
//!
//! The platform drops whole partitions when nobody may keep them any longer. A tenant that wants less says so here: what is
//! older is deleted by a job, a piece at a time, and what comes in later is refused as too old.

mod api;
mod model;
mod retain;
mod store;
mod window;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use model::kept_from;
pub(crate) use retain::kind as retain_kind;
pub(crate) use window::Windows;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::show_settings).service(api::set_settings);
}
