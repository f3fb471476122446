//! What in a file contradicts itself, found before anything is loaded. Pure.

use std::collections::BTreeSet;
use std::fmt::Display;

use rules::Criterion;

use super::catalogue::{Attribute, Catalogue, Owner, Part};

/// Every contradiction, each with its place.
pub(super) fn faults(catalogue: &Catalogue) -> Vec<String> {
    let mut faults = Faults::default();
    let Catalogue { products, solutions, customers } = catalogue;
    faults.once("products", products.iter().map(|product| &product.key));
    faults.once("solutions", solutions.iter().map(|solution| &solution.key));
    faults.once("customers", customers.iter().map(|customer| &customer.key));
    faults.once("tasks", catalogue.owners().flat_map(|owner| &owner.tasks).map(|task| &task.key));
    for owner in catalogue.owners() {
        faults.of_owner(owner);
    }
    let keys: Vec<&String> = products.iter().map(|product| &product.key).collect();
    for solution in solutions {
        faults.known(&solution.key, "product", &solution.products, keys.iter().copied());
    }
    for product in products.iter().filter(|product| !product.products.is_empty()) {
        faults.found(&product.key, "only a solution bundles products");
    }
    for customer in customers {
        let of_products = customer.products.iter().map(|it| (&it.name, &it.product, &it.selected_outcomes, &it.selected_releases, products));
        let of_solutions = customer.solutions.iter().map(|it| (&it.name, &it.solution, &it.selected_outcomes, &it.selected_releases, solutions));
        for (name, key, outcomes, releases, owners) in of_products.chain(of_solutions) {
            let place = format!("{} {name:?}", customer.key);
            let Some(owner) = owners.iter().find(|owner| owner.key == *key) else {
                faults.found(&place, format_args!("nothing in this file has the key {key}"));
                continue;
            };
            faults.selection(&place, owner, outcomes, releases);
        }
    }
    faults.0
}

#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn of_owner(&mut self, owner: &Owner) {
        for (noun, parts) in [("licences", &owner.licenses), ("outcomes", &owner.outcomes), ("releases", &owner.releases)] {
            self.once(&format!("{} {noun}", owner.key), keys(parts));
        }
        for task in &owner.tasks {
            self.selection(&task.key, owner, &task.outcomes, &task.releases);
            self.once(&format!("{} attributes", task.key), task.telemetry_attributes.iter().map(|attribute| &attribute.name));
            for attribute in &task.telemetry_attributes {
                self.of_criterion(&task.key, attribute);
            }
        }
    }

    fn of_criterion(&mut self, task: &str, attribute: &Attribute) {
        let Some(criteria) = &attribute.success_criteria else { return };
        for error in Criterion::parse(criteria, attribute.data_type).err().into_iter().flatten() {
            self.found(&format!("{task} {} successCriteria{}", attribute.name, error.pointer), error.detail);
        }
    }

    /// What is chosen must be the owner's.
    fn selection(&mut self, place: &str, owner: &Owner, outcomes: &[String], releases: &[String]) {
        self.known(place, "outcome", outcomes, keys(&owner.outcomes));
        self.known(place, "release", releases, keys(&owner.releases));
    }

    fn known<'a>(&mut self, place: &str, noun: &str, named: &[String], known: impl Iterator<Item = &'a String>) {
        let known: BTreeSet<&String> = known.collect();
        for key in named.iter().filter(|key| !known.contains(key)) {
            self.found(place, format_args!("there is no {noun} {key} to name"));
        }
    }

    fn once<'a>(&mut self, place: &str, keys: impl Iterator<Item = &'a String>) {
        let mut seen = BTreeSet::new();
        for key in keys.filter(|key| !seen.insert(*key)) {
            self.found(place, format_args!("{key} occurs more than once"));
        }
    }

    fn found(&mut self, place: &str, what: impl Display) {
        self.0.push(format!("{place}: {what}"));
    }
}

fn keys(parts: &[Part]) -> impl Iterator<Item = &String> {
    parts.iter().map(|part| &part.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_contradicts_is_told_at_once() {
        let task = |key: &str| {
            format!(
                r#"{{ "key": "{key}", "name": "Begin", "weight": 1, "sequenceNumber": 1, "licenseLevel": "ESSENTIAL", "estMinutes": 5,
                     "outcomes": ["nowhere"], "telemetryAttributes": [{{ "name": "n", "dataType": "NUMBER", "isRequired": true,
                     "successCriteria": {{ "operator": "roughly", "value": 1 }} }}] }}"#
            )
        };
        let json = format!(
            r#"{{ "products": [{{ "key": "p", "name": "P", "products": ["p"], "tasks": [{}, {}] }}],
                 "customers": [{{ "key": "c", "name": "C", "products": [
                     {{ "name": "C", "product": "q", "licenseLevel": "ESSENTIAL" }},
                     {{ "name": "C", "product": "p", "licenseLevel": "ESSENTIAL", "selectedReleases": ["r"] }}] }}] }}"#,
            task("t"),
            task("t"),
        );
        let told = Catalogue::parse(&json).unwrap_err().to_string();
        for fault in [
            "tasks: t occurs more than once",
            "t: there is no outcome nowhere to name",
            "t n successCriteria/operator: ",
            "p: only a solution bundles products",
            "c \"C\": nothing in this file has the key q",
            "c \"C\": there is no release r to name",
        ] {
            assert!(told.contains(fault), "{fault} is not in {told}");
        }
    }
}
