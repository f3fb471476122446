//! Goals, measurements, and how far a plan has come with an outcome. Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use contracts::adoption::{GoalDirection, OutcomeGoalView, OutcomeMeasurementView, TaskStatus};
use diesel::prelude::*;
use kernel::{
    Check, Hundredths, OutcomeGoalId, OutcomeId, OutcomeMeasurementId, PlanId, Problem, ProblemKind, TenantId,
    Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

use crate::plans::{Plan, Progress};
use crate::schema::{outcome_goals, outcome_measurements};

/// What is measured is measured against a goal.
static GOAL_MISSING: ProblemKind =
    ProblemKind::new("OUTCOME_GOAL_MISSING", 409, "The outcome has no goal in this plan");

/// The largest number, either way: what lies beyond has no places left.
const LARGEST: f64 = 1e15;
/// How far ahead of ours the clock may be that a measurement's moment comes from.
const AHEAD: Duration = Duration::minutes(5);

/// How long ago something may have been measured: ten years.
const BACK: Duration = Duration::days(3_653);

/// What to say when an outcome is measured that has no goal.
pub(super) fn goal_missing() -> Problem {
    GOAL_MISSING.detail("Set its baseline and its target first: PUT /adoption/v1/plans/{planId}/outcomes/{outcomeId}.")
}

/// A row of `outcome_goals`.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = outcome_goals, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(super) struct Goal {
    pub(super) tenant_id: TenantId,
    pub(super) id: OutcomeGoalId,
    pub(super) version: i64,
    pub(super) plan_id: PlanId,
    pub(super) outcome_id: OutcomeId,
    pub(super) baseline: f64,
    pub(super) target: f64,
    pub(super) unit: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// When it was taken back, if it was: then only what was measured is left of it.
    pub(super) removed_at: Option<Timestamp>,
}

/// A row of `outcome_measurements`.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = outcome_measurements, check_for_backend(diesel::pg::Pg))]
pub(super) struct Measurement {
    pub(super) tenant_id: TenantId,
    pub(super) id: OutcomeMeasurementId,
    pub(super) goal_id: OutcomeGoalId,
    pub(super) measured_at: Timestamp,
    pub(super) value: f64,
    pub(super) note: Option<String>,
    pub(super) measured_by: Option<UserId>,
    pub(super) created_at: Timestamp,
    pub(super) retracted_at: Option<Timestamp>,
    pub(super) retracted_by: Option<UserId>,
}

/// A goal for an outcome.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "baseline": 40, "target": 12.5, "unit": "tickets a week" }))]
pub(super) struct SetGoal {
    /// Where the customer stood.
    baseline: f64,
    /// Where they want to be; another number than the baseline. Below it, less is better.
    target: f64,
    /// What is counted: up to 40 characters.
    unit: Option<String>,
}

/// A measured value.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "value": 31, "note": "Report of October" }))]
pub(super) struct RecordMeasurement {
    /// In the goal's unit.
    value: f64,
    /// When it was measured (default: now): within the last ten years.
    measured_at: Option<Timestamp>,
    /// How, or by what: up to 2,000 characters.
    note: Option<String>,
}

/// Where the list of measurements begins.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MeasurementQuery {
    /// Rows per page, 1 to 200 (default 50).
    pub(super) limit: Option<u16>,
    /// `nextCursor` of the page before.
    pub(super) cursor: Option<String>,
    /// Also return the exact `total`.
    pub(super) count: Option<bool>,
}

/// An outcome of a plan.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlanOutcome {
    /// The catalog's outcome.
    outcome_id: OutcomeId,
    /// Its baseline and its target in this plan; null when nobody has set them.
    goal: Option<OutcomeGoalView>,
    /// What was measured last.
    measured: Option<OutcomeMeasurementView>,
    /// How far from the baseline to the target that is, in percent, 0 to 100; null while nothing is measured.
    progress_percentage: Option<Hundredths>,
    /// Whether the target is reached.
    is_reached: bool,
    /// The plan's tasks that serve it; a task without outcomes serves all of them.
    tasks: ServingTasks,
}

/// The sums of the tasks that serve an outcome.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServingTasks {
    /// Tasks that count: all but NOT_APPLICABLE.
    total_tasks: i32,
    /// Tasks that are DONE.
    completed_tasks: i32,
    /// Weight of the tasks that are DONE, in percent of those that count.
    progress_percentage: Hundredths,
}

/// The outcomes that a task serves, its status and its weight.
pub(super) type Served = (Vec<OutcomeId>, TaskStatus, Hundredths);

