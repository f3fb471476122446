//! Metric rules: which points of a partner's metrics are values of which attribute.
//!
//! A rule names a metric, what attributes of the point or of its resource must say, and where the value goes: to an attribute
//! of one assignment's plan, or of the assignment whose id or external key the point itself says.

mod api;
mod model;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use model::{MetricRule, Target};
pub(crate) use store::all;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::create_metric_rule)
        .service(api::list_metric_rules)
        .service(api::show_metric_rule)
        .service(api::change_metric_rule)
        .service(api::delete_metric_rule);
}
