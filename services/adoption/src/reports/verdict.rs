//! What the numbers of a solution plan say of it. Pure.

use kernel::Hundredths;
use serde::Serialize;

/// Days that a task takes, where nothing else is known.
const DAYS_PER_TASK: i64 = 7;
/// Days that a task costs which its customer no longer uses.
const BLOCKED_DAYS: i64 = 2;
/// Days that a task costs which is stuck.
const STUCK_DAYS: i64 = 3;
/// A plan that runs for longer is at some risk, in days.
const LONG: i64 = 180;

kernel::text_enum! {
    /// What holds a plan up.
    pub enum BottleneckKind {
        /// Tasks whose proof has vanished: the customer no longer uses what was done.
        Blocked = "BLOCKED",
        /// Tasks in progress for more than twice the time they should take.
        Stuck = "STUCK",
        /// A product that is far behind the whole.
        LaggingProduct = "LAGGING_PRODUCT",
        /// Tasks in progress of which telemetry does not show what it should.
        Telemetry = "TELEMETRY",
    }
}

kernel::text_enum! {
    /// How much something weighs.
    pub enum Severity {
        /// A little.
        Low = "LOW",
        /// Something.
        Medium = "MEDIUM",
        /// Much.
        High = "HIGH",
        /// Most.
        Critical = "CRITICAL",
    }
}

/// What holds a plan up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bottleneck {
    /// What it is.
    pub(super) kind: BottleneckKind,
    /// How much it weighs.
    pub(super) severity: Severity,
    /// The product that is behind; null for the other kinds.
    pub(super) product_name: Option<String>,
    /// How many tasks it is about; 0 for a product.
    pub(super) tasks: i64,
    /// The days that it costs.
    pub(super) impact_days: i64,
}

/// What is known of a solution plan.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// Whole days since it was made.
    pub(super) days: i64,
    pub(super) total: i64,
    pub(super) completed: i64,
    pub(super) progress: Hundredths,
    pub(super) no_longer_using: i64,
    pub(super) stuck: i64,
    /// In progress, with attributes that are not met.
    pub(super) unproved: i64,
    /// Active attributes that telemetry has told of, and those that are met.
    pub(super) active: i64,
    pub(super) met: i64,
    /// Products that have more than three tasks and come less than half as far as the whole.
    pub(super) lagging: Vec<String>,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Verdict {
    /// 0 to 100: 100, less 20, 15, 10 or 5 for each bottleneck by its severity, less 5 for each task that is no longer used,
    /// and a fifth of the progress.
    pub(super) health_score: Hundredths,
    /// Attributes that are met, in percent of those that count and have reported; null when none has.
    pub(super) telemetry_health_score: Option<Hundredths>,
    /// How likely it is to fail.
    pub(super) risk_level: Severity,
    /// Whether, at this pace, it takes no longer than a fifth more than seven days for each task.
    pub(super) on_track: bool,
    /// Days until the end at this pace.
    pub(super) estimated_days_remaining: i64,
    /// What holds it up, the worst first.
    pub(super) bottlenecks: Vec<Bottleneck>,
}

impl Facts {
    /// What follows from them.
    pub(super) fn judge(&self) -> Verdict {
        let bottlenecks = self.bottlenecks();
        let health_score = self.health(&bottlenecks);
        let remaining = self.days_remaining();
        Verdict {
            health_score,
            telemetry_health_score: Hundredths::part(self.met, self.active),
            risk_level: self.risk(&bottlenecks, health_score),
            on_track: 10 * (self.days + remaining) <= 12 * DAYS_PER_TASK * self.total,
            estimated_days_remaining: remaining,
            bottlenecks,
        }
    }

    fn bottlenecks(&self) -> Vec<Bottleneck> {
        let of =
            |kind, severity, tasks, impact_days| Bottleneck { kind, severity, product_name: None, tasks, impact_days };
        let mut found = Vec::new();
        if self.no_longer_using > 0 {
            let severity = if self.no_longer_using > 3 { Severity::Critical } else { Severity::High };
            let cost = BLOCKED_DAYS * self.no_longer_using;
            found.push(of(BottleneckKind::Blocked, severity, self.no_longer_using, cost));
        }
        if self.stuck > 0 {
            let severity = if self.stuck > 5 { Severity::High } else { Severity::Medium };
            found.push(of(BottleneckKind::Stuck, severity, self.stuck, STUCK_DAYS * self.stuck));
        }
        found.extend(self.lagging.iter().map(|name| Bottleneck {
            product_name: Some(name.clone()),
            ..of(BottleneckKind::LaggingProduct, Severity::Medium, 0, 0)
        }));
        if self.unproved > 2 {
            found.push(of(BottleneckKind::Telemetry, Severity::Low, self.unproved, 0));
        }
        found.sort_by_key(|bottleneck| std::cmp::Reverse(bottleneck.severity));
        found
    }

    fn health(&self, bottlenecks: &[Bottleneck]) -> Hundredths {
        let points: i64 = bottlenecks.iter().map(|bottleneck| bottleneck.severity.points()).sum();
        let health = 10_000 - 100 * points - 500 * self.no_longer_using + i64::from(self.progress.0) / 5;
        Hundredths(i32::try_from(health.clamp(0, 10_000)).unwrap_or_default())
    }

