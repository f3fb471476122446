//! What a change of the catalog would do to plans, before it is made.
//!
//! An import is the draft of a change: the catalog tries it and shows what it would make. Here that is held against the
//! plans: in numbers, for what customers are entitled to, and plan by plan, with all that their people did. Nothing is written.

mod api;
mod model;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::show_impact).service(api::list_impact_plans);
}
