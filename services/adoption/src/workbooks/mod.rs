//! Workbooks of customers: how a customer stands with everything, as a file that a person edits and sends back.
//!
//! A workbook has a sheet of plans, one of their tasks and one of what telemetry says (`sheets`). Sent back, only the sheet of
//! tasks is read (`edits`): a status that was edited is set by the same rules as by hand, with the import as its source, and a
//! note joins the task's history. What was not edited is left alone, also where the task has moved on since the export; a
//! row that is missing changes nothing. All of it happens or nothing.

mod api;
mod edits;
mod receipt;
mod sheets;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::export_customer).service(api::import_customer);
}
