//! When a job that failed comes back, and when it does not any more. Pure.

use chrono::Duration;

/// How often a job is tried before it is parked: with the pauses between, for about three hours.
pub const ATTEMPTS: i32 = 12;

/// The first pause; each further one is twice as long.
const FIRST: Duration = Duration::seconds(5);
/// The longest pause.
const LONGEST: Duration = Duration::minutes(30);

/// The pause after the given number of failed attempts; `None` when it is time to give up.
pub(crate) fn pause_after(attempts: i32) -> Option<Duration> {
    if attempts >= ATTEMPTS {
        return None;
    }
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(20);
    FIRST.checked_mul(1 << doublings).map(|pause| pause.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_end() {
        let pauses: Vec<i64> = (1..).map_while(pause_after).map(|pause| pause.num_seconds()).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1_280, 1_800, 1_800]);
    }
}
