//! Rollups: what the values of an attribute say of each day, added up as they are stored.
//!
//! A value counts once, in the transaction that stores it, so a rollup is exact however often a batch is sent. Series over
//! days, weeks and months are read from rollups alone; those over hours from the values.

mod api;
mod model;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use model::Sums;
pub(crate) use store::{Latest, add, forget, latest, recompute};

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::show_series).service(api::list_freshness);
}