impl PlanOutcome {
    /// The outcomes of a plan: those that are chosen, those that a task serves and those with a goal.
    pub(super) fn all(
        chosen: &[OutcomeId],
        goals: Vec<Goal>,
        latest: Vec<Measurement>,
        tasks: &[Served],
    ) -> impl Iterator<Item = Self> {
        let served = tasks.iter().flat_map(|(outcomes, ..)| outcomes);
        let ids: BTreeSet<_> = chosen.iter().chain(served).copied().collect();
        let mut goals: BTreeMap<_, _> = goals.into_iter().map(|goal| (goal.outcome_id, goal)).collect();
        let mut latest: BTreeMap<_, _> = latest.into_iter().map(|last| (last.goal_id, last)).collect();
        let ids: BTreeSet<_> = ids.into_iter().chain(goals.keys().copied()).collect();
        ids.into_iter().map(move |outcome_id| {
            let goal = goals.remove(&outcome_id);
            let measured = goal.as_ref().and_then(|goal| latest.remove(&goal.id));
            Self::of(outcome_id, goal, measured, tasks)
        })
    }

    fn of(outcome_id: OutcomeId, goal: Option<Goal>, measured: Option<Measurement>, tasks: &[Served]) -> Self {
        let way = goal.as_ref().zip(measured.as_ref()).map(|(goal, last)| goal.way(last.value));
        let measured = goal.as_ref().zip(measured).map(|(goal, last)| last.view(goal));
        Self {
            outcome_id,
            measured,
            progress_percentage: way.map(percent),
            is_reached: way.is_some_and(|way| way >= 1.0),
            goal: goal.map(OutcomeGoalView::from),
            tasks: ServingTasks::of(outcome_id, tasks),
        }
    }
}

impl ServingTasks {
    fn of(outcome: OutcomeId, tasks: &[Served]) -> Self {
        let serving = tasks.iter().filter(|(outcomes, ..)| outcomes.is_empty() || outcomes.contains(&outcome));
        let sums = Progress::of(serving.map(|(_, status, weight)| (*status, *weight)));
        let Progress { total_tasks, completed_tasks, progress_percentage, .. } = sums;
        Self { total_tasks, completed_tasks, progress_percentage }
    }
}

impl Goal {
    /// What a command makes of a goal, be it taken back, or of none; `None`: it says that already.
    pub(super) fn set(
        before: Option<&Self>,
        (plan, outcome_id): (&Plan, OutcomeId),
        command: SetGoal,
        now: Timestamp,
    ) -> Option<Self> {
        let SetGoal { baseline, target, unit } = command;
        let Some(before) = before else {
            let (tenant_id, plan_id, id) = (plan.tenant_id, plan.id, OutcomeGoalId::fresh());
            let (version, created_at, updated_at) = (1, now, now);
            return Some(Self {
                tenant_id,
                id,
                version,
                plan_id,
                outcome_id,
                baseline,
                target,
                unit,
                created_at,
                updated_at,
                removed_at: None,
            });
        };
        let after = Self { baseline, target, unit, removed_at: None, ..before.clone() };
        (after != *before).then(|| Self { version: before.version + 1, updated_at: now, ..after })
    }

    /// The goal after it was taken back.
    pub(super) fn removed(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, removed_at: Some(now), ..self }
    }

    /// Whether it is one still.
    pub(super) fn is_set(&self) -> bool {
        self.removed_at.is_none()
    }

    /// Which part of the way from the baseline to the target a value is: below 0 it is behind the baseline, above 1 beyond the
    /// target.
    fn way(&self, value: f64) -> f64 {
        (value - self.baseline) / (self.target - self.baseline)
    }
}

/// A part of the way in percent, 0 to 100, rounded to two places.
fn percent(way: f64) -> Hundredths {
    let percent = (way.clamp(0.0, 1.0) * 10_000.0).round() / 100.0;
    Hundredths::from_f64(percent).unwrap_or_default()
}

impl SetGoal {
    /// The goal, if it says which way is better.
    pub(super) fn checked(self) -> Result<Self, Problem> {
        let unit = self.unit.map(|unit| unit.trim().to_owned()).filter(|unit| !unit.is_empty());
        let mut check = Check::new();
        check_number(&mut check, "/baseline", self.baseline);
        check_number(&mut check, "/target", self.target);
        let differ = (self.baseline - self.target).abs() > 0.0;
        check.that(differ, "/target", "SAME_AS_BASELINE", || "is the baseline; give another number".to_owned());
        check.optional_line("/unit", unit.as_deref(), 40);
        check.finish()?;
        Ok(Self { unit, ..self })
    }
}

impl RecordMeasurement {
    /// The measurement of a goal that this records, if it can have been made.
    pub(super) fn of(self, goal: &Goal, by: Option<UserId>, now: Timestamp) -> Result<Measurement, Problem> {
        let Self { value, measured_at, note } = self;
        let measured_at = measured_at.unwrap_or(now);
        let note = note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
        let mut check = Check::new();
        check_number(&mut check, "/value", value);
        check.that(measured_at <= now + AHEAD, "/measuredAt", "IN_FUTURE", || {
            "is ahead of our clock; say when it was measured".to_owned()
        });
        check.that(measured_at >= now - BACK, "/measuredAt", "TOO_OLD", || {
            "is more than ten years ago; check the year".to_owned()
        });
        check.optional_text("/note", note.as_deref(), 2_000);
        check.finish()?;
        Ok(Measurement {
            tenant_id: goal.tenant_id,
            id: OutcomeMeasurementId::fresh(),
            goal_id: goal.id,
            measured_at,
            value,
            note,
            measured_by: by,
            created_at: now,
            retracted_at: None,
            retracted_by: None,
        })
    }
}

