//! What is counted by itself: the requests of one caller, or of a whole tenant, in one period.

use auth::Principal;
use contracts::identity::settings::RequestQuotas;
use kernel::{TenantId, Timestamp};
use uuid::Uuid;

use super::period::Period;

kernel::text_enum! {
    /// Who asks: a member, a program by its key; or whose requests those of all callers are.
    pub enum CallerKind { Tenant = "TENANT", Member = "MEMBER", ApiKey = "API_KEY" }
}

/// Whose requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Who {
    pub(crate) id: Uuid,
    pub(crate) kind: CallerKind,
}

impl Who {
    /// All of a tenant.
    pub(crate) const fn tenant(tenant: TenantId) -> Self {
        Self { id: tenant.0, kind: CallerKind::Tenant }
    }

    /// One caller. A program is known by the key it came with.
    pub(crate) const fn caller(caller: &Principal) -> Self {
        if caller.is_client {
            Self { id: caller.session.0, kind: CallerKind::ApiKey }
        } else {
            Self { id: caller.user.0, kind: CallerKind::Member }
        }
    }
}

/// What is counted: somebody's requests in a period. Its order is that in which the database locks rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Slot {
    pub(crate) period: Period,
    pub(crate) starts_at: Timestamp,
    pub(crate) who: Who,
}

impl Slot {
    /// The three that a request of somebody falls into.
    pub(crate) fn all(who: Who, now: Timestamp) -> [Self; 3] {
        [Period::Minute, Period::Day, Period::Month].map(|period| Self { period, starts_at: period.start(now), who })
    }

    pub(crate) fn ends_at(&self) -> Timestamp {
        self.period.end(self.starts_at)
    }

    /// Minutes are each process's own.
    pub(crate) fn is_kept(&self) -> bool {
        self.period != Period::Minute
    }

    /// How much of it the tenant allows.
    pub(crate) const fn limit(&self, limits: &RequestQuotas) -> Option<u32> {
        match (self.who.kind, self.period) {
            (CallerKind::Tenant, Period::Minute) => None,
            (CallerKind::Tenant, Period::Day) => limits.tenant_requests_per_day,
            (CallerKind::Tenant, Period::Month) => limits.tenant_requests_per_month,
            (_, Period::Minute) => limits.caller_requests_per_minute,
            (_, Period::Day) => limits.caller_requests_per_day,
            (_, Period::Month) => limits.caller_requests_per_month,
        }
    }
}
