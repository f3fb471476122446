//! How long to wait before a program is started again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);
/// Who has run this long is taken to be healthy.
const HEALTHY: Duration = Duration::from_secs(30);

/// Doubles from one failure to the next, and forgets them after a healthy run.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { next: FIRST }
    }

    /// The pause after a run that lasted for `alive`.
    pub(super) fn after(&mut self, alive: Duration) -> Duration {
        if alive >= HEALTHY {
            self.next = FIRST;
        }
        let pause = self.next;
        self.next = self.next.saturating_mul(2).min(LONGEST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut backoff = Backoff::new();
        let pauses: Vec<u128> = (0..8).map(|_| backoff.after(Duration::ZERO).as_millis()).collect();
        assert_eq!(pauses, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    }

    #[test]
    fn a_healthy_run_forgets_earlier_failures() {
        let mut backoff = Backoff::new();
        for _ in 0..8 {
            backoff.after(Duration::ZERO);
        }
        assert_eq!(backoff.after(HEALTHY), FIRST);
    }
}
