//! What the numbers of solution plans say, each for itself and beside each other. Pure.

use std::collections::BTreeMap;

use chrono::{Duration, NaiveDate};
use contracts::adoption::TaskStatus;
use contracts::catalog::OwnerKind;
use diesel::QueryableByName;
use diesel::pg::Pg;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use kernel::{CustomerId, Hundredths, PlanId, ProductId, SolutionId, SolutionPlanId, Timestamp};
use serde::Serialize;

use crate::plans;
use crate::reports::verdict::{Bottleneck, BottleneckKind, Facts, Verdict};

/// How many of the best and of the last are shown.
const SHOWN: usize = 5;
/// Seconds in a hundredth of a day.
const SECONDS: i64 = 864;

/// A solution plan in numbers.
#[derive(Debug, QueryableByName)]
#[diesel(check_for_backend(Pg))]
pub(super) struct Look {
    #[diesel(sql_type = SqlUuid)]
    id: SolutionPlanId,
    #[diesel(sql_type = SqlUuid)]
    customer_id: CustomerId,
    #[diesel(sql_type = Text)]
    customer_name: String,
    #[diesel(sql_type = Text)]
    solution_name: String,
    #[diesel(sql_type = Timestamptz)]
    created_at: Timestamp,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    completed_at: Option<Timestamp>,
    #[diesel(sql_type = Integer)]
    total_tasks: i32,
    #[diesel(sql_type = Integer)]
    completed_tasks: i32,
    #[diesel(sql_type = Integer)]
    progress_percentage: Hundredths,
    #[diesel(sql_type = BigInt)]
    no_longer_using: i64,
    #[diesel(sql_type = BigInt)]
    stuck: i64,
    #[diesel(sql_type = BigInt)]
    unproved: i64,
    #[diesel(sql_type = BigInt)]
    active: i64,
    #[diesel(sql_type = BigInt)]
    met: i64,
    #[diesel(sql_type = Array<Text>)]
    lagging: Vec<String>,
}

/// A solution plan, looked into.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SolutionReport {
    /// The solution plan.
    solution_plan_id: SolutionPlanId,
    /// Whose it is.
    customer_id: CustomerId,
    /// What the customer is called.
    customer_name: String,
    /// What the solution is called.
    solution_name: String,
    /// How far the whole has come, in percent of its weight.
    overall_progress: Hundredths,
    /// Tasks that are done, in percent of those that count.
    task_completion_percentage: Hundredths,
    /// How many tasks have each status.
    #[schema(value_type = BTreeMap<String, i64>)]
    tasks_by_status: BTreeMap<&'static str, i64>,
    /// Whole days since the plan was made.
    days_in_progress: i64,
    /// The solution's own tasks, then its products in its order.
    product_progress: Vec<PartProgress>,
    #[serde(flatten)]
    verdict: Verdict,
    /// The day on which it ends at this pace.
    estimated_completion_date: NaiveDate,
    /// What to do, the most pressing first.
    recommendations: Vec<String>,
}

/// How far a part of a solution plan has come.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartProgress {
    /// Its plan.
    plan_id: PlanId,
    /// The product; null for the solution's own tasks.
    product_id: Option<ProductId>,
    /// What the product is called, or the solution.
    product_name: String,
    /// Percent of its weight.
    progress_percentage: Hundredths,
    /// Tasks that count.
    total_tasks: i32,
    /// Those that are done.
    completed_tasks: i32,
}

/// How the customers of a solution compare.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SolutionComparison {
    /// The solution.
    solution_id: SolutionId,
    /// What it is called.
    solution_name: String,
    /// Customers who have it.
    total_customers: usize,
    /// Their plans of it.
    total_plans: usize,
    /// The mean of their progress, in percent.
    average_progress: Hundredths,
    /// Days that the plans took which are completed: their mean. Null when none is.
    average_days_to_complete: Option<Hundredths>,
    /// Plans that are completed, in percent.
    success_rate: Hundredths,
    /// The five that have come furthest, of those that do not struggle.
    best: Vec<Compared>,
    /// The five that have come least far, of the half that is behind the other and not completed.
    struggling: Vec<Compared>,
    /// What holds plans up, the most common first.
    common_bottlenecks: Vec<CommonBottleneck>,
}

