//! Filters that people keep: what each of them last looked for in a plan.
//!
//! A filter is its person's alone. Nobody else sees it, no version counts it and no event tells of it: it is a habit, not a fact
//! about the customer. It goes with the plan.

mod api;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use store::find;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::show_plan_filter).service(api::replace_plan_filter).service(api::delete_plan_filter);
}
