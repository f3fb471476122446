//! Customer tasks: a plan's own copies of the catalog's tasks, with their telemetry attributes.
//!
//! A copy is made when the plan is, and follows the catalog when the plan is synced. Where the customer stands with it is the
//! matter of [`crate::statuses`].

mod api;
mod facts;
mod filter;
mod internal;
mod model;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use facts::Facts;
pub(crate) use filter::TaskFilter;
pub(crate) use model::CustomerTask;
pub(crate) use store::{
    count, fetch_for_change, fetch_many_for_change, fetch_of_plans_for_change, find, insert_all, of_plan, of_plans,
    page, remove, rewrite, served, tags, update, weights,
};

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::show_customer_task);
}

/// The routes for other services.
pub(crate) fn internal(config: &mut ServiceConfig<'_>) {
    config.service(internal::list_statuses);
}
