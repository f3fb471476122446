//! Trials: what a criterion would have done to the tasks of all plans, had it stood in the catalog for the last months.
//!
//! A trial goes through the days that were added up as values came: at the end of each, the attribute's last value is held
//! against the criterion on trial, and those of the task's other attributes against their own. What follows from those alone is
//! not the criterion's doing.

mod api;
mod model;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::test_criterion);
}
