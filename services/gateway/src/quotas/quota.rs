//! A quota as its caller hears of it: in headers, and in the refusal when it is used up.

use kernel::problem::ProblemKind;
use kernel::{Problem, Timestamp};

use super::period::Period;

static QUOTA_EXCEEDED: ProblemKind = ProblemKind::new("QUOTA_EXCEEDED", 429, "A quota is used up");

/// How much of a quota is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    /// `caller` or `tenant`.
    pub(super) holder: &'static str,
    pub(super) period: Period,
    pub(super) limit: u32,
    /// Requests left; `None` when this one was already too many.
    pub(super) left: Option<i64>,
    pub(super) starts_at: Timestamp,
    pub(super) now: Timestamp,
}

impl Quota {
    /// Whether this request was already too many.
    pub(crate) const fn is_used_up(&self) -> bool {
        self.left.is_none()
    }

    pub(super) fn ends_at(&self) -> Timestamp {
        self.period.end(self.starts_at)
    }

    /// Seconds until it begins anew, rounded up: who waits so long does not come too early.
    fn seconds_left(&self) -> u32 {
        let micros = (self.ends_at() - self.now).num_microseconds().unwrap_or_default();
        u32::try_from(micros.max(0).unsigned_abs().div_ceil(1_000_000)).unwrap_or(u32::MAX).max(1)
    }

    /// The refusal of a request that was too many.
    pub(crate) fn refusal(&self) -> Problem {
        let Self { holder, period, limit, .. } = self;
        let detail = format!(
            "The {holder}'s quota of {limit} requests a {} is used up. It begins anew at {}.",
            period.word(),
            self.ends_at()
        );
        QUOTA_EXCEEDED.detail(detail).retry_after(self.seconds_left())
    }

    /// Its name in metrics.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.holder, self.period.word())
    }

    /// As an item of `RateLimit-Policy`.
    pub(crate) fn policy(&self) -> String {
        let seconds = (self.ends_at() - self.starts_at).num_seconds();
        format!("\"{}\";q={};w={seconds}", self.name(), self.limit)
    }

    /// As an item of `RateLimit`.
    pub(crate) fn state(&self) -> String {
        format!("\"{}\";r={};t={}", self.name(), self.left.unwrap_or_default(), self.seconds_left())
    }
}
