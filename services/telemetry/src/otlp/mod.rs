//! OTLP: metrics as OpenTelemetry's exporters send them, made values by the tenant's metric rules.
//!
//! What a rule makes of a point goes the way of every value: stored once, evaluated, or kept as a refusal that can be replayed.
//! What no rule wants is told to the exporter as rejected, and not kept.

mod api;
mod message;
mod points;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::export_metrics);
}
