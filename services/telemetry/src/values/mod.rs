//! Values: what customers' deployments report, stored once each, for ever unchanged.
//!
//! A batch is taken apart (`parts`, `table`) into entries (`entry`), its attributes are found and its values checked
//! (`intake`), and many batches go to the disk together (`writer`). The identity of a value (`identity`) makes repeating safe;
//! what cannot be taken is a refusal.

mod api;
mod entry;
mod identity;
mod intake;
mod model;
mod parts;
mod retention;
mod store;
mod table;
mod writer;

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use entry::Reason;
pub(crate) use identity::span;
#[cfg(test)]
pub(crate) use identity::{Mark, event_id};
pub(crate) use intake::Intake;
pub(crate) use model::Reading;
pub(crate) use parts::{Complete, MAX_BATCH, Origin, Part, Parts, WORKBOOK};
pub(crate) use retention::run as retain;
pub(crate) use table::unreadable;
pub(crate) use writer::{Writer, run as write};

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::send_values).service(api::list_values);
}
