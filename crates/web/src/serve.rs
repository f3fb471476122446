//! Runs a service: its HTTP workers, its relay, its consumers and its background work, until it is told to stop.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::{ServerHandle, Service as _, ServiceRequest};
use actix_web::http::Method;
use actix_web::web::{Data, to};
use actix_web::{App, HttpServer};
use kernel::config::Config;
use tokio::task::JoinSet;
use tokio::time::timeout;
use utoipa_actix_web::AppExt;

use bus::Consumer;

use crate::boundary::Boundary;
use crate::methods::{Methods, unrouted};
use crate::service::{Context, Service};
use crate::{health, keep_trust};

/// Why a service cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken or not ours.
    #[error("{service} cannot listen on {address}: {source}. Set CAIRN_PORT_BASE to a free range.")]
    Listen {
        /// The service.
        service: &'static str,
        /// The address.
        address: String,
        /// The system's word.
        source: std::io::Error,
    },
    /// More connections than allowed.
    #[error(
        "the pools of one service may take {wanted} connections, seven times that is more than CAIRN_DB_CONNECTIONS ({allowed}); lower CAIRN_DB_POOL or CAIRN_WORKERS"
    )]
    Connections {
        /// What one service would take.
        wanted: u32,
        /// What is allowed.
        allowed: u32,
    },
}

/// A running service.
pub struct Running {
    context: Context,
    server: ServerHandle,
    tasks: JoinSet<()>,
}

impl Running {
    /// A server and the tasks that belong to it: they end when `context.stop` is set.
    #[must_use]
    pub const fn new(context: Context, server: ServerHandle, tasks: JoinSet<()>) -> Self {
        Self { context, server, tasks }
    }

    /// Stops in order: not ready, requests drained, consumers and background work ended.
    pub async fn stop(mut self) {
        let service = self.context.service;
        self.context.stop.cancel();
        self.server.stop(true).await;
        let drained =
            timeout(self.context.config.shutdown, async { while self.tasks.join_next().await.is_some() {} }).await;
        if drained.is_err() {
            tracing::warn!(service, "some background work did not end in time; its transactions roll back");
        }
        tracing::info!(service, "stopped");
    }
}

/// Starts a service on a listener. Call it on a thread with a `LocalSet` (actix's system has one).
///
/// # Errors
/// See [`ServeError`].
pub fn serve(service: Service, context: Context, listener: TcpListener) -> Result<Running, ServeError> {
    check_connections(&context.config)?;
    let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let for_workers = context.clone();
    let shutdown = context.config.shutdown.as_secs();
    let server = HttpServer::new(move || {
        let context = for_workers.clone();
        let (app, contract) = App::new()
            // HEAD is GET without the body, which the server leaves out by itself.
            .wrap_fn(|mut request: ServiceRequest, next| {
                if request.method() == Method::HEAD {
                    request.head_mut().method = Method::GET;
                }
                next.call(request)
            })
            .wrap(Boundary { service: service.name })
            .app_data(Data::new(context.pool()))
            .app_data(Data::new(context.clone()))
            .configure(|config| (service.setup)(&context, config))
            .configure(health::routes)
            .into_utoipa_app()
            .service(utoipa_actix_web::scope::scope(format!("/{}/v1", service.name).as_str()).configure(service.routes))
            .service(
                utoipa_actix_web::scope::scope(format!("/internal/{}/v1", service.name).as_str())
                    .configure(service.internal),
            )
            .split_for_parts();
        app.app_data(Data::new(Methods::of(&contract))).default_service(to(unrouted))
    })
    .workers(context.config.network.workers)
    .client_request_timeout(Duration::from_secs(10))
    .keep_alive(Duration::from_secs(75))
    .shutdown_timeout(shutdown)
    .disable_signals()
    .listen(listener)
    .map_err(|source| ServeError::Listen { service: service.name, address: address.clone(), source })?
    .run();
    let handle = server.handle();
    let mut tasks = JoinSet::new();
    tasks.spawn_local(async move {
        if let Err(error) = server.await {
            tracing::error!(service = service.name, %error, "the server ended");
        }
    });
    spawn_background(service, &context, &mut tasks);
    tracing::info!(service = service.name, address, "listening");
    Ok(Running::new(context, handle, tasks))
}

fn spawn_background(service: Service, context: &Context, tasks: &mut JoinSet<()>) {
    let db = context.pool();
    let config = (*context.config).clone();
    let stop = &context.stop;
    tasks.spawn_local(keep_trust(context.clone()));
    tasks.spawn_local(bus::relay::run(config.clone(), service.name, context.clock.clone(), stop.clone()));
    if let Some(url) = config.role_url(&format!("{}_app", service.name)) {
        tasks.spawn_local(bus::relay::ring(url.reveal().clone(), service.name, context.wake.clone(), stop.clone()));
    }
    let forgetting = bus::topology::queue(&format!("{}.tenants", service.name)).map(Consumer::forgetting);
    for consumer in (service.consumers)(context).into_iter().chain(forgetting) {
        tasks.spawn_local(bus::consume(config.broker.clone(), db.clone(), consumer, stop.clone()));
    }
    for work in (service.background)(context, &db) {
        tasks.spawn_local(work);
    }
}

fn check_connections(config: &Config) -> Result<(), ServeError> {
    let pools = u32::try_from(config.network.workers).unwrap_or(u32::MAX).saturating_add(1);
    // Beside its pools a service holds one connection for its relay and one for the relay's bell. The gateway needs
    // no more than a service.
    let wanted = pools.saturating_mul(config.database.pool).saturating_add(2);
    let allowed = config.database.connections;
    if wanted.saturating_mul(7) > allowed { Err(ServeError::Connections { wanted, allowed }) } else { Ok(()) }
}
