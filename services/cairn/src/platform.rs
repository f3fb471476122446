//! All services in one process, each with its own role, pools and keys, as if they were apart.

use std::net::TcpListener;
use std::sync::Arc;

use db::Migrations;
use kernel::Clock;
use kernel::config::Config;
use utoipa::openapi::OpenApi;
use web::{Context, Running, ServeError, Service};

/// Every service behind the gateway, in the order of their ports.
#[must_use]
pub fn services() -> [Service; 6] {
    [
        identity::service(),
        catalog::service(),
        adoption::service(),
        telemetry::service(),
        workflow::service(),
        helpdesk::service(),
    ]
}

/// The schemas of all services, and the gateway's.
#[must_use]
pub fn migrations() -> Vec<Migrations> {
    services().iter().map(|service| service.migrations).chain([gateway::migrations()]).collect()
}

/// The contract of the platform.
#[must_use]
pub fn openapi() -> OpenApi {
    let mut all = web::openapi::merged(&services());
    all.merge(web::openapi::finished(gateway::openapi()));
    all
}

/// A running platform.
pub struct Platform {
    running: Vec<Running>,
    /// Where the gateway listens.
    pub gateway: String,
    /// The configuration with the addresses in use.
    pub config: Arc<Config>,
}

impl Platform {
    /// Starts everything on the ports of the configuration; port base 0 takes free ones.
    ///
    /// # Errors
    /// When an address is taken or a key cannot be made.
    pub fn start(mut config: Config, clock: &Clock) -> Result<Self, Box<dyn std::error::Error>> {
        let bind = |config: &Config, name: &'static str| {
            let port = if config.network.port_base == 0 { 0 } else { config.port(name) };
            let address = format!("{}:{port}", config.network.bind);
            TcpListener::bind(&address).map_err(|source| ServeError::Listen { service: name, address, source })
        };
        let mut listeners = Vec::new();
        for service in services() {
            let listener = bind(&config, service.name)?;
            config.set_upstreams(service.name, vec![format!("http://{}", listener.local_addr()?)]);
            listeners.push((service, listener));
        }
        let front = bind(&config, "gateway")?;
        let gateway = format!("http://{}", front.local_addr()?);
        config.set_upstreams("gateway", vec![gateway.clone()]);
        let config = Arc::new(config);
        let mut running = Vec::new();
        for (service, listener) in listeners {
            let context = Context::new(service.name, Arc::clone(&config), clock.clone())?;
            running.push(web::serve(service, context, listener)?);
        }
        let context = Context::new("gateway", Arc::clone(&config), clock.clone())?;
        running.push(gateway::serve(context, front, openapi().to_json()?)?);
        Ok(Self { running, gateway, config })
    }

    /// Stops the gateway first, then the services behind it.
    pub async fn stop(mut self) {
        while let Some(service) = self.running.pop() {
            service.stop().await;
        }
    }
}
