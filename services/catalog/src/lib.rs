//! Catalog: how a vendor's products are adopted.
//!
//! Products and solutions own ordered, weighted tasks, and what tasks are sorted by: licences, outcomes, releases, tags.
//! Adoption copies from here when a plan is made; nothing here knows about customers.

mod attributes;
mod blueprint;
mod bundles;
mod change_sets;
mod exports;
mod fields;
mod imports;
mod later;
mod lists;
mod order;
mod owners;
mod parts;
pub mod permissions;
mod products;
mod reach;
mod refusals;
mod schema;
mod search;
mod solution_tasks;
mod solutions;
mod statements;
mod tasks;
mod versions;
mod workbooks;

use db::Migrations;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use utoipa_actix_web::scope::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Service, no_setup};

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
        internal,
        setup: no_setup,
        consumers: |_| vec![locks::consumer("catalog.edit-locks"), grants::consumer("catalog.grants")],
        background: |context, db| {
            let (config, stop) = (|| (*context.config).clone(), || context.stop.clone());
            let large = later::kinds(&context.pool());
            vec![
                Box::pin(jobs::run(config(), "catalog", db.clone(), vec![imports::expiry()], stop())),
                Box::pin(jobs::run_in_turns(config(), "catalog", db.clone(), large, stop())),
            ]
        },
    }
}

fn routes(config: &mut ServiceConfig<'_>) {
    config
        .configure(products::routes)
        .configure(solutions::routes)
        .configure(imports::routes)
        .configure(search::routes)
        .configure(solution_tasks::routes);
    config.configure(change_sets::routes).configure(versions::routes);
    // What hangs on an owner hangs on both kinds of it, at the same paths; the handlers take an `Owner`.
    config.service(scope("/products/{productId}").configure(under_owner));
    config.service(scope("/solutions/{solutionId}").configure(under_owner));
    config.configure(tasks::routes).configure(attributes::routes).configure(parts::routes);
}

fn internal(config: &mut ServiceConfig<'_>) {
    config
        .configure(blueprint::routes)
        .configure(bundles::routes)
        .configure(imports::internal)
        .configure(reach::routes);
}

fn under_owner(config: &mut ServiceConfig<'_>) {
    config
        .configure(tasks::under_owner)
        .configure(parts::under_owner)
        .configure(exports::under_owner)
        .configure(versions::under_owner);
}
