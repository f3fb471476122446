//! Which of a customer's products become parts of its solutions. Pure, and written from the reference, not from adoption's
//! code: the demo is its second opinion.

use super::catalogue::{Assignment, Catalogue, Customer, SolutionAssignment};

/// A product of a customer, with the solution that takes it in.
pub(super) struct Holding<'a> {
    pub(super) assignment: &'a Assignment,
    pub(super) part_of: Option<&'a SolutionAssignment>,
}

/// The customer's products in the order in which they are assigned. A solution takes in the first deployment of each of its
/// products that is free, so those that name the solution they came with go first.
pub(super) fn holdings<'a>(customer: &'a Customer, catalogue: &Catalogue) -> Vec<Holding<'a>> {
    let Customer { products, solutions, .. } = customer;
    let mut holdings: Vec<_> = products.iter().map(|assignment| Holding { assignment, part_of: None }).collect();
    holdings.sort_by_key(|Holding { assignment: Assignment { customer_solution, .. }, .. }| {
        let place = solutions.iter().position(|solution| Some(&solution.key) == customer_solution.as_ref());
        place.unwrap_or(solutions.len())
    });
    for solution in solutions {
        let bundled = catalogue.solution(&solution.solution).map(|solution| solution.products.as_slice());
        for product in bundled.unwrap_or_default() {
            let free = |holding: &&mut Holding<'_>| holding.part_of.is_none() && holding.assignment.product == *product;
            if let Some(holding) = holdings.iter_mut().find(free) {
                holding.part_of = Some(solution);
            }
        }
    }
    holdings
}

impl Holding<'_> {
    /// The assignment as it is in the end: a part follows its solution's licence, but never below the level that it had.
    pub(super) fn in_the_end(&self) -> Assignment {
        let own = self.assignment.license_level;
        let license_level = self.part_of.map_or(own, |solution| solution.license_level.max(own));
        Assignment { license_level, ..self.assignment.clone() }
    }
}

/// A customer's solution with what its parts have chosen as well: a part follows the solution's choice, which would undo
/// its own if it were left out.
pub(super) fn with_choices_of_parts(solution: &SolutionAssignment, holdings: &[Holding<'_>]) -> SolutionAssignment {
    let mut whole = solution.clone();
    let of_it = |holding: &&Holding<'_>| holding.part_of.is_some_and(|of| of.key == solution.key);
    for Holding { assignment, .. } in holdings.iter().filter(of_it) {
        whole.selected_outcomes.extend(assignment.selected_outcomes.iter().cloned());
        whole.selected_releases.extend(assignment.selected_releases.iter().cloned());
    }
    whole
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn catalogue() -> Catalogue {
        let product = |key: &str| {
            let part = |noun: &str| json!([{ "key": format!("{key}-{noun}"), "name": noun }]);
            json!({ "key": key, "name": key, "tasks": [], "outcomes": part("outcome"), "releases": part("release") })
        };
        let had = |name: &str, product: &str, solution: Option<&str>| -> Value {
            json!({ "name": name, "product": product, "licenseLevel": "ADVANTAGE", "customerSolution": solution,
                "selectedOutcomes": [format!("{product}-outcome")], "selectedReleases": [format!("{product}-release")] })
        };
        let has = |key: &str, level: &str| json!({ "key": key, "name": key, "solution": "s", "licenseLevel": level });
        let json = json!({
            "products": [product("a"), product("b"), product("c")],
            "solutions": [{ "key": "s", "name": "S", "tasks": [], "products": ["b", "a"] }],
            "customers": [{ "key": "k", "name": "K",
                "products": [
                    had("first a", "a", None), had("only c", "c", None), had("a of two", "a", Some("two")),
                    had("a of one", "a", Some("one")), had("only b", "b", None)],
                "solutions": [has("one", "SIGNATURE"), has("two", "ESSENTIAL")] }],
        });
        Catalogue::parse(&json.to_string()).unwrap()
    }

    #[test]
    fn a_solution_takes_in_what_came_with_it_or_is_free_and_lowers_nothing() {
        let catalogue = catalogue();
        let holdings = holdings(&catalogue.customers[0], &catalogue);
        let told: Vec<_> = holdings
            .iter()
            .map(|holding| {
                let solution = holding.part_of.map_or("none", |solution| solution.key.as_str());
                (holding.assignment.name.as_str(), solution, holding.in_the_end().license_level.to_string())
            })
            .collect();
        let expected = [
            ("a of one", "one", "SIGNATURE"),
            ("a of two", "two", "ADVANTAGE"),
            ("first a", "none", "ADVANTAGE"),
            ("only c", "none", "ADVANTAGE"),
            ("only b", "one", "SIGNATURE"),
        ];
        assert_eq!(told, expected.map(|(name, solution, level)| (name, solution, level.to_owned())));
    }

    #[test]
    fn a_solution_is_assigned_with_the_choices_of_its_parts() {
        let catalogue = catalogue();
        let customer = &catalogue.customers[0];
        let whole = with_choices_of_parts(&customer.solutions[0], &holdings(customer, &catalogue));
        assert_eq!(whole.selected_outcomes, ["a-outcome", "b-outcome"]);
        assert_eq!(whole.selected_releases, ["a-release", "b-release"]);
    }
}
