//! Facts: what the latest values say about a customer task, as counts, announced when they change.
//!
//! With them goes where the task stands by its values alone (`standing`): the same in whatever order they came. Adoption decides
//! the status from that and from what people say. Only touched tasks are evaluated: by a flush of
//! values, by a changed definition, or by a job at the moment an outcome could change with time alone.

mod api;
mod evaluate;
mod model;
mod recheck;
mod standing;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use evaluate::{Criteria, OUTDATED, Observed, evaluate, evaluate_again, settle};
pub(crate) use model::{Counts, Telling};
pub(crate) use recheck::kind as recheck_kind;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::explain_task).service(api::evaluate_assignment);
}
