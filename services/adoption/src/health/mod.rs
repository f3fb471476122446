//! Health: one number for how a customer is doing, and where it comes from.
//!
//! It is the weighted mean of parts, each from 0 to 100; a part of which nothing is known does not count. Telemetry is asked how
//! fresh its data are when health is computed: it is a matter of the whole customer and of that moment, and telling each value
//! by event would cost more than it says. Every night all customers of a tenant are computed by a few statements and kept with
//! their weights and inputs, so that any past day is explained as it was.

mod api;
mod model;
mod nightly;
mod parts;
mod store;
mod weights;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use nightly::{keep_daily, kind};

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::show_health)
        .service(api::list_health_days)
        .service(api::explain_health)
        .service(weights::show_weights)
        .service(weights::set_weights);
}
