//! Health as the weighted mean of its parts. Pure.

use contracts::adoption::HealthWeightsView;
use diesel::prelude::*;
use kernel::{Check, CustomerId, Hundredths, Problem, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::parts::{self, Freshness, Measured};
use crate::reports::Counts;
use crate::schema::health_weights;

kernel::text_enum! {
    /// What health is made of.
    pub enum HealthPartKind {
        /// How far the assigned products have come.
        Adoption = "ADOPTION",
        /// How fast tasks are done.
        Velocity = "VELOCITY",
        /// How fresh the telemetry is.
        Freshness = "FRESHNESS",
        /// Open tickets by their severity.
        Tickets = "TICKETS",
    }
}

/// How much each part weighs. They sum to 100.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Deserialize, utoipa::ToSchema,
)]
#[diesel(table_name = health_weights, check_for_backend(diesel::pg::Pg))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SetHealthWeights, example = json!({ "adoption": 50, "velocity": 20, "freshness": 20, "tickets": 10 }))]
pub(super) struct Weights {
    /// Of how far the assigned products have come: 0 to 100.
    pub(super) adoption: i32,
    /// Of how fast tasks are done: 0 to 100.
    pub(super) velocity: i32,
    /// Of how fresh the telemetry is: 0 to 100.
    pub(super) freshness: i32,
    /// Of open tickets: 0 to 100.
    pub(super) tickets: i32,
}

impl Default for Weights {
    fn default() -> Self {
        Self { adoption: 40, velocity: 20, freshness: 20, tickets: 20 }
    }
}

impl Weights {
    /// Refuses weights that are none.
    pub(super) fn checked(self) -> Result<Self, Problem> {
        let Self { adoption, velocity, freshness, tickets } = self;
        let all = [("/adoption", adoption), ("/velocity", velocity), ("/freshness", freshness), ("/tickets", tickets)];
        let mut check = Check::new();
        for (pointer, weight) in all {
            let fits = (0..=100).contains(&weight);
            check.that(fits, pointer, "OUT_OF_RANGE", || format!("is {weight}; give 0 to 100"));
        }
        let sum: i64 = all.iter().map(|(_, weight)| i64::from(*weight)).sum();
        check.that(sum == 100, "", "SUM", || format!("weights sum to {sum}; let them sum to 100"));
        check.finish()?;
        Ok(self)
    }

    pub(super) fn view(self, tenant_id: TenantId, version: i64, updated_at: Option<Timestamp>) -> HealthWeightsView {
        let Self { adoption, velocity, freshness, tickets } = self;
        HealthWeightsView { tenant_id, version, adoption, velocity, freshness, tickets, updated_at }
    }
}

/// A part of a customer's health.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct HealthPart {
    /// What it is.
    pub(super) part: HealthPartKind,
    /// How much it weighed.
    pub(super) weight: i32,
    /// 0 to 100; null when nothing was known: then it does not count.
    pub(super) score: Option<Hundredths>,
    /// What it follows from.
    #[schema(value_type = Object)]
    pub(super) inputs: Map<String, Value>,
    /// How, in a sentence.
    pub(super) because: String,
}

/// A customer's health.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Health {
    /// The customer.
    customer_id: CustomerId,
    /// When it was computed.
    pub(super) computed_at: Timestamp,
    /// 0 to 100: the weighted mean of the parts of which something is known; null when of none.
    pub(super) score: Option<Hundredths>,
    /// The parts.
    pub(super) parts: Vec<HealthPart>,
    /// How the score follows from them.
    arithmetic: String,
}

impl Health {
    /// The health of a customer who stands here.
    pub(super) fn compute(
        customer_id: CustomerId,
        counts: &Counts,
        heard: Option<Freshness>,
        weights: Weights,
        computed_at: Timestamp,
    ) -> Self {
        use HealthPartKind::{Adoption, Freshness, Tickets, Velocity};
        let part =
            |(part, weight, Measured { score, inputs, because })| HealthPart { part, weight, score, inputs, because };
        let parts = [
            (Adoption, weights.adoption, parts::adoption(counts)),
            (Velocity, weights.velocity, parts::velocity(counts)),
            (Freshness, weights.freshness, parts::freshness(heard)),
            (Tickets, weights.tickets, parts::tickets()),
        ];
        Self::of(customer_id, parts.map(part).into(), computed_at)
    }