fn check_number(check: &mut Check, pointer: &str, number: f64) {
    check
        .that(number.abs() <= LARGEST, pointer, "OUT_OF_RANGE", || format!("is beyond {LARGEST:e}; use a larger unit"));
}

impl Measurement {
    /// The measurement after it was taken back.
    pub(super) fn retracted(self, by: Option<UserId>, now: Timestamp) -> Self {
        Self { retracted_at: Some(now), retracted_by: by, ..self }
    }

    /// The measurement as people see it.
    pub(super) fn view(self, goal: &Goal) -> OutcomeMeasurementView {
        let Self { tenant_id: _, id, goal_id: _, measured_at, value, note, measured_by: by, .. } = self;
        let Self { created_at, retracted_at, retracted_by, .. } = self;
        let (plan_id, outcome_id) = (goal.plan_id, goal.outcome_id);
        OutcomeMeasurementView {
            id,
            plan_id,
            outcome_id,
            measured_at,
            value,
            note,
            by,
            created_at,
            retracted_at,
            retracted_by,
        }
    }
}

impl From<Goal> for OutcomeGoalView {
    fn from(goal: Goal) -> Self {
        let Goal { id, version, plan_id, outcome_id, baseline, target, unit, created_at, updated_at, .. } = goal;
        let direction = if target > baseline { GoalDirection::Up } else { GoalDirection::Down };
        Self { id, version, plan_id, outcome_id, baseline, target, unit, direction, created_at, updated_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn goal(baseline: f64, target: f64) -> Goal {
        let now = Timestamp::from_micros(0);
        Goal {
            tenant_id: TenantId::fresh(),
            id: OutcomeGoalId::fresh(),
            version: 1,
            plan_id: PlanId::fresh(),
            outcome_id: OutcomeId::fresh(),
            baseline,
            target,
            unit: None,
            created_at: now,
            updated_at: now,
            removed_at: None,
        }
    }

    #[test]
    fn the_way_from_the_baseline_to_the_target_is_measured_in_percent() {
        // Baseline, target, measured, percent.
        let vectors = [
            (0.0, 10.0, 5.0, "50.00"),
            (40.0, 10.0, 30.0, "33.33"),
            (40.0, 10.0, 20.0, "66.67"),
            (40.0, 10.0, 55.0, "0.00"),
            (40.0, 10.0, 2.0, "100.00"),
            (-5.0, 5.0, -5.0, "0.00"),
            (-1e15, 1e15, 0.0, "50.00"),
        ];
        for (baseline, target, measured, expected) in vectors {
            let way = goal(baseline, target).way(measured);
            assert_eq!(percent(way).to_string(), expected, "{baseline} {target} {measured}");
        }
    }

    #[test]
    fn every_fault_of_a_goal_and_of_a_measurement_is_named() {
        let faults =
            |problem: Problem| -> Vec<String> { problem.errors().iter().map(|error| error.pointer.clone()).collect() };
        let same = SetGoal { baseline: 1.0, target: 1.0, unit: Some("x".repeat(41)) };
        assert_eq!(faults(same.checked().unwrap_err()), ["/target", "/unit"]);
        let large = SetGoal { baseline: -1e16, target: 1e16, unit: Some("  ".to_owned()) };
        assert_eq!(faults(large.checked().unwrap_err()), ["/baseline", "/target"]);
        let later = Timestamp::from_micros(301_000_000);
        let ahead = RecordMeasurement { value: 1e16, measured_at: Some(later), note: Some("x".repeat(2_001)) };
        let refused = ahead.of(&goal(0.0, 1.0), None, Timestamp::from_micros(0)).unwrap_err();
        assert_eq!(faults(refused), ["/value", "/measuredAt", "/note"]);
        let ancient = "0001-01-01T00:00:00Z".parse().unwrap();
        let ancient = RecordMeasurement { value: 1.0, measured_at: Some(ancient), note: None };
        assert_eq!(faults(ancient.of(&goal(0.0, 1.0), None, later).unwrap_err()), ["/measuredAt"]);
    }

    proptest! {
        /// Whichever way is better: a value nearer to the target is never less progress, and the ends are 0 and 100.
        #[test]
        fn nearer_is_further(baseline in -1e6..1e6_f64, span in 0.01..1e6_f64, up: bool, a in -0.5..1.5_f64, b in -0.5..1.5_f64) {
            let goal = goal(baseline, if up { baseline + span } else { baseline - span });
            let at = |part: f64| percent(goal.way(goal.baseline + part * (goal.target - goal.baseline)));
            prop_assert!(at(a.min(b)) <= at(a.max(b)));
            prop_assert_eq!((percent(goal.way(goal.baseline)), percent(goal.way(goal.target))), (Hundredths::ZERO, Hundredths::HUNDRED));
            prop_assert!((Hundredths::ZERO..=Hundredths::HUNDRED).contains(&at(a)));
        }
    }
}
