//! Helpdesk: tickets, SLA clocks and knowledge: what goes wrong, answered.
//!
//! The shell only: health, contract, schema and events run; the domain moves in with its own issue.

use db::Migrations;
use web::{NO_MIGRATIONS, Service, no_consumers, no_setup, nothing_more};

/// The service.
#[must_use]
pub fn service() -> Service {
    Service {
        name: "helpdesk",
        about: "Tickets, SLA clocks and knowledge: what goes wrong, answered.",
        permissions: &[],
        migrations: Migrations { schema: "helpdesk", own: || NO_MIGRATIONS },
        routes: nothing_more,
        internal: nothing_more,
        setup: no_setup,
        consumers: no_consumers,
        background: |_, _| Vec::new(),
    }
}
