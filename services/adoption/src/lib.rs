//! Adoption: how customers adopt what a vendor sells.
//!
//! A product assigned to a customer becomes a plan: a snapshot of the catalog's eligible tasks, each with a status that a
//! person sets or telemetry proves, and sums that follow. A solution becomes a plan of its own tasks and those of its products,
//! with sums of them all. The catalog is asked when a plan is made and when it is synced;
//! it is listened to for whether a plan is behind, and telemetry for what it proves.

mod access;
mod assignments;
mod bundles;
mod consumers;
mod customer_tasks;
mod customers;
mod health;
mod impact;
pub mod permissions;
mod plan_filters;
mod plan_outcomes;
mod plan_syncs;
mod plans;
mod reach;
mod reports;
mod revisions;
mod schema;
mod solution_plans;
mod statuses;
mod workbooks;

use actix_web::web::Data;
use clients::{Caller, Catalog, Telemetry};
use db::Migrations;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Context, Service};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/adoption");

/// The service.
#[must_use]
pub fn service() -> Service {
    Service {
        name: "adoption",
        about: "How customers adopt products: customers, assignments, plans, and the status of each task.",
        permissions: permissions::ALL,
        migrations: Migrations { schema: "adoption", own: || MIGRATIONS },
        routes,
        internal,
        setup,
        consumers: consumers::consumers,
        background: |context, db| {
            let (config, stop) = ((*context.config).clone(), context.stop.clone());
            let mut kinds = plan_syncs::kinds();
            kinds.push(health::kind(telemetry(context)));
            vec![Box::pin(jobs::run(config, "adoption", db.clone(), kinds, stop))]
        },
    }
}

fn routes(config: &mut ServiceConfig<'_>) {
    config
        .configure(customers::routes)
        .configure(assignments::routes)
        .configure(plans::routes)
        .configure(plan_filters::routes)
        .configure(plan_outcomes::routes)
        .configure(plan_syncs::routes)
        .configure(impact::routes)
        .configure(solution_plans::routes)
        .configure(reports::routes)
        .configure(health::routes)
        .configure(customer_tasks::routes)
        .configure(statuses::routes)
        .configure(workbooks::routes);
}

fn internal(config: &mut ServiceConfig<'_>) {
    config.configure(assignments::internal).configure(plans::internal).configure(customer_tasks::internal);
    config.configure(reach::routes);
}

fn setup(context: &Context, config: &mut actix_web::web::ServiceConfig) {
    let catalog = Catalog::new(caller(context), context.config.upstreams("catalog"));
    config.app_data(Data::new(catalog)).app_data(Data::new(telemetry(context)));
}

fn caller(context: &Context) -> Caller {
    Caller::new(context.signer.clone(), context.clock.clone())
}

/// A line to telemetry, for one thread.
fn telemetry(context: &Context) -> Telemetry {
    Telemetry::new(caller(context), context.config.upstreams("telemetry"))
}
