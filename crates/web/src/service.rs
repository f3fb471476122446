//! What a service is made of, and what it is given to work with.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use auth::{PermissionInfo, ServiceSigner, ServiceVerifier, TokenError, Verifier};
use bus::Consumer;
use db::{Db, Migrations, Wake};
use kernel::Clock;
use kernel::config::Config;
use tokio_util::sync::CancellationToken;
use utoipa_actix_web::service_config::ServiceConfig;

/// One of the seven: its routes, consumers and background work, in one value.
#[derive(Clone, Copy)]
pub struct Service {
    /// Its name: the first segment of its paths, its schema, its log field.
    pub name: &'static str,
    /// What it is for, for the contract.
    pub about: &'static str,
    /// Every permission its handlers name.
    pub permissions: &'static [PermissionInfo],
    /// Its schema.
    pub migrations: Migrations,
    /// Registers its handlers, under `/{name}/v1`.
    pub routes: fn(&mut ServiceConfig<'_>),
    /// Registers its handlers for other services, under `/internal/{name}/v1`.
    pub internal: fn(&mut ServiceConfig<'_>),
    /// Puts what its handlers share into a worker.
    pub setup: fn(&Context, &mut actix_web::web::ServiceConfig),
    /// The queues it consumes.
    pub consumers: fn(&Context) -> Vec<Consumer>,
    /// Other work of the process: job runners, writers, listeners.
    pub background: fn(&Context, &Db) -> Vec<Background>,
}

/// A task that runs until the service stops.
pub type Background = futures_util::future::LocalBoxFuture<'static, ()>;

/// A service without a schema of its own beyond the house's.
pub const NO_MIGRATIONS: diesel_migrations::EmbeddedMigrations = diesel_migrations::EmbeddedMigrations::new(&[]);

/// A service without internal routes.
pub fn nothing_more(_: &mut ServiceConfig<'_>) {}

/// A service whose handlers share nothing but the database.
pub fn no_setup(_: &Context, _: &mut actix_web::web::ServiceConfig) {}

/// A service that consumes no events.
#[must_use]
pub fn no_consumers(_: &Context) -> Vec<Consumer> {
    Vec::new()
}

/// What a running service works with. Cheap to clone; shared by all its workers.
#[derive(Clone)]
pub struct Context {
    /// The service's name.
    pub service: &'static str,
    /// The configuration.
    pub config: Arc<Config>,
    /// Where "now" comes from.
    pub clock: Clock,
    /// Verifies the tokens of people.
    pub verifier: Arc<Verifier>,
    /// Verifies the tokens of other services.
    pub services: Arc<ServiceVerifier>,
    /// Signs as this service.
    pub signer: Arc<ServiceSigner>,
    /// Set when the service is to stop.
    pub stop: CancellationToken,
    /// Rung after commits that announced events.
    pub wake: Wake,
    /// Whether the broker is there, as far as this process knows. Without it events wait in the outbox.
    pub broker: Arc<AtomicBool>,
    shared: Arc<Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>>,
}

impl Context {
    /// The context of a service.
    ///
    /// # Errors
    /// When its keys cannot be made.
    pub fn new(service: &'static str, config: Arc<Config>, clock: Clock) -> Result<Self, TokenError> {
        Ok(Self {
            service,
            verifier: Arc::default(),
            services: Arc::new(ServiceVerifier::new(&config.keys, service)?),
            signer: Arc::new(ServiceSigner::new(&config.keys, service)?),
            config,
            clock,
            stop: CancellationToken::new(),
            wake: Wake::default(),
            broker: Arc::default(),
            shared: Arc::default(),
        })
    }

    /// What all threads of this service share, one value per type, made when it is first asked for.
    pub fn shared<T: Send + Sync + 'static>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let mut all = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = all.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(make()));
        match Arc::clone(slot).downcast::<T>() {
            Ok(value) => value,
            Err(_) => unreachable!("the slot is named by its type"),
        }
    }

    /// Whether tokens can be judged: identity's keys and what it has revoked are known.
    #[must_use]
    pub fn knows_whom_to_trust(&self) -> bool {
        self.verifier.is_ready() && self.verifier.revocations().are_known()
    }

    /// A pool of this service's role, for the thread it is called on.
    #[must_use]
    pub fn pool(&self) -> Db {
        let role = format!("{}_app", self.service);
        let url = self.config.role_url(&role).map(|url| url.reveal().clone()).unwrap_or_default();
        Db::lazy(&url, self.config.database.pool, self.clock.clone(), Arc::clone(&self.wake))
    }
}
