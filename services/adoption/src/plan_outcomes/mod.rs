//! Outcomes of plans: what adopting is for, in numbers.
//!
//! An outcome is the catalog's. In a plan it may have a goal: a baseline, where the customer stood, and a target, where they want
//! to be. What is measured since is a history that is only added to: a value that was taken back stays there and says so. The
//! one measured last that stands says how far they have come between the two. Beside it stand the tasks that serve the
//! outcome: what was done, and what it has brought.

mod api;
mod model;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::list_plan_outcomes)
        .service(api::set_outcome_goal)
        .service(api::delete_outcome_goal)
        .service(api::record_measurement)
        .service(api::retract_measurement)
        .service(api::list_measurements);
}
