//! Who signed in, and who tried to, in each tenant that it concerns.
//!
//! A failed attempt has no tenant: it is recorded wherever the named person is a member. A name that nobody has is recorded
//! nowhere, and takes as long.

mod api;
mod model;
mod statistics;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use model::FailureReason;
pub(crate) use store::{Attempted, forget, record};

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::list_sign_in_activity).service(statistics::show_sign_in_statistics);
}