    fn risk(&self, bottlenecks: &[Bottleneck], health: Hundredths) -> Severity {
        let worst = bottlenecks.first().map(|bottleneck| bottleneck.severity);
        let by_health = match health.0 {
            ..3_000 => Severity::Critical,
            3_000..5_000 => Severity::High,
            5_000..7_000 => Severity::Medium,
            _ if self.days > LONG && self.completed < self.total => Severity::Medium,
            _ => Severity::Low,
        };
        // What weighs less is in the health already.
        worst.filter(|worst| *worst >= Severity::High).map_or(by_health, |worst| worst.max(by_health))
    }

    /// At the pace so far, which is one task in ten days at least. Rounded up.
    fn days_remaining(&self) -> i64 {
        let open = self.total - self.completed;
        let days = self.days.max(1);
        if 10 * self.completed >= days { (open * days + self.completed - 1) / self.completed } else { 10 * open }
    }
}

impl Severity {
    /// What a bottleneck takes from the health.
    const fn points(self) -> i64 {
        match self {
            Self::Critical => 20,
            Self::High => 15,
            Self::Medium => 10,
            Self::Low => 5,
        }
    }
}

impl Bottleneck {
    /// What to do about it.
    pub(super) fn advice(&self) -> String {
        let tasks = self.tasks;
        match (self.kind, &self.product_name) {
            (BottleneckKind::Blocked, _) => {
                format!("Ask why {tasks} task(s) that were done are no longer used.")
            }
            (BottleneckKind::Stuck, _) => {
                format!(
                    "Look after {tasks} task(s) that are in progress for more than twice the time they should take."
                )
            }
            (BottleneckKind::LaggingProduct, name) => {
                format!("Put {} first: it is far behind the other products.", name.as_deref().unwrap_or("the product"))
            }
            (BottleneckKind::Telemetry, _) => {
                format!("Check what telemetry reports of {tasks} task(s) in progress: attributes are not met.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn facts() -> Facts {
        Facts {
            days: 100,
            total: 40,
            completed: 20,
            progress: Hundredths(5_000),
            active: 8,
            met: 6,
            ..Facts::default()
        }
    }

    #[test]
    fn the_formulas_of_the_reference_hold() {
        // 100 - 0 + 0.2 * 50 is more than 100.
        let calm = facts().judge();
        assert_eq!((calm.health_score, calm.risk_level), (Hundredths::HUNDRED, Severity::Low));
        // 20 in 100 days: 100 more for the other 20; 200 <= 1.2 * 7 * 40.
        assert_eq!((calm.estimated_days_remaining, calm.on_track), (100, true));
        assert_eq!(calm.telemetry_health_score, Some(Hundredths(7_500)));
        // 100 - 20 - 15 - 10 - 5 - 5 * 4 + 10 = 40.
        let busy =
            Facts { no_longer_using: 4, stuck: 6, unproved: 3, lagging: vec!["Crane".to_owned()], ..facts() }.judge();
        let severities: Vec<_> = busy.bottlenecks.iter().map(|found| found.severity.as_str()).collect();
        assert_eq!(severities, ["CRITICAL", "HIGH", "MEDIUM", "LOW"]);
        assert_eq!((busy.health_score, busy.risk_level), (Hundredths(4_000), Severity::Critical));
        assert_eq!(busy.bottlenecks.iter().map(|found| found.impact_days).sum::<i64>(), 4 * 2 + 6 * 3);
        // Three are high, five are medium.
        let less = Facts { no_longer_using: 3, stuck: 5, unproved: 2, ..facts() }.judge();
        assert_eq!(
            less.bottlenecks.iter().map(|found| found.severity).collect::<Vec<_>>(),
            [Severity::High, Severity::Medium]
        );
    }

    #[test]
    fn a_plan_that_does_not_move_is_taken_to_move_a_little() {
        let still = Facts { days: 300, total: 40, ..Facts::default() }.judge();
        assert_eq!((still.estimated_days_remaining, still.on_track, still.risk_level), (400, false, Severity::Medium));
        let empty = Facts::default().judge();
        assert_eq!((empty.estimated_days_remaining, empty.telemetry_health_score), (0, None));
    }

    fn any_facts() -> impl Strategy<Value = Facts> {
        (0..800_i64, 0..60_i64, 0..60_i64, 0..=10_000_i32, 0..9_i64, 0..9_i64, 0..9_i64).prop_map(
            |(days, completed, open, progress, no_longer_using, stuck, unproved)| Facts {
                days,
                total: completed + open,
                completed,
                progress: Hundredths(progress),
                no_longer_using,
                stuck,
                unproved,
                ..Facts::default()
            },
        )
    }

    proptest! {
        #[test]
        fn health_stays_within_its_bounds_and_falls_with_what_holds_a_plan_up(facts in any_facts()) {
            let health = |facts: &Facts| facts.judge().health_score.0;
            prop_assert!((0..=10_000).contains(&health(&facts)));
            let worse = Facts { no_longer_using: facts.no_longer_using + 1, stuck: facts.stuck + 1, ..facts.clone() };
            prop_assert!(health(&worse) <= health(&facts));
            prop_assert!(worse.judge().risk_level >= facts.judge().risk_level);
        }

        #[test]
        fn what_is_done_needs_no_more_days_and_what_is_open_does(facts in any_facts()) {
            let remaining = facts.judge().estimated_days_remaining;
            prop_assert_eq!(remaining == 0, facts.completed == facts.total);
        }
    }
}
