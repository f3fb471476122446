//! Attributes: the telemetry attributes of customers' plans, as adoption told them, with what the values say of each.
//!
//! They are learnt from adoption's events, or by asking when a value comes first. The definition is adoption's; the state
//! is ours: a fold over what was observed that no order or repetition of deliveries can disturb.

mod api;
mod directory;
mod internal;
mod model;
mod plans;
pub(crate) mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use api::AttributeQuery;
pub(crate) use directory::{Directory, Known, Named, Wanted};
pub(crate) use model::Attribute;
#[cfg(test)]
pub(crate) use model::sample;
pub(crate) use plans::consumer;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::list_attributes).service(api::list_silent_attributes);
}

/// The routes for other services.
pub(crate) fn internal(config: &mut ServiceConfig<'_>) {
    config.service(internal::list_attributes_of).service(internal::list_freshness_of_assignments);
}
