//! Catalog: how a vendor's products are adopted.
//!
//! Products and solutions own ordered, weighted tasks, and what tasks are sorted by: licences, outcomes, releases, tags.
//! Adoption copies from here when a plan is made; nothing here knows about customers.

pub mod permissions;
pub mod products;
mod schema;

use db::Migrations;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Service, no_consumers, no_setup, nothing_more};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/catalog");

/// The service.
#[must_use]
pub fn service() -> Service {
    Service {
        name: "catalog",
        about: "How a vendor's products are adopted: products, solutions, weighted tasks and telemetry criteria.",
        permissions: permissions::ALL,
        migrations: Migrations { schema: "catalog", own: || MIGRATIONS },
        routes,
        internal: nothing_more,
        setup: no_setup,
        consumers: no_consumers,
        background: |_, _| Vec::new(),
    }
}

fn routes(config: &mut ServiceConfig<'_>) {
    config.configure(products::routes);
}