    /// Health with these parts, computed now or kept from another day.
    pub(super) fn of(customer_id: CustomerId, parts: Vec<HealthPart>, computed_at: Timestamp) -> Self {
        let score = weigh(&parts);
        Self { customer_id, computed_at, score, arithmetic: arithmetic(&parts, score), parts }
    }
}

/// The parts that count, with their scores.
fn counting(parts: &[HealthPart]) -> impl Iterator<Item = (i32, Hundredths)> {
    parts.iter().filter(|part| part.weight > 0).filter_map(|part| Some((part.weight, part.score?)))
}

/// The weighted mean, rounded half up; `None` when nothing counts.
fn weigh(parts: &[HealthPart]) -> Option<Hundredths> {
    let (sum, weights) = counting(parts).fold((0_i64, 0_i64), |(sum, weights), (weight, score)| {
        (sum + i64::from(weight) * i64::from(score.0), weights + i64::from(weight))
    });
    let mean = (2 * sum + weights).checked_div(2 * weights)?;
    i32::try_from(mean).ok().map(Hundredths)
}

fn arithmetic(parts: &[HealthPart], score: Option<Hundredths>) -> String {
    let Some(score) = score else { return "Nothing is known that counts.".to_owned() };
    let terms: Vec<String> = counting(parts).map(|(weight, score)| format!("{weight} × {score}")).collect();
    let weights: i32 = counting(parts).map(|(weight, _)| weight).sum();
    format!("({}) / {weights} = {score}", terms.join(" + "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part(weight: i32, score: Option<i32>) -> HealthPart {
        HealthPart {
            part: HealthPartKind::Adoption,
            weight,
            score: score.map(Hundredths),
            inputs: Map::new(),
            because: String::new(),
        }
    }

    fn of(parts: Vec<HealthPart>) -> Health {
        Health::of(CustomerId::fresh(), parts, Timestamp::from_micros(0))
    }

    #[test]
    fn what_is_not_known_is_left_out_of_the_mean() {
        let health = of(vec![part(40, Some(5_320)), part(20, Some(6_000)), part(20, None), part(20, None)]);
        assert_eq!(health.score, Some(Hundredths(5_547)));
        assert_eq!(health.arithmetic, "(40 × 53.20 + 20 × 60.00) / 60 = 55.47");
        assert_eq!(of(vec![part(0, Some(5_000)), part(100, None)]).score, None);
    }

    #[test]
    fn weights_sum_to_a_hundred_and_each_fault_is_told() {
        assert!(Weights::default().checked().is_ok());
        let faults = Weights { adoption: -1, velocity: 101, freshness: 10, tickets: 0 }.checked().unwrap_err();
        let pointers: Vec<_> = faults.errors().iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/adoption", "/velocity", ""]);
    }

    fn any_parts() -> impl Strategy<Value = Vec<(i32, Option<i32>)>> {
        proptest::collection::vec((0..=100_i32, proptest::option::of(0..=10_000_i32)), 4)
    }

    fn made(parts: &[(i32, Option<i32>)]) -> Option<Hundredths> {
        of(parts.iter().map(|(weight, score)| part(*weight, *score)).collect()).score
    }

    proptest! {
        #[test]
        fn a_score_lies_between_the_least_and_the_greatest_part_that_counts(parts in any_parts()) {
            let counting: Vec<i32> = parts.iter().filter(|(weight, _)| *weight > 0).filter_map(|(_, score)| *score).collect();
            match made(&parts) {
                None => prop_assert!(counting.is_empty()),
                Some(Hundredths(score)) => {
                    prop_assert!((0..=10_000).contains(&score));
                    prop_assert!(counting.iter().min().is_some_and(|least| *least <= score));
                    prop_assert!(counting.iter().max().is_some_and(|greatest| score <= *greatest));
                }
            }
        }

        #[test]
        fn a_part_that_gets_better_makes_nothing_worse(parts in any_parts(), which in 0..4_usize) {
            let mut better = parts.clone();
            better[which].1 = parts[which].1.map(|score| (score + 500).min(10_000));
            prop_assert!(made(&better) >= made(&parts));
        }

        #[test]
        fn what_is_kept_explains_the_same_score(parts in any_parts()) {
            let health = of(parts.iter().map(|(weight, score)| part(*weight, *score)).collect());
            let kept: Vec<HealthPart> = serde_json::from_value(serde_json::to_value(&health.parts).unwrap()).unwrap();
            prop_assert_eq!(of(kept).score, health.score);
        }
    }
}
