//! Where a task stands by its values alone, in whatever order they came. Pure.
//!
//! The rules of dap 2.2 go from status to status, so they end elsewhere when the same observations come in another order. What
//! they end in when every observation comes in the order of its moment depends on little: while an attribute that decides
//! (a required one, if there is any) has data, on the present counts; once none has, on how the task stood when the last
//! of them vanished, and on whether optional attributes have had data since. That is computed here, and a test holds it against
//! the rules.

use contracts::adoption::TaskStatus;
use kernel::Timestamp;

use super::model::Counts;
use crate::attributes::Attribute;

/// Where a task stands, or what that depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Here.
    Is(TaskStatus),
    /// All required attributes have vanished by this moment, and were met until then or not. What optional ones said after
    /// that, their latest values do not tell.
    DependsOnSigns { since: Timestamp, was_done: bool },
}

/// Whether optional attributes have had data since no required one has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signs {
    /// When the last required one vanished.
    pub(crate) at_once: bool,
    /// At every moment from then on.
    pub(crate) ever_since: bool,
}

impl Standing {
    /// The standing that follows from the attributes of one task.
    pub(crate) fn of(rows: &[&Attribute]) -> Self {
        if let Some(status) = Counts::of(rows.iter().copied()).verdict() {
            return Self::Is(status);
        }
        let active = rows.iter().copied().filter(|row| row.counts());
        let (required, optional): (Vec<&Attribute>, Vec<&Attribute>) = active.partition(|row| row.is_required);
        let deciding = if required.is_empty() { &optional } else { &required };
        let Some(since) = deciding.iter().filter_map(|row| row.vanished_at).max() else {
            return Self::Is(TaskStatus::NotStarted);
        };
        let was_met = |row: &&Attribute| row.vanished_at == Some(since) && row.was_met(since);
        if required.is_empty() {
            let was_done = optional.iter().any(was_met);
            return Self::Is(if was_done { TaskStatus::NoLongerUsing } else { TaskStatus::InProgress });
        }
        let was_done = required.iter().all(was_met);
        let is_silent = |row: &&Attribute| !row.has_data() && row.vanished_at.is_none_or(|vanished| vanished <= since);
        if optional.iter().all(is_silent) {
            return Self::Is(Signs { at_once: false, ever_since: false }.end(was_done));
        }
        Self::DependsOnSigns { since, was_done }
    }
}

