//! Imports: a workbook changes a product or a solution, or makes one.
//!
//! A file is uploaded and read: a dry run says row by row what it would do, and what is wrong with it. Nothing else happens
//! until somebody commits it. Then the same comparison is made again under the owner's lock; if it says the same as was
//! shown, everything is done in one transaction, by the rules and with the events of single commands. If not, nothing is.
//!
//! What is small is done while the caller waits. The rest is a job's: the import shows how far it is. An import belongs to
//! whoever uploaded it, keeps its file until it is done, and is forgotten after a day.

mod announce;
mod api;
mod apply;
mod commands;
mod dry_run;
mod finding;
mod lines;
mod model;
mod rehearsal;
mod store;
mod taken;
mod upload;
mod work;

pub(crate) use announce::announce;
pub(crate) use commands::{Changes, Commands, Imported, New, Said};
pub(crate) use lines::{ImportChange, change_lines};
pub(crate) use model::{Format, ImportView};
pub(crate) use upload::{propose, sheet};
use utoipa_actix_web::service_config::ServiceConfig;
pub(crate) use work::{expiry, work};

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(upload::upload_import)
        .service(api::show_import)
        .service(api::list_import_changes)
        .service(api::list_import_faults)
        .service(api::commit_import)
        .service(api::delete_import);
}

/// The routes for other services.
pub(crate) fn internal(config: &mut ServiceConfig<'_>) {
    config.service(rehearsal::rehearse_import);
}
