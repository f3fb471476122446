//! Assignments: a product or a solution in a customer's hands, at a licence level, with the outcomes and releases it is
//! adopted for.
//!
//! The same product may be assigned to a customer several times: each deployment is adopted on its own. What is chosen
//! must exist in the catalog at that moment. Taking an assignment back takes its plan with it. The products of a solution have
//! assignments of their own: parts, which follow the solution's.

mod api;
mod body;
mod internal;
mod model;
mod parts;
mod steps;
mod store;

pub(crate) use model::{Assignment, unknown};
pub(crate) use parts::{Part, parts};
pub(crate) use steps::{begin, follow, plan, remove, settle};
pub(crate) use store::{candidates, fetch_for_change, fetch_many_for_change, fetch_parts_for_change, find, find_many};
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::create_assignment)
        .service(api::list_assignments)
        .service(api::show_assignment)
        .service(api::change_assignment)
        .service(api::delete_assignment)
        .service(api::create_plan);
}

/// The routes for other services.
pub(crate) fn internal(config: &mut ServiceConfig<'_>) {
    config
        .service(internal::list_assignment_tasks)
        .service(internal::show_deployment)
        .service(internal::list_assignments_by_key)
        .service(internal::list_assignment_customers);
}