impl Signs {
    /// Where a task stands that was done, or begun, when the last required attribute vanished.
    pub(crate) fn end(self, was_done: bool) -> TaskStatus {
        match self {
            Self { at_once: false, .. } if was_done => TaskStatus::NoLongerUsing,
            Self { ever_since: true, .. } => TaskStatus::InProgress,
            Self { .. } => TaskStatus::NotStarted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{Mark, event_id};
    use TaskStatus::{Done, InProgress, NoLongerUsing, NotStarted};
    use kernel::CustomerTaskId;
    use proptest::prelude::*;

    /// The rules of dap 2.2 for a task that nobody but telemetry speaks of: one step.
    fn step(status: TaskStatus, counts: Counts) -> TaskStatus {
        let Counts { required, with_data, required_with_data, met, required_met, .. } = counts;
        let proved = if required > 0 { required_met == required } else { met > 0 };
        let concerned = required == 0 || required_with_data > 0 || status == Done;
        match (status, with_data > 0) {
            (Done | NoLongerUsing, false) => NoLongerUsing,
            (_, false) if required > 0 => NotStarted,
            (_, false) => status,
            (_, true) if proved => Done,
            (_, true) if concerned => InProgress,
            (_, true) => status,
        }
    }

    /// Counts of required attributes and of optional ones: `-` no data, `+` met, `x` failing.
    fn counts(required: &str, optional: &str) -> Counts {
        let count = |marks: &str, sought: &str| {
            i32::try_from(marks.chars().filter(|mark| sought.contains(*mark)).count()).unwrap()
        };
        let all = format!("{required}{optional}");
        Counts {
            active: count(&all, "-+x"),
            required: count(required, "-+x"),
            with_data: count(&all, "+x"),
            required_with_data: count(required, "+x"),
            met: count(&all, "+"),
            required_met: count(required, "+"),
        }
    }

    #[test]
    fn the_rules_are_those_of_the_reference() {
        for (case, status, required, optional, expected) in [
            ("no values", NotStarted, "--", "-", NotStarted),
            ("a met, b no data", NotStarted, "+-", "-", InProgress),
            ("a, b met", NotStarted, "++", "-", Done),
            ("only c has data", NotStarted, "--", "+", NotStarted),
            ("done, data vanished", Done, "--", "-", NoLongerUsing),
            ("done, b failing", Done, "+x", "-", InProgress),
            ("done, only c fresh", Done, "--", "+", InProgress),
            ("used again", NoLongerUsing, "++", "-", Done),
            ("in progress, data vanished", InProgress, "--", "-", NotStarted),
            ("not using, still no data", NoLongerUsing, "--", "-", NoLongerUsing),
            ("not using, data return but fail", NoLongerUsing, "x-", "-", InProgress),
            ("not using, only optional data return", NoLongerUsing, "--", "+", NoLongerUsing),
            ("optional only: c met, d failing", NotStarted, "", "+x", Done),
            ("optional only: both failing", NotStarted, "", "xx", InProgress),
            ("optional only: done, one met, one failing", Done, "", "+x", Done),
            ("optional only: done, data vanished", Done, "", "--", NoLongerUsing),
            ("optional only: in progress, no data", InProgress, "", "--", InProgress),
        ] {
            assert_eq!(step(status, counts(required, optional)), expected, "{case}");
        }
    }

    /// What may happen to a task of up to four attributes.
    #[derive(Debug, Clone)]
    enum Observation {
        Seen { attribute: usize, at: i64, event: u8 },
        Silent { about: [bool; 4], at: i64 },
    }

    impl Observation {
        fn at(&self) -> i64 {
            match self {
                Self::Seen { at, .. } | Self::Silent { at, .. } => *at,
            }
        }
    }

    fn observation() -> impl Strategy<Value = Observation> {
        prop_oneof![
            3 => (0..4_usize, 0..8_i64, 0..3_u8)
                .prop_map(|(attribute, at, event)| Observation::Seen { attribute, at, event }),
            2 => (any::<[bool; 4]>(), 0..8_i64).prop_map(|(about, at)| Observation::Silent { about, at }),
            1 => (0..8_i64).prop_map(|at| Observation::Silent { about: [true; 4], at }),
        ]
    }

    fn moment(at: i64) -> Timestamp {
        Timestamp::from_micros(at)
    }

    /// A task whose first attributes are required.
    fn task(required: usize, all: usize) -> Vec<Attribute> {
        let (task, sample) = (CustomerTaskId::fresh(), crate::attributes::sample);
        (0..all).map(|at| Attribute { is_required: at < required, ..sample(task) }).collect()
    }

    fn observe(rows: &mut [Attribute], what: &Observation) {
        match what {
            Observation::Seen { attribute, at, event } => {
                let Some(row) = rows.get_mut(*attribute) else { return };
                let id = event_id(row.id, moment(*at), Mark::Event(&event.to_string()));
                // One of the three is met.
                row.see(moment(*at), id, &(i64::from(*event) * 5).to_string());
            }
            Observation::Silent { about, at } => {
                for (row, _) in rows.iter_mut().zip(about).filter(|(_, about)| **about) {
                    row.lose(moment(*at));
                }
            }
        }
        rows.iter_mut().for_each(|row| row.judge(row.criterion().as_ref(), moment(100)));
    }

    /// The end of the rules when everything comes in the order of its moment; what is gone at a moment goes after what is
    /// seen.
    fn replay(mut rows: Vec<Attribute>, history: &[Observation]) -> TaskStatus {
        let mut status = NotStarted;
        for at in 0..8 {
            let now: Vec<_> = history.iter().filter(|what| what.at() == at).collect();
            let (seen, silent): (Vec<_>, Vec<_>) =
                now.into_iter().partition(|what| matches!(what, Observation::Seen { .. }));
            for together in [seen, silent] {
                together.into_iter().for_each(|what| observe(&mut rows, what));
                status = step(status, Counts::of(&rows));
            }
        }
        status
    }

    /// The silences about an attribute among what came so far.
    fn silences(came: &[Observation], attribute: usize) -> impl Iterator<Item = i64> {
        came.iter().filter_map(move |what| match what {
            Observation::Silent { about, at } => about.get(attribute).copied().unwrap_or_default().then_some(*at),
            Observation::Seen { .. } => None,
        })
    }

    /// What the values of optional attributes say, as the database would.
    fn signs(rows: &[Attribute], history: &[Observation], since: Timestamp) -> Signs {
        let alive = |now: i64| {
            rows.iter().enumerate().filter(|(_, row)| !row.is_required).any(|(attribute, _)| {
                let gone = silences(history, attribute).filter(|at| *at <= now).max();
                history.iter().any(|what| match what {
                    Observation::Seen { attribute: of, at, .. } => {
                        *of == attribute && *at <= now && gone.is_none_or(|gone| *at > gone)
                    }
                    Observation::Silent { .. } => false,
                })
            })
        };
        let from = since.timestamp_micros();
        Signs { at_once: alive(from), ever_since: (from..8).all(alive) }
    }

    /// The standing after a history in the order in which it came.
    fn end_of(mut rows: Vec<Attribute>, history: &[Observation]) -> TaskStatus {
        for (at, what) in history.iter().enumerate() {
            observe(&mut rows, what);
            for (attribute, row) in rows.iter_mut().enumerate().filter(|(_, row)| row.is_adrift()) {
                row.vanish(silences(&history[..=at], attribute).map(moment));
            }
        }
        match Standing::of(&rows.iter().collect::<Vec<_>>()) {
            Standing::Is(status) => status,
            Standing::DependsOnSigns { since, was_done } => signs(&rows, history, since).end(was_done),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// However a history comes, late and repeated, the task stands where the rules end that get it in order.
        #[test]
        fn any_order_ends_where_the_rules_end_in_order(
            required in 0..3_usize,
            all in 1..5_usize,
            (history, shuffled) in proptest::collection::vec(observation(), 0..14).prop_flat_map(|history| {
                let twice = [history.clone(), history.clone()].concat();
                (Just(history), Just(twice).prop_shuffle())
            }),
        ) {
            let rows = task(required, all);
            prop_assert_eq!(end_of(rows.clone(), &shuffled), replay(rows, &history));
        }
    }
}
