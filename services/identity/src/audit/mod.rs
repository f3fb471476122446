//! The audit trail: every change event of every service, kept where nobody can alter it, and searchable.
//!
//! Each tenant's trail is a [`chain`]; `cairn doctor audit` walks it. The oldest rows go when the tenant's retention says
//! so, and in no other way.

mod api;
mod chain;
mod export;
mod model;
mod retention;
mod store;
mod verify;

use std::sync::Arc;

use bus::Consumer;
use utoipa_actix_web::service_config::ServiceConfig;
use web::Context;

pub(crate) use retention::sweep;
pub use verify::{AuditFault, AuditTrail, examine};

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(api::list_audit_events).service(export::export_audit_events);
}

/// Takes every event.
pub(crate) fn consumer(context: &Context) -> Consumer {
    let config = Arc::clone(&context.config);
    Consumer::together("identity.audit", move |tx, events| {
        let config = Arc::clone(&config);
        Box::pin(async move { chain::append(tx, &config.keys, events).await })
    })
}
