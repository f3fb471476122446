//! Solution plans: how a customer adopts several products together.
//!
//! A solution's own tasks are a plan like any other; its products' tasks stay in their plans. A solution plan holds these
//! together: its sums are those of all of them, and whoever changes one has them [`roll_up()`] before the transaction ends. The
//! solution plan is locked last, after its plans; who changes several of its plans holds the solution's assignment first.
//!
//! A sync brings the products in that the solution has now, lets all parts follow the solution's licence level and choice,
//! and makes each plan equal to the catalog, all in one transaction. A product that the solution no longer has leaves: the
//! customer keeps it, with its plan, as if it had been assigned by itself.

mod api;
mod model;
mod preview;
mod roll_up;
mod steps;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use steps::{begin, follow, roll_up, take_apart};

/// The routes of this noun. A solution plan is made with the assignment of its solution.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::list_solution_plans)
        .service(api::show_solution_plan)
        .service(api::show_solution_sync)
        .service(api::sync_solution_plan);
}
