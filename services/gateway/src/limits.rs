//! How often one may ask: per user and per tenant with a token that counts, per address without one; and what a tenant allows
//! beyond the second (`quotas`).
//!
//! Each budget is a leaky bucket (GCRA) shared by all workers: its rate per second, and twice that at once. What is left
//! is told with every answer (IETF draft `httpapi-ratelimit-headers`).

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use auth::Principal;
use governor::RateLimiter;
use governor::clock::DefaultClock;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use kernel::config;
use kernel::network::customer;
use kernel::problem::RATE_LIMITED;
use kernel::{Clock, Problem, TenantId, UserId};

use crate::quotas::{Quota, Quotas};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// The gateway's budgets.
pub(crate) struct Limits {
    users: Budget<UserId>,
    tenants: Budget<TenantId>,
    addresses: Budget<IpAddr>,
    pub(crate) quotas: Arc<Quotas>,
}

impl Limits {
    pub(crate) fn new(config: &config::Gateway, clock: Clock) -> Self {
        Self {
            users: Budget::new("user", config.rate_user),
            tenants: Budget::new("tenant", config.rate_tenant),
            addresses: Budget::new("address", config.rate_address),
            quotas: Arc::new(Quotas::new(clock)),
        }
    }

    /// Counts a request of a verified caller; tells of the budget and of the quota that end first. What is too much for a budget
    /// does not count for the quotas.
    pub(crate) fn count(&self, caller: &Principal, path: &str) -> Standing<'_> {
        let user = self.users.take(caller.user);
        if user.left.is_none() {
            return user;
        }
        let tenant = self.tenants.take(caller.tenant);
        let standing = if tenant.left < user.left { tenant } else { user };
        if standing.left.is_none() {
            return standing;
        }
        Standing { quota: self.quotas.count(caller, path), ..standing }
    }

    /// Counts a request without a caller.
    pub(crate) fn count_address(&self, address: IpAddr) -> Standing<'_> {
        self.addresses.take(customer(address))
    }

    /// Drops the buckets that are full again, so that memory follows the callers of the last minute.
    pub(crate) fn forget_the_idle(&self) {
        self.users.forget_the_idle();
        self.tenants.forget_the_idle();
        self.addresses.forget_the_idle();
    }
}

/// One kind of budget, with a bucket for each key.
pub(crate) struct Budget<K: Hash + Eq + Clone> {
    name: &'static str,
    rate: NonZeroU32,
    policy: HeaderValue,
    buckets: RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>,
}

impl<K: Hash + Eq + Clone> Budget<K> {
    /// A rate of 0 counts as 1: a limit is never off by a slip.
    pub(crate) fn new(name: &'static str, rate: u32) -> Self {
        let rate = NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN);
        let quota = governor::Quota::per_second(rate).allow_burst(rate.saturating_add(rate.get()));
        let policy = HeaderValue::try_from(format!("\"{name}\";q={rate};w=1"));
        Self {
            name,
            rate,
            policy: policy.unwrap_or(HeaderValue::from_static("")),
            buckets: RateLimiter::dashmap(quota).with_middleware(),
        }
    }

    /// Requests per second.
    pub(crate) const fn rate(&self) -> NonZeroU32 {
        self.rate
    }

    /// Counts a request.
    pub(crate) fn take(&self, key: K) -> Standing<'_> {
        let taken = self.buckets.check_key(&key);
        // What may be sent within the next second is at least this, and never more than the policy's quota.
        let left = taken.ok().map(|bucket| bucket.remaining_burst_capacity().min(self.rate.get()));
        if left.is_none() {
            metrics::counter!("cairn_gateway_limited_total", "budget" => self.name).increment(1);
        }
        Standing { name: self.name, policy: &self.policy, left, quota: None }
    }

    fn forget_the_idle(&self) {
        self.buckets.retain_recent();
        self.buckets.shrink_to_fit();
    }
}

/// Where a caller stands after this request.
pub(crate) struct Standing<'a> {
    name: &'static str,
    policy: &'a HeaderValue,
    /// Requests left in this second; `None` when this one was already too many.
    left: Option<u32>,
    quota: Option<Quota>,
}

impl Standing<'_> {
    /// Refuses what is too much.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        if self.left.is_none() {
            let how = format!("The {}'s budget is used up. Slow down and try again.", self.name);
            return Err(RATE_LIMITED.detail(how).retry_after(1));
        }
        match self.quota.as_ref().filter(|quota| quota.is_used_up()) {
            Some(quota) => Err(quota.refusal()),
            None => Ok(()),
        }
    }

    /// Writes the standard headers.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        headers.insert(POLICY, self.policy.clone());
        if let Ok(left) = HeaderValue::try_from(format!("\"{}\";r={};t=1", self.name, self.left.unwrap_or(0))) {
            headers.insert(LEFT, left);
        }
        let Some(quota) = &self.quota else { return };
        for (name, value) in [(POLICY, quota.policy()), (LEFT, quota.state())] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.append(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(rate: u32) -> Limits {
        let pairs = ["CAIRN_RATE_USER", "CAIRN_RATE_TENANT", "CAIRN_RATE_ADDRESS"]
            .map(|name| (name.to_owned(), rate.to_string()));
        let key = kernel::keys::MasterKey::random().unwrap().to_text();
        let config = config::Config::from_pairs(pairs.into_iter().chain([("CAIRN_MASTER_KEY".to_owned(), key)]));
        Limits::new(&config.unwrap().gateway, Clock::system())
    }

    #[test]
    fn twice_the_rate_passes_at_once_and_no_more() {
        let limits = limits(3);
        let address = "192.0.2.1".parse().unwrap();
        let standings: Vec<_> = (0..7).map(|_| limits.count_address(address).left).collect();
        assert_eq!(standings, [Some(3), Some(3), Some(3), Some(2), Some(1), Some(0), None]);
        assert!(limits.count_address("192.0.2.2".parse().unwrap()).check().is_ok());
    }

    #[test]
    fn one_ipv6_customer_is_one_address() {
        let limits = limits(1);
        for (host, passes) in
            [("2001:db8::1", true), ("2001:db8::2", true), ("2001:db8::3", false), ("2001:db8:0:1::1", true)]
        {
            assert_eq!(limits.count_address(host.parse().unwrap()).check().is_ok(), passes, "{host}");
        }
    }

    #[test]
    fn the_headers_are_structured_fields() {
        let limits = limits(5);
        let mut headers = HeaderMap::new();
        limits.count_address("192.0.2.1".parse().unwrap()).tell(&mut headers);
        assert_eq!(headers.get(POLICY).unwrap(), "\"address\";q=5;w=1");
        assert_eq!(headers.get(LEFT).unwrap(), "\"address\";r=5;t=1");
    }
}