/// One customer's plan among others.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct Compared {
    /// The solution plan.
    solution_plan_id: SolutionPlanId,
    /// Whose it is.
    customer_id: CustomerId,
    /// What the customer is called.
    customer_name: String,
    /// How far it has come, in percent.
    progress_percentage: Hundredths,
    /// Whole days since it was made.
    days_in_progress: i64,
    /// Its health: 0 to 100.
    health_score: Hundredths,
}

/// What holds several plans up.
#[derive(Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct CommonBottleneck {
    /// What it is.
    kind: BottleneckKind,
    /// The product that is behind; null for the other kinds.
    product_name: Option<String>,
    /// How many plans it holds up.
    plans: i64,
    /// In percent of all plans.
    share: Hundredths,
    /// How many tasks it is about, in all of them.
    tasks: i64,
}

impl Look {
    fn days(&self, now: Timestamp) -> i64 {
        (now - self.created_at).num_days().max(0)
    }

    /// From its making until all of it was done; `None` while something is open.
    fn seconds_to_complete(&self) -> Option<i64> {
        Some((self.completed_at? - self.created_at).num_seconds().max(0))
    }

    fn judge(&self, now: Timestamp) -> Verdict {
        let facts = Facts {
            days: self.days(now),
            total: self.total_tasks.into(),
            completed: self.completed_tasks.into(),
            progress: self.progress_percentage,
            no_longer_using: self.no_longer_using,
            stuck: self.stuck,
            unproved: self.unproved,
            active: self.active,
            met: self.met,
            lagging: self.lagging.clone(),
        };
        facts.judge()
    }
}

impl From<plans::Plan> for PartProgress {
    fn from(plan: plans::Plan) -> Self {
        Self {
            plan_id: plan.id,
            product_id: (plan.owner_kind == OwnerKind::Product).then_some(ProductId(plan.owner_id)),
            product_name: plan.owner_name,
            progress_percentage: plan.progress.progress_percentage,
            total_tasks: plan.progress.total_tasks,
            completed_tasks: plan.progress.completed_tasks,
        }
    }
}

impl SolutionReport {
    pub(super) fn of(look: Look, parts: Vec<PartProgress>, statuses: Vec<(TaskStatus, i64)>, now: Timestamp) -> Self {
        let (verdict, days) = (look.judge(now), look.days(now));
        let mut tasks_by_status: BTreeMap<_, _> = TaskStatus::ALL.iter().map(|status| (status.as_str(), 0)).collect();
        tasks_by_status.extend(statuses.into_iter().map(|(status, count)| (status.as_str(), count)));
        Self {
            solution_plan_id: look.id,
            customer_id: look.customer_id,
            customer_name: look.customer_name,
            solution_name: look.solution_name,
            overall_progress: look.progress_percentage,
            task_completion_percentage: Hundredths::part(look.completed_tasks.into(), look.total_tasks.into())
                .unwrap_or_default(),
            tasks_by_status,
            days_in_progress: days,
            product_progress: parts,
            estimated_completion_date: (now + Duration::days(verdict.estimated_days_remaining)).date_naive(),
            recommendations: verdict.bottlenecks.iter().map(Bottleneck::advice).collect(),
            verdict,
        }
    }
}

impl SolutionComparison {
    /// The comparison of plans that are sorted by how far they have come; `None` when there are none.
    pub(super) fn of(solution_id: SolutionId, looks: &[Look], now: Timestamp) -> Option<Self> {
        let judged: Vec<(&Look, Verdict)> = looks.iter().map(|look| (look, look.judge(now))).collect();
        let compared = |(look, verdict): &(&Look, Verdict)| Compared {
            solution_plan_id: look.id,
            customer_id: look.customer_id,
            customer_name: look.customer_name.clone(),
            progress_percentage: look.progress_percentage,
            days_in_progress: look.days(now),
            health_score: verdict.health_score,
        };
        let behind = judged.iter().skip(looks.len().div_ceil(2)).rev();
        let struggling: Vec<_> = behind.filter(|(look, _)| look.completed_at.is_none()).take(SHOWN).collect();
        let best = judged.iter().filter(|(look, _)| struggling.iter().all(|(other, _)| other.id != look.id));
        let plans = i64::try_from(looks.len()).ok()?;
        let mut customers: Vec<_> = looks.iter().map(|look| look.customer_id).collect();
        customers.sort();
        customers.dedup();
        let took: Vec<i64> = looks.iter().filter_map(Look::seconds_to_complete).collect();
        let completed = i64::try_from(took.len()).ok()?;
        let progress: i64 = looks.iter().map(|look| i64::from(look.progress_percentage.0)).sum();
        Some(Self {
            solution_id,
            solution_name: looks.first()?.solution_name.clone(),
            total_customers: customers.len(),
            total_plans: looks.len(),
            average_progress: Hundredths::mean(progress, plans).unwrap_or_default(),
            average_days_to_complete: Hundredths::mean(took.iter().sum(), completed * SECONDS),
            success_rate: Hundredths::part(completed, plans).unwrap_or_default(),
            best: best.take(SHOWN).map(compared).collect(),
            struggling: struggling.into_iter().map(compared).collect(),
            common_bottlenecks: common(judged.iter().flat_map(|(_, verdict)| &verdict.bottlenecks), plans),
        })
    }
}

