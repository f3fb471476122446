//! The one door to the platform.
//!
//! A request is read with suspicion (`path`), its caller verified and counted (`limits`), and passed on to one of the
//! servers (`upstream`) of the service that its first path segment names (`table`, `proxy`); bodies flow both ways at the pace of
//! the slower side (`body`). Which operations need no token, and what each one takes, is read from the merged contract
//! (`contract`), which the gateway also serves, with an explorer (`explorer`). It answers for the health of the whole platform
//! (`health`).
//!
//! On the wire it speaks HTTP/1.1, and with a certificate TLS and HTTP/2 (`tls`); it lets WebSockets through
//! (`websocket`), keeps the tokens of browsers in cookies (`session`), exchanges the keys of programs (`api_key`), compresses
//! texts (`compress`) and logs what was asked (`access`). Who wants to hear of changes while they happen listens to `live`.
//! What a tenant allows its callers in a minute, a day and a month is counted by `quotas`, in a schema of the gateway's own.
//!
//! Services verify tokens again: what the gateway refuses it refuses early, and what it lets pass is not yet trusted.

mod access;
mod account;
mod address;
mod answer;
mod api_key;
mod body;
mod browser;
mod compress;
mod contract;
mod explorer;
mod gate;
mod headers;
mod health;
mod limits;
mod live;
mod path;
pub mod permissions;
mod proxy;
mod question;
mod quotas;
mod routes;
mod schema;
mod session;
mod table;
mod tls;
mod upstream;
mod visitor;
mod websocket;

use std::any::Any;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::middleware::{Condition, from_fn};
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use clients::{Adoption, Caller, Catalog, Identity};
use db::Migrations;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use web::{Boundary, Context, Running};

use crate::gate::Gate;
use crate::upstream::Client;

pub use crate::table::RoutesError;
pub use crate::tls::TlsError;

/// How long a client may take to send a request's head.
const SLOWEST_HEAD: Duration = Duration::from_secs(10);
/// How long a client may take nothing of what is sent to it.
const LONGEST_DEAFNESS: Duration = Duration::from_secs(60);
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
    /// The services behind it cannot be found that way.
    #[error(transparent)]
    Routes(#[from] RoutesError),
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A web origin cannot be one.
    #[error("`{0}` in CAIRN_CORS_ORIGINS is not an origin such as https://app.example")]
    Origin(String),
    /// The merged document is not OpenAPI.
    #[error("the merged OpenAPI document cannot be read: {0}")]
    Contract(#[from] serde_json::Error),
}

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/gateway");

/// The gateway's schema.
#[must_use]
pub fn migrations() -> Migrations {
    Migrations { schema: "gateway", own: || MIGRATIONS }
}

/// The contract of what the gateway answers itself.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut own = <live::Own as utoipa::OpenApi>::openapi();
    own.merge(<quotas::Own as utoipa::OpenApi>::openapi());
    own
}

/// Has the kernel end a connection whose client takes nothing for too long: neither the stream of a slow reader nor an answer
/// that nobody fetches holds its place for ever.
fn give_up_the_deaf(connection: &dyn Any) {
    let over_tls = || connection.downcast_ref::<TlsStream<TcpStream>>().map(|stream| stream.get_ref().0);
    let Some(stream) = connection.downcast_ref::<TcpStream>().or_else(over_tls) else { return };
    if let Err(error) = SockRef::from(stream).set_tcp_user_timeout(Some(LONGEST_DEAFNESS)) {
        tracing::debug!(service = "gateway", %error, "a connection has no limit for slow readers");
    }
}

/// Starts the gateway on a listener. `openapi` is the merged document as JSON. Call it on a thread with a `LocalSet`
/// (actix's system has one).
///
/// # Errors
/// See [`ServeError`].
pub fn serve(context: Context, listener: TcpListener, openapi: String) -> Result<Running, ServeError> {
    let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let gate = Data::new(Gate::new(context, openapi)?);
    let context = gate.context.clone();
    let for_workers = gate.clone();
    let server = HttpServer::new(move || {
        let context = &for_workers.context;
        let caller = Caller::new(context.signer.clone(), context.clock.clone());
        let upstreams = |service| context.config.upstreams(service);
        let origins = &context.config.gateway.cors_origins;
        App::new()
            .app_data(for_workers.clone())
            .app_data(Data::new(context.clone()))
            .app_data(Data::new(Client::new()))
            .app_data(Data::new(context.pool()))
            .app_data(Data::new(Identity::new(caller.clone(), upstreams("identity"))))
            .app_data(Data::new(Catalog::new(caller.clone(), upstreams("catalog"))))
            .app_data(Data::new(Adoption::new(caller, upstreams("adoption"))))
            // The last one wrapped is the first to see a request.
            .wrap(from_fn(api_key::exchange))
            .wrap(from_fn(session::keep))
            .wrap(from_fn(compress::compress))
            .wrap(Condition::new(!origins.is_empty(), browser::cors(origins)))
            .wrap(from_fn(browser::guard))
            .wrap(Boundary { service: "gateway" })
            .wrap(Condition::new(context.config.gateway.access_log, from_fn(access::note)))
            .configure(routes::routes)
    })
    .workers(context.config.network.workers)
    .client_request_timeout(SLOWEST_HEAD)
    .keep_alive(KEEP_ALIVE)
    .on_connect(|connection, _| give_up_the_deaf(connection))
    // A client that closed its side has gone: what was asked for it ends too.
    .h1_allow_half_closed(false)
    .shutdown_timeout(context.config.shutdown.as_secs())
    .disable_signals();
    let server = match &gate.certificate {
        Some(certificate) => server.listen_rustls_0_23(listener, certificate.server_config()?),
        // HTTP/2 without TLS would have actix wait for a first byte for ever.
        None => server.listen(listener),
    };
    let server = server.map_err(|source| ServeError::Listen { address: address.clone(), source })?.run();
    let handle = server.handle();
    let mut tasks = JoinSet::new();
    tasks.spawn_local(async move {
        if let Err(error) = server.await {
            tracing::error!(service = "gateway", %error, "the server ended");
        }
    });
    tasks.spawn_local(web::keep_trust(context.clone()));
    tasks.spawn_local(live::hear(context.clone(), Arc::clone(&gate.hub), Arc::clone(&gate.limits.quotas)));
    tasks.spawn_local(quotas::keep(context.clone(), Arc::clone(&gate.limits.quotas)));
    tasks.spawn_local(async move { gate.tend().await });
    tracing::info!(service = "gateway", address, "listening");
    Ok(Running::new(context, handle, tasks))
}
