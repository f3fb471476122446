//! Telemetry: what customers' deployments report.
//!
//! Values come in batches, are stored once each and held against the criteria of the plan's attributes; what follows for a
//! customer task is announced as facts, from which adoption decides the status. What cannot be taken is kept and can be
//! replayed. Nothing is dropped silently.

mod access;
mod assignments;
mod attributes;
mod batches;
mod facts;
mod metric_rules;
mod otlp;
pub mod permissions;
mod refusals;
mod rollups;
mod schema;
mod settings;
mod tail;
mod templates;
mod trials;
mod values;

use std::sync::Arc;

use actix_web::web::Data;
use clients::{Adoption, Caller};
use db::{Db, Migrations};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use facts::Criteria;
use settings::Windows;
use tail::Room;
use utoipa_actix_web::service_config::ServiceConfig;
use values::{Intake, Writer};
use web::{Background, Context, Service};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/telemetry");
/// Writers per process: while one waits for the disk, the other fills the next flush.
const WRITERS: usize = 2;

/// The service.
#[must_use]
pub fn service() -> Service {
    Service {
        name: "telemetry",
        about: "What customers' deployments report: values, stored once each and held against the criteria of adoption tasks.",
        permissions: permissions::ALL,
        migrations: Migrations { schema: "telemetry", own: || MIGRATIONS },
        routes,
        internal: attributes::internal,
        setup,
        consumers: |_| vec![attributes::consumer(), grants::consumer("telemetry.grants")],
        background,
    }
}

fn routes(config: &mut ServiceConfig<'_>) {
    config.configure(values::routes).configure(attributes::routes).configure(facts::routes).configure(refusals::routes);
    config
        .configure(metric_rules::routes)
        .configure(otlp::routes)
        .configure(rollups::routes)
        .configure(batches::routes)
        .configure(templates::routes)
        .configure(trials::routes)
        .configure(settings::routes)
        .configure(tail::routes);
}

fn setup(context: &Context, config: &mut actix_web::web::ServiceConfig) {
    let caller = Caller::new(context.signer.clone(), context.clock.clone());
    let adoption = Adoption::new(caller, context.config.upstreams("adoption"));
    config.app_data(Data::new(Intake::new(context, adoption.clone()))).app_data(Data::new(adoption));
    config.app_data(Data::from(windows(context))).app_data(Data::from(context.shared(Room::default)));
}

/// How long each tenant keeps values, as far as this process knows.
pub(crate) fn windows(context: &Context) -> Arc<Windows> {
    let platform = context.config.telemetry_retention_days;
    context.shared(|| Windows::new(platform))
}

fn background(context: &Context, db: &Db) -> Vec<Background> {
    let stop = &context.stop;
    let config = (*context.config).clone();
    let mut work: Vec<Background> = vec![
        Box::pin(values::retain(db.clone(), config.telemetry_retention_days, stop.clone())),
        Box::pin(jobs::run(
            config,
            "telemetry",
            db.clone(),
            vec![facts::recheck_kind(), settings::retain_kind()],
            stop.clone(),
        )),
    ];
    for _ in 0..WRITERS {
        let (writer, criteria) = (context.shared(Writer::default), context.shared(Criteria::default));
        work.push(Box::pin(values::write(writer, criteria, db.clone(), stop.clone())));
    }
    work
}
