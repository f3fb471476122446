//! The services behind the gateway: from `CAIRN_ROUTES_FILE`, or from `CAIRN_UPSTREAMS_*` and the ports. The table is
//! replaced whole; a request goes on with the one it began with.

mod file;
mod service;

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use hyper::http::uri::Authority;
use kernel::config::{Config, SERVICES};

use self::service::Defaults;
pub(crate) use self::service::Service;
use crate::contract::Paths;
use crate::upstream::Upstream;

/// A service as it is written down.
#[derive(Default)]
struct Spec {
    name: String,
    upstreams: Vec<Authority>,
    request_timeout: Option<Duration>,
    body_limit: Option<u64>,
    rate: Option<NonZeroU32>,
    public: Paths<Vec<String>>,
}

/// Everything that is wrong with the routes, at once.
#[derive(Debug, thiserror::Error)]
#[error("the routes are not usable:\n  {}", .0.join("\n  "))]
pub struct RoutesError(pub Vec<String>);

/// The table in force.
pub(crate) struct Table {
    config: Arc<Config>,
    services: ArcSwap<Vec<Arc<Service>>>,
}

impl Table {
    /// Reads the table.
    pub(crate) fn new(config: &Arc<Config>) -> Result<Self, RoutesError> {
        let specs = match &config.gateway.routes_file {
            Some(path) => read(path, std::fs::read_to_string(path))?,
            None => from_settings(config)?,
        };
        let table = Self { config: Arc::clone(config), services: ArcSwap::default() };
        table.replace(specs);
        Ok(table)
    }

    /// The configuration with the addresses of the table as it is now: what the gateway asks itself, it asks there too.
    pub(crate) fn configured(&self) -> Config {
        let mut config = Config::clone(&self.config);
        for service in self.services().iter() {
            let urls = service.upstreams().iter().map(|upstream| format!("http://{}", upstream.authority()));
            config.set_upstreams(&service.name, urls.collect());
        }
        config
    }

    /// The service of a name.
    pub(crate) fn service(&self, name: &str) -> Option<Arc<Service>> {
        self.services.load().iter().find(|service| &*service.name == name).cloned()
    }

    /// All services, in the order in which they were written down.
    pub(crate) fn services(&self) -> Arc<Vec<Arc<Service>>> {
        self.services.load_full()
    }

    /// Reads the file again. A bad one changes nothing.
    pub(crate) async fn reload(&self) {
        let Some(path) = &self.config.gateway.routes_file else { return };
        match read(path, tokio::fs::read_to_string(path).await) {
            Ok(specs) => {
                let services = specs.len();
                self.replace(specs);
                tracing::info!(service = "gateway", services, "the routes were read again");
            }
            Err(error) => {
                tracing::error!(service = "gateway", %error, "the routes file is refused, the routes stay as they are");
            }
        }
    }

    fn replace(&self, specs: Vec<Spec>) {
        let network = &self.config.network;
        let defaults = Defaults {
            request_timeout: self.config.gateway.request_timeout,
            body_limit: u64::try_from(network.body_limit).unwrap_or(u64::MAX),
        };
        let before = self.services.load();
        let service = |spec: Spec| {
            let same = before.iter().find(|service| *service.name == spec.name);
            Arc::new(Service::new(spec, defaults, same.map(Arc::as_ref)))
        };
        self.services.store(Arc::new(specs.into_iter().map(service).collect()));
    }
}

fn read(path: &Path, text: std::io::Result<String>) -> Result<Vec<Spec>, RoutesError> {
    let text = text.map_err(|error| RoutesError(vec![format!("{} cannot be read: {error}", path.display())]))?;
    file::read(&text)
}

/// All services but the gateway itself.
fn from_settings(config: &Config) -> Result<Vec<Spec>, RoutesError> {
    let (mut specs, mut faults) = (Vec::new(), Vec::new());
    for name in SERVICES.into_iter().filter(|name| *name != "gateway") {
        let mut spec = Spec { name: name.to_owned(), ..Spec::default() };
        for text in config.upstreams(name) {
            match Upstream::address(&text) {
                Some(address) => spec.upstreams.push(address),
                None => faults.push(format!(
                    "`{text}` in CAIRN_UPSTREAMS_{} is no address; give http://host:port",
                    name.to_uppercase()
                )),
            }
        }
        specs.push(spec);
    }
    if faults.is_empty() { Ok(specs) } else { Err(RoutesError(faults)) }
}

#[cfg(test)]
mod tests {
    use kernel::keys::MasterKey;

    use super::*;

    #[test]
    fn the_gateway_itself_asks_where_the_routes_say() {
        let file = std::env::temp_dir().join(format!("cairn-routes-{}.toml", std::process::id()));
        let routes = "[[service]]\nname = \"identity\"\nupstreams = [\"http://a:7401\", \"http://b:7401\"]\n";
        std::fs::write(&file, routes).unwrap();
        let settings = [
            ("CAIRN_MASTER_KEY".to_owned(), MasterKey::random().unwrap().to_text()),
            ("CAIRN_ROUTES_FILE".to_owned(), file.display().to_string()),
        ];
        let table = Table::new(&Arc::new(Config::from_pairs(settings).unwrap())).unwrap();
        std::fs::remove_file(file).unwrap();
        assert_eq!(table.configured().upstreams("identity"), ["http://a:7401", "http://b:7401"]);
        assert_eq!(table.configured().upstreams("catalog").len(), 1);
    }
}
