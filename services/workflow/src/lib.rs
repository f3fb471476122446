//! Workflow: forms, flows and automations: what moves the people who must act.
//!
//! The shell only: health, contract, schema and events run; the domain moves in with its own issue.

use db::Migrations;
use web::{NO_MIGRATIONS, Service, no_consumers, no_setup, nothing_more};

/// The service.
#[must_use]
pub fn service() -> Service {
    Service {
        name: "workflow",
        about: "Forms, flows and automations: what moves the people who must act.",
        permissions: &[],
        migrations: Migrations { schema: "workflow", own: || NO_MIGRATIONS },
        routes: nothing_more,
        internal: nothing_more,
        setup: no_setup,
        consumers: no_consumers,
        background: |_, _| Vec::new(),
    }
}
