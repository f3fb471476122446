//! The assignments of a solution's products: parts that follow the solution's. Pure.

use contracts::catalog::{Blueprint, OwnerKind};
use kernel::problem::STATE_CONFLICT;
use kernel::{AssignmentId, Problem, SolutionPlanId, Timestamp};

use super::model::Assignment;
use crate::bundles::Bundle;
use crate::plans::among;

/// The most characters of a name.
const LONGEST: usize = 255;

/// A product's assignment before it follows the solution's, if the customer has one, and after.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    pub(crate) before: Option<Assignment>,
    pub(crate) after: Assignment,
    pub(crate) of: &'a Blueprint,
}

/// The parts of a solution's assignment, in the solution's order, given what the customer has already: what is a part stays
/// it, else the first that stands alone becomes one, else one is made.
pub(crate) fn parts<'a>(
    whole: &Assignment,
    plan: SolutionPlanId,
    bundle: &'a Bundle,
    known: &[Assignment],
    now: Timestamp,
) -> Vec<Part<'a>> {
    let places = bundle.products.iter().zip(1..);
    let part = |(of, place): (&'a Blueprint, i32)| {
        let of_product = || known.iter().filter(|known| known.owner_id == of.owner_id().id());
        let own = of_product().find(|known| known.solution_plan_id == Some(plan));
        let before = own.or_else(|| of_product().find(|known| known.solution_plan_id.is_none())).cloned();
        let joined = before.clone().unwrap_or_else(|| whole.made_for(of, now)).joined(whole, (plan, place), bundle, of);
        let after = match &before {
            Some(before) => joined.since(before, now),
            None => joined,
        };
        Part { before, after, of }
    };
    places.map(part).collect()
}

impl Assignment {
    /// Whether it is a part of a solution plan whose solution has the product no more, or the catalog has not.
    pub(crate) fn has_left(&self, plan: SolutionPlanId, bundle: &Bundle) -> bool {
        let is_product = |product: &Blueprint| product.owner_id().id() == self.owner_id;
        self.solution_plan_id == Some(plan) && !bundle.products.iter().any(is_product)
    }

    /// The part under the name that it would be given today, when the product or the solution's assignment are called otherwise
    /// than they were, unless it was not named after them or somebody has named it anew.
    pub(super) fn renamed(self, before: (&Self, &str), whole: &Self) -> Self {
        let (whole_before, product_before) = before;
        let is_named_after_it = self.came_along && self.name == whole_before.name_of_part(product_before);
        let name = if is_named_after_it { whole.name_of_part(&self.owner_name) } else { self.name };
        Self { name, ..self }
    }

    /// A product's assignment that is made because the solution has it.
    fn made_for(&self, product: &Blueprint, now: Timestamp) -> Self {
        Self {
            id: AssignmentId::fresh(),
            version: 1,
            external_key: None,
            owner_kind: OwnerKind::Product,
            owner_id: product.owner_id().id(),
            owner_name: product.name().to_owned(),
            name: self.name_of_part(product.name()),
            outcome_ids: Vec::new(),
            release_ids: Vec::new(),
            plan_id: None,
            came_along: true,
            created_at: now,
            updated_at: now,
            ..self.clone()
        }
    }

    /// What a part is called that is made for a solution's assignment, cut where it is too long.
    fn name_of_part(&self, product: &str) -> String {
        format!("{} - {} - {product}", self.name, self.owner_name).chars().take(LONGEST).collect()
    }

    /// The assignment as it follows a solution's: at the level that the solution's licence gives, or the higher one that the
    /// customer had of the product before, and of the choice it takes what its product has.
    fn joined(self, whole: &Self, (plan, place): (SolutionPlanId, i32), bundle: &Bundle, product: &Blueprint) -> Self {
        let given = bundle.level_of(product, whole.license_level);
        let had = if self.came_along { None } else { Some(self.license_level) };
        let own_level = if self.is_part() { self.own_level } else { had };
        let product_before = self.owner_name;
        let joined = Self {
            owner_name: product.name().to_owned(),
            license_level: own_level.map_or(given, |own| own.max(given)),
            own_level,
            outcome_ids: choice(&self.outcome_ids, &whole.outcome_ids, &product.outcome_ids),
            release_ids: choice(&self.release_ids, &whole.release_ids, &product.release_ids),
            solution_plan_id: Some(plan),
            place: Some(place),
            ..self
        };
        joined.renamed((whole, &product_before), whole)
    }

    /// The part as it follows its solution's assignment, given the solution and the part's product.
    ///
    /// # Errors
    /// 409 when it is a part of another solution by now.
    pub(super) fn rejoined(self, whole: &Self, bundle: &Bundle) -> Result<Self, Problem> {
        match (self.solution_plan_id.zip(self.place), bundle.products.first()) {
            (Some(joint), Some(product)) if bundle.owner.owner_id() == whole.owner() => {
                Ok(self.joined(whole, joint, bundle, product))
            }
            _ => Err(STATE_CONFLICT.detail("It has become a part of another solution meanwhile; send this again.")),
        }
    }

    /// The assignment as it stands alone again, with what the customer had through the solution. It came along with one
    /// still: when the product comes back it is such a part again.
    pub(crate) fn alone(self, now: Timestamp) -> Self {
        Self { solution_plan_id: None, place: None, own_level: None, ..self.touched(now) }
    }
}

/// What a solution's choice says of a product: those that the product has, none of which means all. What the product has no
/// more stays chosen if it was all that was: nobody chose everything instead.
fn choice<T: Copy + PartialEq>(ours: &[T], whole: &[T], offered: &[T]) -> Vec<T> {
    let chosen = among(whole, offered);
    let is_gone = among(ours, offered).is_empty();
    if chosen.is_empty() && is_gone && !whole.is_empty() { ours.to_vec() } else { chosen }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_says_of_a_product_what_the_product_has_and_never_comes_to_mean_everything() {
        // The part's choice before, the solution's, what the product has, the part's choice after.
        let vectors: [[&[i32]; 4]; 8] = [
            [&[], &[1, 9], &[1, 2], &[1]],
            [&[], &[9], &[1, 2], &[]],
            [&[2], &[], &[1, 2], &[]],
            [&[1], &[1, 9], &[2], &[1]],
            [&[1], &[9], &[2], &[1]],
            [&[1], &[], &[2], &[]],
            [&[1], &[9], &[1, 2], &[]],
            [&[1], &[1, 2], &[1, 2], &[1, 2]],
        ];
        for [ours, whole, offered, expected] in vectors {
            assert_eq!(choice(ours, whole, offered), expected, "{ours:?} {whole:?} {offered:?}");
        }
    }
}
