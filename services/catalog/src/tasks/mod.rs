//! Tasks: the adoption steps of a product or a solution, in order, each with its share of the owner's whole.
//!
//! Three things hold of all live tasks of an owner together, and are decided under the owner's lock: their weights sum
//! to 100 at most, they are numbered 1 to n, and what they link to (outcomes, releases, tags) is the owner's own.
//! Several people edit a plan of tasks at once, so a change must name the version it was made from.

mod api;
mod body;
pub(crate) mod links;
pub(crate) mod model;
pub(crate) mod sheets;
mod steps;
pub(crate) mod store;
mod undo;

pub(crate) use api::list;
pub(crate) use body::TaskQuery;
pub(crate) use steps::{enter, may_see, touch};
pub(crate) use undo::undo;
use utoipa_actix_web::service_config::ServiceConfig;

/// The routes that lead through an owner.
pub(crate) fn under_owner(config: &mut ServiceConfig<'_>) {
    config.service(api::create_task).service(api::list_tasks).service(api::reorder_tasks);
}

/// The routes of one task.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::show_task).service(api::change_task).service(api::delete_task).service(api::restore_task);
}