/// What holds plans up, the most common first.
fn common<'a>(found: impl Iterator<Item = &'a Bottleneck>, of: i64) -> Vec<CommonBottleneck> {
    let mut counted: BTreeMap<(BottleneckKind, Option<&str>), (i64, i64)> = BTreeMap::new();
    for bottleneck in found {
        let (plans, tasks) = counted.entry((bottleneck.kind, bottleneck.product_name.as_deref())).or_default();
        *plans += 1;
        *tasks += bottleneck.tasks;
    }
    let of_kind = |((kind, name), (plans, tasks)): ((BottleneckKind, Option<&str>), (i64, i64))| CommonBottleneck {
        kind,
        product_name: name.map(str::to_owned),
        plans,
        share: Hundredths::part(plans, of).unwrap_or_default(),
        tasks,
    };
    let mut all: Vec<_> = counted.into_iter().map(of_kind).collect();
    all.sort_by_key(|common| std::cmp::Reverse(common.plans));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::verdict::Severity;

    /// A solution plan that has come this far.
    fn look(percent: i32) -> Look {
        let now = Timestamp::from_micros(0);
        Look {
            id: SolutionPlanId::fresh(),
            customer_id: CustomerId::fresh(),
            customer_name: "Northwind".to_owned(),
            solution_name: "Whole harbour".to_owned(),
            created_at: now,
            completed_at: (percent == 100).then_some(now),
            total_tasks: 100,
            completed_tasks: percent,
            progress_percentage: Hundredths(percent * 100),
            no_longer_using: 0,
            stuck: 0,
            unproved: 0,
            active: 0,
            met: 0,
            lagging: Vec::new(),
        }
    }

    #[test]
    fn nobody_struggles_who_is_done_or_among_the_best() {
        let vectors: [(&[i32], &[i32], &[i32]); 6] = [
            (&[0], &[0], &[]),
            (&[100, 100], &[100, 100], &[]),
            (&[100, 40], &[100], &[40]),
            (&[100, 100, 100, 20], &[100, 100, 100], &[20]),
            (&[90, 80, 70, 60, 50], &[90, 80, 70], &[50, 60]),
            (&[99, 90, 80, 70, 60, 50, 40, 30, 20, 10, 5, 0], &[99, 90, 80, 70, 60], &[0, 5, 10, 20, 30]),
        ];
        for (all, best, struggling) in vectors {
            let looks: Vec<_> = all.iter().copied().map(look).collect();
            let comparison = SolutionComparison::of(SolutionId::fresh(), &looks, Timestamp::from_micros(0)).unwrap();
            let shown = |of: &[Compared]| of.iter().map(|one| one.progress_percentage.0 / 100).collect::<Vec<_>>();
            assert_eq!((shown(&comparison.best), shown(&comparison.struggling)), (best.to_vec(), struggling.to_vec()));
        }
    }

    #[test]
    fn what_holds_plans_up_is_counted_by_kind_and_product() {
        let found = |kind, name: Option<&str>, tasks| Bottleneck {
            kind,
            severity: Severity::Medium,
            product_name: name.map(str::to_owned),
            tasks,
            impact_days: 0,
        };
        use BottleneckKind::{LaggingProduct, Stuck};
        let all = [
            found(LaggingProduct, Some("Gate"), 0),
            found(Stuck, None, 2),
            found(LaggingProduct, Some("Crane"), 0),
            found(Stuck, None, 3),
        ];
        let common = common(all.iter(), 4);
        assert_eq!((common.len(), common[0].kind, common[0].plans, common[0].tasks), (3, Stuck, 2, 5));
        assert_eq!((common[0].share, common[1].share), (Hundredths(5_000), Hundredths(2_500)));
    }
}
