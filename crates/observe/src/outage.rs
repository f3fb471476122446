//! Something that is tried again and again while it is away.

use std::fmt::Display;
use std::time::{Duration, Instant};

const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The loss of a server, told once when it begins and once when it ends, not at each try in between; and how long to
/// wait before the next try.
#[derive(Debug)]
pub struct Outage {
    who: String,
    since: Option<Instant>,
    pause: Duration,
}

impl Outage {
    /// None yet. `who` would suffer from it: "the relay of catalog".
    #[must_use]
    pub fn none(who: impl Into<String>) -> Self {
        Self { who: who.into(), since: None, pause: SHORTEST_PAUSE }
    }

    /// A try failed. Returns the pause before the next one: each is twice the one before, up to five seconds.
    pub fn lasts(&mut self, error: impl Display) -> Duration {
        if self.since.is_none() {
            self.since = Some(Instant::now());
            tracing::warn!(%error, "{} has to wait; it goes on by itself", self.who);
        } else {
            tracing::debug!(%error, "{} still waits", self.who);
        }
        let pause = self.pause;
        self.pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        pause
    }

    /// A try went well.
    pub fn is_over(&mut self) {
        if let Some(since) = self.since.take() {
            tracing::info!(seconds = since.elapsed().as_secs(), "{} goes on", self.who);
        }
        self.pause = SHORTEST_PAUSE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_five_seconds_and_start_anew_after_the_outage() {
        let mut outage = Outage::none("the relay of catalog");
        let pauses: Vec<_> = (0..7).map(|_| outage.lasts("refused").as_millis()).collect();
        assert_eq!(pauses, [200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        outage.is_over();
        assert_eq!(outage.lasts("refused"), SHORTEST_PAUSE);
    }
}
