//! Plans: how a customer adopts what was assigned.
//!
//! A plan is a snapshot of the eligible tasks of a product, or of a solution's own, at one catalog revision; later edits of
//! the catalog do not reach it by themselves. Its sums are stored with it and are always those of its tasks: whoever changes a
//! task's status locks the plan first and [`recompute`]s it before the transaction ends.

mod api;
mod eligibility;
mod internal;
mod model;
mod progress;
mod selection;
mod snapshot;
mod steps;
mod store;
pub(crate) mod sync;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use model::{Plan, ShownPlan};
pub(crate) use progress::Progress;
pub(crate) use selection::{among, remaining};
pub(crate) use snapshot::Snapshot;
pub(crate) use steps::{begin, join, recompute};
pub(crate) use store::{
    assignments_of, fetch_all_for_change, fetch_for_change, fetch_of_task_for_change, find, parts, update,
};

/// The routes of this noun. A plan is made under its assignment.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::list_plans).service(api::show_plan).service(api::list_plan_tasks);
}

/// The routes for other services.
pub(crate) fn internal(config: &mut ServiceConfig<'_>) {
    config.service(internal::show_plan_customer);
}
