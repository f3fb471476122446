//! Statuses: where a customer stands with each task, who says so, and what was said before, notes included.
//!
//! A status is set by a person, one at a time or many, or by telemetry, whose facts come as events. Both go the same
//! way: the plan is locked, then the tasks; the pure model says what becomes of them; the tasks, their history and the
//! plan's sums are written together. What a person has set, telemetry leaves alone until the person hands it back by
//! setting `NOT_STARTED`. A sync takes a task out of the sums and back; while it is out, nobody sets its status.

mod api;
mod decide;
mod history;
mod model;
mod steps;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use history::StatusChange;
pub(crate) use model::{Changed, SetStatus};
pub(crate) use steps::{hear, note, settle};
pub(crate) use store::append;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::set_status)
        .service(api::set_statuses)
        .service(api::write_note)
        .service(api::list_status_changes);
}
