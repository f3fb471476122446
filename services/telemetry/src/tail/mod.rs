//! The tail: accepted values as they come, as server-sent events.
//!
//! Each tail looks every half second for batches that it has not shown: any process may have stored them, and a batch that began
//! earlier may be durable later, so it looks back a little and remembers what it has shown.

mod api;
mod feed;
mod room;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use room::Room;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::tail_values);
}
