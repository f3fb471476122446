//! Reports: where customers stand, and where they are stuck.
//!
//! Each is one question to the database. What they ask of many plans at once is kept beside each plan (`plan_totals`,
//! `plan_months`) by triggers, in the transaction that changes a task; the others have an index of their own. Grants narrow
//! all of them to the customers that the caller sees. Lists are paged, or come whole as a table with `format=csv`.

mod api;
mod file;
mod lists;
mod overview;
mod solutions;
mod standing;
mod store;
mod verdict;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use overview::LATELY;
pub(crate) use standing::{Counts, standings};

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(overview::show_overview)
        .configure(solutions::routes)
        .service(api::list_stalled_tasks)
        .service(api::list_low_adoption)
        .service(api::list_skipped_tasks)
        .service(api::list_unsynced_plans)
        .service(api::list_completion_times)
        .service(api::list_license_levels)
        .service(api::show_trend);
}
