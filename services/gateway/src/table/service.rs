//! A service and its servers: which one is asked next.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kernel::Problem;
use kernel::problem::{RATE_LIMITED, UNAVAILABLE};

use super::Spec;
use crate::contract::Paths;
use crate::limits::Budget;
use crate::upstream::{Attempt, Turn, Upstream};

/// A service, as all workers share it.
pub(crate) struct Service {
    /// Its name: the first segment of its paths.
    pub(crate) name: Arc<str>,
    /// How long it may take to answer.
    pub(crate) request_timeout: Duration,
    /// Its largest request body in bytes.
    pub(crate) body_limit: u64,
    upstreams: Vec<Arc<Upstream>>,
    budget: Option<Arc<Budget<()>>>,
    public: Paths<Vec<String>>,
    turn: AtomicUsize,
}

/// What holds for a service that does not say otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defaults {
    pub(super) request_timeout: Duration,
    pub(super) body_limit: u64,
}

impl Service {
    /// Makes what is described. Servers and budgets that were there `before` are kept, with all that is known of them.
    pub(super) fn new(spec: Spec, defaults: Defaults, before: Option<&Self>) -> Self {
        let known = |address: &_| before?.upstreams.iter().find(|upstream| upstream.authority() == address).cloned();
        let upstreams = spec.upstreams.into_iter();
        let budget = spec.rate.map(|rate| {
            let kept = before.and_then(|service| service.budget.clone()).filter(|budget| budget.rate() == rate);
            kept.unwrap_or_else(|| Arc::new(Budget::new("service", rate.get())))
        });
        Self {
            name: spec.name.into(),
            request_timeout: spec.request_timeout.unwrap_or(defaults.request_timeout),
            body_limit: spec.body_limit.unwrap_or(defaults.body_limit),
            upstreams: upstreams
                .map(|address| known(&address).unwrap_or_else(|| Arc::new(Upstream::new(address))))
                .collect(),
            budget,
            public: spec.public,
            turn: AtomicUsize::new(0),
        }
    }

    /// Every server, for asking each.
    pub(crate) fn upstreams(&self) -> &[Arc<Upstream>] {
        &self.upstreams
    }

    /// Whether the routes file opens an operation to callers without a token.
    pub(crate) fn opens(&self, method: &str, path: &str) -> bool {
        let mut opens = false;
        self.public.fitting(path, &mut |methods| opens |= methods.iter().any(|open| open == method));
        opens
    }

    /// Counts a request that is about to be passed on.
    pub(crate) fn count(&self) -> Result<(), Problem> {
        if self.budget.as_ref().is_none_or(|budget| budget.take(()).check().is_ok()) {
            return Ok(());
        }
        Err(RATE_LIMITED.detail("This service gets more requests than it takes. Try again shortly.").retry_after(1))
    }

    /// Begins a request to the server that is to be asked next: one whose trial is due, else the one with the fewest requests
    /// under way; equals take turns. `None` when none is left but those tried already.
    pub(crate) fn choose(&self, tried: &[Arc<Upstream>]) -> Option<Attempt> {
        let first = self.turn.fetch_add(1, Ordering::Relaxed).checked_rem(self.upstreams.len())?;
        let in_turn = self.upstreams.iter().cycle().skip(first).take(self.upstreams.len());
        let untried = in_turn.filter(|upstream| !tried.iter().any(|tried| Arc::ptr_eq(tried, upstream)));
        let best = untried.clone().filter_map(|upstream| match upstream.turn() {
            Turn::Trial => Some((0, upstream)),
            Turn::Usual => Some((upstream.outstanding() + 1, upstream)),
            Turn::NotBefore(_) => None,
        });
        let (_, upstream) = best.min_by_key(|(requests, _)| *requests)?;
        // Lost when another worker took the trial in this very moment: then any other will do.
        Attempt::begin(&self.name, upstream)
            .or_else(|| untried.filter_map(|upstream| Attempt::begin(&self.name, upstream)).next())
    }

    /// The answer while no server is to be asked: at once, instead of hammering what does not work.
    pub(crate) fn all_out(&self) -> Problem {
        metrics::counter!("cairn_gateway_circuit_open_total", "service" => Arc::clone(&self.name)).increment(1);
        let waits = self.upstreams.iter().map(|upstream| match upstream.turn() {
            Turn::NotBefore(wait) => wait,
            Turn::Usual | Turn::Trial => Duration::ZERO,
        });
        let seconds = waits.min().unwrap_or_default().as_secs().saturating_add(1);
        let how = "This service does not work at the moment and is left alone for a while. Try again shortly.";
        UNAVAILABLE.detail(how).retry_after(u32::try_from(seconds).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(hosts: &[&str], before: Option<&Service>) -> Service {
        let upstreams = hosts.iter().map(|host| host.parse().unwrap()).collect();
        let defaults = Defaults { request_timeout: Duration::from_secs(1), body_limit: 1 };
        Service::new(Spec { name: "catalog".to_owned(), upstreams, ..Spec::default() }, defaults, before)
    }

    fn host(attempt: &Attempt) -> &str {
        attempt.upstream().authority().host()
    }

    fn fail(service: &Service, times: usize) {
        (0..times).for_each(|_| service.choose(&[]).unwrap().settle(false));
    }

    #[test]
    fn the_least_busy_is_asked_and_equals_take_turns() {
        let service = service(&["a:1", "b:1", "c:1"], None);
        let idle: Vec<_> = (0..4).map(|_| host(&service.choose(&[]).unwrap()).to_owned()).collect();
        assert_eq!(idle, ["a", "b", "c", "a"]);
        let (b, c) = (service.choose(&[]).unwrap(), service.choose(&[]).unwrap());
        assert_eq!((host(&b), host(&c)), ("b", "c"));
        for _ in 0..3 {
            assert_eq!(host(&service.choose(&[]).unwrap()), "a");
        }
    }

    #[test]
    fn one_that_was_tried_is_not_tried_again() {
        let service = service(&["a:1", "b:1"], None);
        let a = service.choose(&[]).unwrap();
        let b = service.choose(&[Arc::clone(a.upstream())]).unwrap();
        assert_eq!(host(&b), "b");
        assert!(service.choose(&[Arc::clone(a.upstream()), Arc::clone(b.upstream())]).is_none());
    }

    #[test]
    fn when_all_are_out_nobody_is_asked_and_the_caller_knows_when_to_return() {
        let service = service(&["a:1", "b:1"], None);
        fail(&service, 10);
        assert!(service.choose(&[]).is_none());
        assert_eq!(service.all_out().retry_after_seconds(), Some(1));
        // A server that says it is ready gets one trial.
        service.upstreams().iter().for_each(|upstream| upstream.invite());
        let (mut one, mut two) = (service.choose(&[]).unwrap(), service.choose(&[]).unwrap());
        assert!(service.choose(&[]).is_none());
        one.settle(true);
        two.settle(false);
        drop((one, two));
        assert_eq!(service.choose(&[]).map(|attempt| attempt.upstream().outstanding()), Some(1));
    }

    #[test]
    fn a_server_that_stays_keeps_what_is_known_of_it() {
        let before = service(&["a:1", "b:1"], None);
        fail(&before, 10);
        let after = service(&["b:1", "c:1"], Some(&before));
        assert!((0..3).all(|_| host(&after.choose(&[]).unwrap()) == "c"));
    }
}
