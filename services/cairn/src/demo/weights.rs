//! What the tasks of one owner may weigh: 100 together, and how a file that says more is brought there. Pure.

use std::fmt;

use kernel::Hundredths;

use super::catalogue::{Catalogue, Owner};
use super::{Error, Result};

/// An owner whose tasks weigh more than 100.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overweight {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// How many tasks it has.
    pub tasks: usize,
    /// What they weigh together.
    pub weight: Hundredths,
}

impl fmt::Display for Overweight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, name, tasks, weight } = self;
        write!(
            f,
            "{name} ({key}): {tasks} tasks weigh {weight}, {} too much",
            Hundredths(weight.0 - Hundredths::HUNDRED.0)
        )
    }
}

impl Catalogue {
    /// Sees to it that no owner weighs more than 100: refuses those that do, or scales them to 100 exactly and says which.
    ///
    /// # Errors
    /// Every owner that weighs too much, unless it may be scaled.
    pub fn weigh(&mut self, scale: bool) -> Result<Vec<Overweight>> {
        let over = overweight(self);
        if !scale && !over.is_empty() {
            return Err(Error::Overweight(over));
        }
        scale_down(self);
        Ok(over)
    }
}

/// The owners that no catalogue would take.
fn overweight(catalogue: &Catalogue) -> Vec<Overweight> {
    let over = |owner: &&Owner| owner.weight() > Hundredths::HUNDRED;
    let told = |owner: &Owner| Overweight {
        key: owner.key.clone(),
        name: owner.name.clone(),
        tasks: owner.tasks.len(),
        weight: owner.weight(),
    };
    catalogue.owners().filter(over).map(told).collect()
}

/// Scales the tasks of every owner that weighs more than 100 to 100 exactly; the others stay as they are.
fn scale_down(catalogue: &mut Catalogue) {
    let Catalogue { products, solutions, customers: _ } = catalogue;
    for owner in products.iter_mut().chain(solutions).filter(|owner| owner.weight() > Hundredths::HUNDRED) {
        let weights: Vec<Hundredths> = owner.tasks.iter().map(|task| task.weight).collect();
        for (task, weight) in owner.tasks.iter_mut().zip(scaled(&weights)) {
            task.weight = weight;
        }
    }
}

/// Shares 100.00 out in the proportion of the weights, in hundredths: everybody gets the whole hundredths of their share,
/// and what is left goes, one each, to the largest remainders (of equal ones, to the first).
fn scaled(weights: &[Hundredths]) -> Vec<Hundredths> {
    let whole: i64 = weights.iter().map(|weight| i64::from(weight.0)).sum();
    let hundred = i64::from(Hundredths::HUNDRED.0);
    let share = |weight: &Hundredths| i64::from(weight.0) * hundred;
    let mut shares: Vec<i64> = weights.iter().map(|weight| share(weight).checked_div(whole).unwrap_or(0)).collect();
    let left = usize::try_from(hundred - shares.iter().sum::<i64>()).unwrap_or(0);
    let mut by_remainder: Vec<_> = weights.iter().map(share).zip(&mut shares).collect();
    by_remainder.sort_by_key(|(share, _)| -share.checked_rem(whole).unwrap_or(0));
    for (_, given) in by_remainder.into_iter().take(left) {
        *given += 1;
    }
    shares.into_iter().map(|share| Hundredths(i32::try_from(share).unwrap_or(Hundredths::HUNDRED.0))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hundredths(weights: &[i32]) -> Vec<Hundredths> {
        weights.iter().copied().map(Hundredths).collect()
    }

    #[test]
    fn what_is_left_goes_to_the_largest_remainders() {
        // 100 shared among three equals: 33.33 each, and the first gets the hundredth that is left.
        assert_eq!(scaled(&hundredths(&[5_000, 5_000, 5_000])), hundredths(&[3_334, 3_333, 3_333]));
        // 72.5 / 72 of 144.5: 50.1730.. and 49.8269..: the second remainder is the larger one.
        assert_eq!(scaled(&hundredths(&[7_250, 7_200])), hundredths(&[5_017, 4_983]));
    }

    #[test]
    fn only_owners_over_one_hundred_are_touched() {
        let task = |key: &str, weight: f64| {
            format!(
                r#"{{ "key": "{key}", "name": "Step {key}", "weight": {weight}, "sequenceNumber": 1, "licenseLevel": "ESSENTIAL", "estMinutes": 5 }}"#
            )
        };
        let owner = |key: &str, weight: f64| {
            format!(
                r#"{{ "key": "{key}", "name": "O", "tasks": [{}, {}] }}"#,
                task(&format!("{key}1"), 60.0),
                task(&format!("{key}2"), weight)
            )
        };
        let json = format!(
            r#"{{ "products": [{}, {}], "solutions": [{}] }}"#,
            owner("heavy", 60.0),
            owner("light", 31.5),
            owner("bundle", 84.5)
        );
        let mut catalogue = Catalogue::parse(&json).unwrap();
        let (heavy, bundle) =
            ("O (heavy): 2 tasks weigh 120.00, 20.00 too much", "O (bundle): 2 tasks weigh 144.50, 44.50 too much");
        let refused = catalogue.weigh(false).unwrap_err().to_string();
        assert!(refused.contains(heavy) && refused.contains(bundle) && !refused.contains("light"), "{refused}");
        let told: Vec<String> = catalogue.weigh(true).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(told, [heavy, bundle]);
        let weights: Vec<String> = catalogue.owners().map(|owner| owner.weight().to_string()).collect();
        assert_eq!(weights, ["100.00", "91.50", "100.00"]);
        assert_eq!(catalogue.weigh(false).unwrap(), []);
    }

    proptest! {
        #[test]
        fn shares_sum_to_one_hundred_and_keep_proportion_and_order(weights in prop::collection::vec(0..=10_000_i32, 1..60)) {
            let whole: i32 = weights.iter().sum();
            prop_assume!(whole > 10_000);
            let shares = scaled(&hundredths(&weights));
            prop_assert_eq!(shares.iter().copied().sum::<Hundredths>(), Hundredths::HUNDRED);
            for (weight, share) in weights.iter().zip(&shares) {
                let exact = f64::from(*weight) * 10_000.0 / f64::from(whole);
                prop_assert!((f64::from(share.0) - exact).abs() < 1.0, "{} for {}", share, exact);
            }
            for (a, x) in weights.iter().zip(&shares) {
                for (b, y) in weights.iter().zip(&shares) {
                    prop_assert!(a <= b || x >= y);
                }
            }
        }
    }
}
