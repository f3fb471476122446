//! When a server is left out, and when it may come back: what passing requests tell of it, and nothing else.
//!
//! A server that failed five times in a row is out for a second. Then one request tries it: when that goes well the server is
//! back, else it is out for twice as long, up to half a minute. No request of its own is made for this, and no clock is read.

use std::time::{Duration, Instant};

/// Failures in a row that put a server out.
const TOO_MANY: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A trial that takes longer, such as a body that comes in drops, no longer keeps others from trying.
const LONGEST_TRIAL: Duration = Duration::from_secs(60);

/// Whether a server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ejection {
    /// It is; so many requests in a row have failed.
    In { failures: u32 },
    /// It is not, until then.
    Out { until: Instant, pause: Duration },
    /// One request is trying it.
    Trial { since: Instant, pause: Duration },
}

/// What one may do with a server now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Ask it.
    Usual,
    /// Try it: the next one who asks decides whether it comes back.
    Trial,
    /// Leave it alone for so long.
    NotBefore(Duration),
}

impl Default for Ejection {
    fn default() -> Self {
        Self::In { failures: 0 }
    }
}

impl Ejection {
    /// What one may do with the server.
    pub(crate) fn turn(&self, now: Instant) -> Turn {
        let begins = match *self {
            Self::In { .. } => return Turn::Usual,
            Self::Out { until, .. } => until,
            Self::Trial { since, .. } => since + LONGEST_TRIAL,
        };
        match begins.saturating_duration_since(now) {
            Duration::ZERO => Turn::Trial,
            left => Turn::NotBefore(left),
        }
    }

    /// Notes that a request begins. A trial is one request only.
    pub(crate) fn begin(&mut self, now: Instant) -> Turn {
        let turn = self.turn(now);
        if let (Turn::Trial, Self::Out { pause, .. } | Self::Trial { pause, .. }) = (turn, *self) {
            *self = Self::Trial { since: now, pause };
        }
        turn
    }

    /// Notes that a request went well. Of a server that is out only the trial tells: other requests are older.
    pub(crate) fn succeeded(&mut self, turn: Turn) {
        if matches!((turn, *self), (Turn::Usual, Self::In { .. }) | (Turn::Trial, Self::Trial { .. })) {
            *self = Self::default();
        }
    }

    /// Notes that a request failed; says for how long the server is out, when that put it out.
    pub(crate) fn failed(&mut self, turn: Turn, now: Instant) -> Option<Duration> {
        let pause = match (turn, *self) {
            (Turn::Usual, Self::In { failures }) if failures + 1 < TOO_MANY => {
                *self = Self::In { failures: failures + 1 };
                return None;
            }
            (Turn::Usual, Self::In { .. }) => FIRST_PAUSE,
            (Turn::Trial, Self::Trial { pause, .. }) => (pause * 2).min(LONGEST_PAUSE),
            _ => return None,
        };
        *self = Self::Out { until: now + pause, pause };
        Some(pause)
    }

    /// Notes that a request ended and says nothing of the server: its client went away. Another one may try at once.
    pub(crate) fn abandoned(&mut self, turn: Turn, now: Instant) {
        if let (Turn::Trial, Self::Trial { pause, .. }) = (turn, *self) {
            *self = Self::Out { until: now, pause };
        }
    }

    /// Notes that the server calls itself ready: it may be tried at once.
    pub(crate) fn invite(&mut self, now: Instant) {
        if let Self::Out { pause, .. } = *self {
            *self = Self::Out { until: now, pause };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn out(now: Instant) -> Ejection {
        let mut server = Ejection::default();
        for _ in 0..TOO_MANY {
            assert_eq!(server.begin(now), Turn::Usual);
            server.failed(Turn::Usual, now);
        }
        server
    }

    #[test]
    fn only_failures_in_a_row_count() {
        let (now, mut server) = (Instant::now(), Ejection::default());
        for _ in 0..3 {
            (1..TOO_MANY).for_each(|_| assert_eq!(server.failed(Turn::Usual, now), None));
            server.succeeded(Turn::Usual);
        }
        assert_eq!(server.turn(now), Turn::Usual);
        assert_eq!(out(now).turn(now), Turn::NotBefore(FIRST_PAUSE));
    }

    #[test]
    fn one_trial_decides_and_each_failed_one_doubles_the_pause() {
        let mut now = Instant::now();
        let mut server = out(now);
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            let pause = Duration::from_secs(seconds);
            assert_eq!(server.turn(now), Turn::NotBefore(pause));
            now += pause;
            assert_eq!(server.begin(now), Turn::Trial);
            assert_eq!(server.begin(now), Turn::NotBefore(LONGEST_TRIAL), "one at a time");
            server.failed(Turn::Trial, now);
        }
        now += LONGEST_PAUSE;
        server.begin(now);
        server.succeeded(Turn::Trial);
        assert_eq!(server, Ejection::default());
    }

    #[test]
    fn what_began_before_the_server_was_out_changes_nothing() {
        let now = Instant::now();
        let mut server = out(now);
        let before = server;
        server.succeeded(Turn::Usual);
        server.failed(Turn::Usual, now);
        assert_eq!(server, before);
    }

    #[test]
    fn a_trial_that_was_given_up_leaves_room_for_another() {
        let now = Instant::now();
        let mut server = out(now);
        server.begin(now + FIRST_PAUSE);
        server.abandoned(Turn::Trial, now + FIRST_PAUSE);
        assert_eq!(server.turn(now + FIRST_PAUSE), Turn::Trial);
        let mut server = out(now);
        server.invite(now);
        assert_eq!(server.begin(now), Turn::Trial);
    }

    proptest! {
        /// Whatever happens in whatever order: at most one trial at a time, none before its time, no pause beyond the
        /// bounds, and somebody may always ask again within the longest trial.
        #[test]
        fn laws(steps in prop::collection::vec((0_u8..5, 0_u64..3_000), 1..200)) {
            let (mut now, mut server, mut under_way) = (Instant::now(), Ejection::default(), Vec::new());
            for (step, ms) in steps {
                match (step, under_way.pop()) {
                    (0 | 1, last) => {
                        under_way.extend(last);
                        if let Ejection::Out { until, pause } = server {
                            prop_assert!((FIRST_PAUSE..=LONGEST_PAUSE).contains(&pause));
                            prop_assert_eq!(server.turn(now) == Turn::Trial, now >= until);
                        }
                        match server.begin(now) {
                            Turn::NotBefore(wait) => prop_assert!(wait <= LONGEST_TRIAL),
                            turn => under_way.push((turn, now)),
                        }
                        let trials = under_way.iter().filter(|(turn, since)| *turn == Turn::Trial && now < *since + LONGEST_TRIAL);
                        prop_assert!(trials.count() <= 1);
                    }
                    (2, Some((turn, _))) => server.succeeded(turn),
                    (3, Some((turn, _))) => { server.failed(turn, now); }
                    (4, Some((turn, _))) => server.abandoned(turn, now),
                    _ => {}
                }
                now += Duration::from_millis(ms);
            }
        }
    }
}
