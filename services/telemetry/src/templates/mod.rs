//! Templates: the telemetry of a plan as a workbook that a person fills in, for customers whose deployments report nothing by
//! themselves.
//!
//! A template has a row for each attribute with a criterion (`sheet`). A filled one is read row by row (`filled`): what it says
//! anew becomes values with the moment they were observed at, and goes the way of every batch; what was not touched is left
//! out. A row that cannot be taken says why, and the others still count.

mod api;
mod filled;
mod receipt;
mod sheet;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::export_template).service(api::import_template);
}
