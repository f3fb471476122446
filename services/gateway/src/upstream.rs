//! The servers behind the gateway: which one is asked, and what becomes of the question.
//!
//! A service may have several. They take turns; one that refused a connection rests for a second, which costs nothing
//! while another is there and is overlooked when none is.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::http::{Request, Response, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kernel::config::{Config, SERVICES};

use crate::body::Outbound;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Shorter than the 75 s for which services keep an idle connection: ours ends first, so none is used as it closes.
const KEEP_IDLE: Duration = Duration::from_secs(60);
const REST_MS: u64 = 1_000;

/// One server of a service.
#[derive(Debug)]
pub(crate) struct Upstream {
    authority: Authority,
    /// Until when it rests, in milliseconds after `Service::started`.
    rests_until: AtomicU64,
}

/// A service and its servers, shared by all workers.
#[derive(Debug)]
pub(crate) struct Service {
    /// Its name: the first segment of its paths.
    pub(crate) name: &'static str,
    upstreams: Vec<Upstream>,
    turn: AtomicUsize,
    started: Instant,
}

/// An address that is not `http://host:port`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoAddress {
    pub(crate) service: &'static str,
    pub(crate) address: String,
}

/// All services but the gateway itself.
pub(crate) fn services(config: &Config) -> Result<Vec<Service>, NoAddress> {
    SERVICES
        .into_iter()
        .filter(|name| *name != "gateway")
        .map(|name| Service::new(name, &config.upstreams(name)))
        .collect()
}

impl Service {
    fn new(name: &'static str, addresses: &[String]) -> Result<Self, NoAddress> {
        let upstream = |address: &String| {
            let authority = address
                .strip_prefix("http://")
                .map(|rest| rest.trim_end_matches('/'))
                .and_then(|rest| rest.parse().ok());
            let authority = authority.ok_or_else(|| NoAddress { service: name, address: address.clone() })?;
            Ok(Upstream { authority, rests_until: AtomicU64::new(0) })
        };
        let upstreams = addresses.iter().map(upstream).collect::<Result<_, _>>()?;
        Ok(Self { name, upstreams, turn: AtomicUsize::new(0), started: Instant::now() })
    }

    /// Every server of this service, in the order in which they are to be tried now.
    pub(crate) fn in_turn(&self) -> Vec<&Upstream> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let first = turn.checked_rem(self.upstreams.len()).unwrap_or(0);
        let mut order: Vec<_> = self.upstreams.iter().cycle().skip(first).take(self.upstreams.len()).collect();
        let now = self.now_ms();
        order.sort_by_key(|upstream| upstream.rests_until.load(Ordering::Relaxed) > now);
        order
    }

    /// Every server of this service, for asking each.
    pub(crate) fn upstreams(&self) -> &[Upstream] {
        &self.upstreams
    }

    /// Lets a server that refused a connection rest.
    pub(crate) fn rest(&self, upstream: &Upstream) {
        metrics::counter!("cairn_gateway_upstream_refused_total", "service" => self.name).increment(1);
        upstream.rests_until.store(self.now_ms() + REST_MS, Ordering::Relaxed);
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX / 2)
    }
}

impl Upstream {
    /// The place of a path on this server.
    pub(crate) fn at(&self, target: PathAndQuery) -> Result<Uri, hyper::http::Error> {
        Uri::builder().scheme(Scheme::HTTP).authority(self.authority.clone()).path_and_query(target).build()
    }
}

/// How asking a server failed.
#[derive(Debug)]
pub(crate) enum Failed {
    /// There was no connection: nothing has been sent.
    Refused(hyper_util::client::legacy::Error),
    /// The connection was lost before an answer began; the request may have been carried out.
    Broken(hyper_util::client::legacy::Error),
}

/// One worker's connections to all servers.
#[derive(Clone)]
pub(crate) struct Client(hyper_util::client::legacy::Client<HttpConnector, Outbound>);

impl Client {
    /// A client without connections yet.
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEEP_IDLE)
            .build(connector);
        Self(client)
    }

    /// Sends a request and waits for the head of its answer. Dropping the future ends the request.
    pub(crate) async fn ask(&self, request: Request<Outbound>) -> Result<Response<Incoming>, Failed> {
        self.0
            .request(request)
            .await
            .map_err(|error| if error.is_connect() { Failed::Refused(error) } else { Failed::Broken(error) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(addresses: &[&str]) -> Result<Service, NoAddress> {
        Service::new("catalog", &addresses.iter().map(|address| (*address).to_owned()).collect::<Vec<_>>())
    }

    fn ports(order: &[&Upstream]) -> Vec<u16> {
        order.iter().filter_map(|upstream| upstream.authority.port_u16()).collect()
    }

    #[test]
    fn servers_take_turns_and_one_that_refused_comes_last() {
        let service = service(&["http://a:1", "http://b:2", "http://c:3/"]).unwrap();
        assert_eq!(ports(&service.in_turn()), [1, 2, 3]);
        assert_eq!(ports(&service.in_turn()), [2, 3, 1]);
        service.rest(&service.upstreams[2]);
        assert_eq!(ports(&service.in_turn()), [1, 2, 3]);
        assert_eq!(ports(&service.in_turn()), [1, 2, 3]);
        assert_eq!(ports(&service.in_turn()), [2, 1, 3]);
    }

    #[test]
    fn an_address_without_scheme_or_with_a_path_is_refused() {
        for address in ["a:1", "https://a:1", "http://a:1/base", "http://"] {
            assert_eq!(service(&[address]).unwrap_err().address, address);
        }
    }
}
