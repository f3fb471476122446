//! One server behind the gateway: how many requests it works on, how well it does, and asking it.

mod client;
mod ejection;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hyper::http::Uri;
use hyper::http::uri::{Authority, PathAndQuery, Scheme};

pub(crate) use self::client::{Client, Failed};
use self::ejection::Ejection;
pub(crate) use self::ejection::Turn;

/// A server, known to all workers. It outlives a reload of the routes that still name it.
#[derive(Debug)]
pub(crate) struct Upstream {
    authority: Authority,
    outstanding: AtomicUsize,
    ejection: Mutex<Ejection>,
}

impl Upstream {
    /// A server of which nothing is known yet.
    pub(crate) fn new(authority: Authority) -> Self {
        Self { authority, outstanding: AtomicUsize::new(0), ejection: Mutex::default() }
    }

    /// Reads `http://host:port`; `None` for anything else.
    pub(crate) fn address(text: &str) -> Option<Authority> {
        let authority: Authority = text.strip_prefix("http://")?.trim_end_matches('/').parse().ok()?;
        Some(authority).filter(|authority| !authority.host().is_empty() && !authority.as_str().contains('@'))
    }

    /// Host and port.
    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The place of a path on this server.
    pub(crate) fn at(&self, target: PathAndQuery) -> Result<Uri, hyper::http::Error> {
        Uri::builder().scheme(Scheme::HTTP).authority(self.authority.clone()).path_and_query(target).build()
    }

    /// Requests under way.
    pub(crate) fn outstanding(&self) -> usize {
        self.outstanding.load(Ordering::Relaxed)
    }

    /// Whether it may be asked now.
    pub(crate) fn turn(&self) -> Turn {
        self.ejection().turn(Instant::now())
    }

    /// Notes that it calls itself ready: when it is out, the next request tries it.
    pub(crate) fn invite(&self) {
        self.ejection().invite(Instant::now());
    }

    fn ejection(&self) -> MutexGuard<'_, Ejection> {
        self.ejection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request to a server. What becomes of it is noted when it is settled; dropped before, it says nothing of the server.
pub(crate) struct Attempt {
    service: Arc<str>,
    upstream: Arc<Upstream>,
    turn: Turn,
    settled: bool,
}

impl Attempt {
    /// Begins, unless another one has just taken the turn.
    pub(crate) fn begin(service: &Arc<str>, upstream: &Arc<Upstream>) -> Option<Self> {
        let turn = upstream.ejection().begin(Instant::now());
        if matches!(turn, Turn::NotBefore(_)) {
            return None;
        }
        upstream.outstanding.fetch_add(1, Ordering::Relaxed);
        Some(Self { service: Arc::clone(service), upstream: Arc::clone(upstream), turn, settled: false })
    }

    /// The server.
    pub(crate) fn upstream(&self) -> &Arc<Upstream> {
        &self.upstream
    }

    /// Notes what came of it.
    pub(crate) fn settle(&mut self, well: bool) {
        self.settled = true;
        if well {
            self.upstream.ejection().succeeded(self.turn);
            return;
        }
        let labels = || [("service", self.service.to_string()), ("upstream", self.upstream.authority.to_string())];
        metrics::counter!("cairn_gateway_upstream_failures_total", &labels()).increment(1);
        let pause = self.upstream.ejection().failed(self.turn, Instant::now());
        if let Some(pause) = pause {
            metrics::counter!("cairn_gateway_upstream_ejections_total", &labels()).increment(1);
            let (service, upstream, seconds) = (&*self.service, &self.upstream.authority, pause.as_secs());
            tracing::warn!(service, %upstream, seconds, "a server fails and is left out for a while");
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.upstream.outstanding.fetch_sub(1, Ordering::Relaxed);
        if !self.settled {
            self.upstream.ejection().abandoned(self.turn, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_scheme_or_with_a_path_is_none() {
        for text in ["a:1", "https://a:1", "http://a:1/base", "http://", "http://user@a:1"] {
            assert_eq!(Upstream::address(text), None, "{text}");
        }
        assert_eq!(Upstream::address("http://a:1/").unwrap(), "a:1");
    }
}
