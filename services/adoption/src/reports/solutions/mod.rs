//! How customers adopt a solution: one solution plan looked into, and those of all customers beside each other.

mod api;
mod model;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::show_solution_report).service(api::compare_customers);
}
