//! Refusals: values that could not be taken, kept as they were sent with the reason, until they are replayed.
//!
//! A replay is a batch like any other. A refusal whose value is stored then is marked; one that is refused again stays and
//! shows its last try. A value that is sent anew may name the refusal it mends, which is marked as well.

mod api;
mod export;
mod model;
pub(crate) mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use model::Refusal;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::list_refusals)
        .service(api::list_refusal_reasons)
        .service(export::export_refusals)
        .service(api::replay_refusals)
        .service(api::replay_refusal);
}
