//! The one door to the platform.
//!
//! A request is read with suspicion (`path`), its caller verified and counted (`limits`), and passed on to one of the
//! servers of the service that its first path segment names (`upstream`, `proxy`); bodies flow both ways at the pace of
//! the slower side (`body`). Which operations need no token is read from the merged contract (`contract`), which the
//! gateway also serves, with an explorer (`explorer`). It answers for the health of the whole platform (`health`).
//!
//! Services verify tokens again: what the gateway refuses it refuses early, and what it lets pass is not yet trusted.

mod address;
mod body;
mod browser;
mod contract;
mod explorer;
mod headers;
mod health;
mod limits;
mod path;
mod proxy;
mod routes;
mod upstream;

use std::net::{IpAddr, TcpListener};
use std::time::Duration;

use actix_web::middleware::{Condition, from_fn};
use actix_web::web::Data;
use actix_web::{App, HttpRequest, HttpServer};
use tokio::task::JoinSet;
use web::{Boundary, Context, Running};

use crate::contract::Contract;
use crate::limits::Limits;
use crate::upstream::{Client, Service};

/// How long a client may take to send a request's head.
const SLOWEST_HEAD: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Why the gateway cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken or not ours.
    #[error("the gateway cannot listen on {address}: {source}. Set CAIRN_PORT_BASE to a free range.")]
    Listen {
        /// The address.
        address: String,
        /// The system's word.
        source: std::io::Error,
    },
    /// A service's address cannot be used.
    #[error("`{address}` is no address of {service}: give http://host:port in CAIRN_UPSTREAMS_*")]
    Upstream {
        /// The service.
        service: &'static str,
        /// What was given.
        address: String,
    },
    /// A web origin cannot be one.
    #[error("`{0}` in CAIRN_CORS_ORIGINS is not an origin such as https://app.example")]
    Origin(String),
    /// The merged document is not OpenAPI.
    #[error("the merged OpenAPI document cannot be read: {0}")]
    Contract(#[from] serde_json::Error),
}

/// What all workers share.
struct Gate {
    context: Context,
    contract: Contract,
    services: Vec<Service>,
    limits: Limits,
}

impl Gate {
    fn new(context: Context, openapi: String) -> Result<Self, ServeError> {
        let config = &context.config.gateway;
        if let Some(origin) = config.cors_origins.iter().find(|origin| !browser::is_origin(origin)) {
            return Err(ServeError::Origin(origin.clone()));
        }
        Ok(Self {
            contract: Contract::read(openapi)?,
            services: upstream::services(&context.config)
                .map_err(|fault| ServeError::Upstream { service: fault.service, address: fault.address })?,
            limits: Limits::new(config),
            context,
        })
    }

    /// Whose request it is.
    fn client(&self, request: &HttpRequest) -> IpAddr {
        address::client(request, &self.context.config.gateway.trusted_proxies)
    }

    /// The service of a name.
    fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }
}

/// Starts the gateway on a listener. `openapi` is the merged document as JSON. Call it on a thread with a `LocalSet`
/// (actix's system has one).
///
/// # Errors
/// See [`ServeError`].
pub fn serve(context: Context, listener: TcpListener, openapi: String) -> Result<Running, ServeError> {
    let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let gate = Data::new(Gate::new(context.clone(), openapi)?);
    let for_workers = gate.clone();
    let server = HttpServer::new(move || {
        let context = &for_workers.context;
        let origins = &context.config.gateway.cors_origins;
        App::new()
            .app_data(for_workers.clone())
            .app_data(Data::new(context.clone()))
            .app_data(Data::new(Client::new()))
            // The last one wrapped is the first to see a request.
            .wrap(Condition::new(!origins.is_empty(), browser::cors(origins)))
            .wrap(from_fn(browser::guard))
            .wrap(Boundary { service: "gateway" })
            .configure(routes::routes)
    })
    .workers(context.config.network.workers)
    .client_request_timeout(SLOWEST_HEAD)
    .keep_alive(KEEP_ALIVE)
    // A client that closed its side has gone: what was asked for it ends too.
    .h1_allow_half_closed(false)
    .shutdown_timeout(context.config.shutdown.as_secs())
    .disable_signals()
    .listen(listener)
    .map_err(|source| ServeError::Listen { address: address.clone(), source })?
    .run();
    let handle = server.handle();
    let mut tasks = JoinSet::new();
    tasks.spawn_local(async move {
        if let Err(error) = server.await {
            tracing::error!(service = "gateway", %error, "the server ended");
        }
    });
    tasks.spawn_local(web::keep_trust(context.clone()));
    let stop = context.stop.clone();
    tasks.spawn_local(async move {
        tokio::select! { () = stop.cancelled() => {}, () = gate.limits.forget_the_idle() => {} }
    });
    tracing::info!(service = "gateway", address, "listening");
    Ok(Running::new(context, handle, tasks))
}
