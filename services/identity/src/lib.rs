//! Identity: who people are, what they may do, and who did what.
//!
//! A person signs in once per tenant (`sessions`) and gets short-lived tokens; a membership and its roles say what the
//! tokens allow; the audit trail keeps every change of every service.

mod accounts;
mod activity;
mod audit;
mod bookmarks;
mod departments;
mod edit_locks;
mod explain;
mod grants;
mod invitations;
mod job_roles;
mod mail;
mod me;
mod members;
mod partners;
mod passkeys;
mod passwords;
mod patterns;
pub mod permissions;
mod pictures;
mod registrations;
mod revocations;
mod roles;
mod schema;
mod second_factors;
mod sessions;
mod settings;
mod signed_in;
mod signing;
mod tenants;
mod vault;

use actix_web::web::Data;
use clients::{Adoption, Caller, Catalog};
use db::Migrations;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Context, Service};

use passwords::Passwords;
use signing::Signing;

pub use audit::{AuditFault, AuditTrail, examine as audit_trails};
pub use signing::rotate as rotate_signing_key;
pub use vault::rewrap as rewrap_data_keys;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/identity");

/// The service.
#[must_use]
pub fn service() -> Service {
    Service {
        name: "identity",
        about: "Who people are and what they may do: sign-in, members, roles, and the audit trail.",
        permissions: permissions::ALL,
        migrations: Migrations { schema: "identity", own: || MIGRATIONS },
        routes,
        internal,
        setup,
        consumers: |context| vec![audit::consumer(context), edit_locks::consumer()],
        background: |context, db| {
            vec![
                Box::pin(signing::keep(context.clone(), db.clone())),
                Box::pin(signed_in::sweep(db.clone(), context.stop.clone())),
                Box::pin(mail::send(context.clone(), db.clone())),
                Box::pin(jobs::run(
                    (*context.config).clone(),
                    "identity",
                    db.clone(),
                    vec![tenants::deletion()],
                    context.stop.clone(),
                )),
                Box::pin(audit::sweep(db.clone(), context.config.keys.clone(), context.stop.clone())),
            ]
        },
    }
}

fn routes(config: &mut ServiceConfig<'_>) {
    config
        .configure(sessions::routes)
        .configure(signed_in::routes)
        .configure(signing::routes)
        .configure(registrations::routes)
        .configure(me::routes)
        .configure(second_factors::routes)
        .configure(passkeys::routes)
        .configure(tenants::routes)
        .configure(settings::routes)
        .configure(members::routes)
        .configure(invitations::routes)
        .configure(partners::routes)
        .configure(roles::routes)
        .configure(departments::routes)
        .configure(job_roles::routes)
        .configure(grants::routes)
        .configure(explain::routes)
        .configure(edit_locks::routes)
        .configure(bookmarks::routes)
        .configure(audit::routes)
        .configure(activity::routes);
}

fn internal(config: &mut ServiceConfig<'_>) {
    config
        .configure(tenants::internal)
        .configure(settings::internal)
        .configure(revocations::internal)
        .configure(partners::internal);
}

fn setup(context: &Context, config: &mut actix_web::web::ServiceConfig) {
    let cost = context.config.bcrypt_cost;
    let caller = Caller::new(context.signer.clone(), context.clock.clone());
    config
        .app_data(Data::new(Adoption::new(caller.clone(), context.config.upstreams("adoption"))))
        .app_data(Data::new(Catalog::new(caller, context.config.upstreams("catalog"))))
        .app_data(Data::from(context.shared(Signing::default)))
        .app_data(Data::from(context.shared(|| Passwords::new(cost))));
}
