//! Syncs of plans: a plan is made equal to the catalog again, and that can be taken back.
//!
//! What a sync changes is decided in [`crate::plans::sync`], without a database. Here it is shown, written with all that
//! follows from it in one transaction, remembered, and undone from that memory: the latest that stands goes first. A sync
//! of many plans is an operation in the background, each plan in a transaction of its own.

mod api;
mod due;
mod many;
mod model;
mod moves;
mod steps;
mod store;

pub(crate) use due::Due;
pub(crate) use many::kinds;
pub(crate) use model::SyncPreview;
pub(crate) use steps::sync;
pub(crate) use store::{synced, synced_all};

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(api::show_sync)
        .service(api::sync_plan)
        .service(api::undo_sync)
        .service(api::list_syncs)
        .configure(many::routes);
}
