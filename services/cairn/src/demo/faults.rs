//! What in a file contradicts itself, found before anything is loaded. Pure.

use std::collections::BTreeSet;
use std::fmt::Display;

use kernel::Hundredths;
use rules::Criterion;

use super::catalogue::{Attribute, Catalogue, Customer, Owner, Part, Task};

/// Every contradiction, each with its place, such as `products[0].tasks[3].weight`.
pub(super) fn faults(catalogue: &Catalogue) -> Vec<String> {
    let mut faults = Faults::default();
    let Catalogue { products, solutions, customers } = catalogue;
    let (products, solutions, customers) =
        (places("products", products), places("solutions", solutions), places("customers", customers));
    let owners = || products.iter().chain(&solutions);
    for noun in [&products, &solutions] {
        faults.once("key", noun.iter().map(|(place, owner)| (place, &owner.key)));
    }
    faults.once("key", customers.iter().map(|(place, customer)| (place, &customer.key)));
    // What the platform knows by an external key, it knows in the whole tenant.
    for parts in [
        under(owners(), |owner| ("licenses", owner.licenses.as_slice())),
        under(owners(), |owner| ("outcomes", owner.outcomes.as_slice())),
        under(owners(), |owner| ("releases", owner.releases.as_slice())),
    ] {
        faults.once("key", parts.iter().map(|(place, part)| (place, &part.key)));
    }
    let mut assigned = Vec::new();
    for (place, customer) in &customers {
        assigned.extend(places(&format!("{place}.solutions"), &customer.solutions));
    }
    faults.once("key", assigned.iter().map(|(place, assignment)| (place, &assignment.key)));
    let tasks = under(owners(), |owner| ("tasks", owner.tasks.as_slice()));
    faults.once("key", tasks.iter().map(|(place, task)| (place, &task.key)));
    for (place, owner) in owners() {
        faults.of_owner(place, owner);
    }
    let keys = || products.iter().map(|(_, product)| &product.key);
    for (place, solution) in &solutions {
        faults.known(&format!("{place}.products"), "product", &solution.products, keys());
    }
    for (place, _) in products.iter().filter(|(_, product)| !product.products.is_empty()) {
        faults.found(&format!("{place}.products"), "only a solution bundles products");
    }
    for (place, customer) in &customers {
        faults.of_customer(place, customer, catalogue);
    }
    faults.0
}

/// Each row with its place.
fn places<'a, T>(list: &str, rows: &'a [T]) -> Vec<(String, &'a T)> {
    rows.iter().enumerate().map(|(index, row)| (format!("{list}[{index}]"), row)).collect()
}

/// The rows of one list of every owner, each with its place.
fn under<'a, T>(
    owners: impl Iterator<Item = &'a (String, &'a Owner)>,
    list: impl Fn(&'a Owner) -> (&'a str, &'a [T]),
) -> Vec<(String, &'a T)> {
    let of_owner = |(place, owner): &'a (String, &'a Owner)| {
        let (name, rows) = list(owner);
        places(&format!("{place}.{name}"), rows)
    };
    owners.flat_map(of_owner).collect()
}

#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn of_owner(&mut self, place: &str, owner: &Owner) {
        let tasks = places(&format!("{place}.tasks"), &owner.tasks);
        // Telemetry names a task and its attribute.
        self.once("name", tasks.iter().map(|(place, task)| (place, &task.name)));
        for (place, task) in &tasks {
            self.of_task(place, task, owner);
        }
    }

    fn of_task(&mut self, place: &str, task: &Task, owner: &Owner) {
        if !(Hundredths::ZERO..=Hundredths::HUNDRED).contains(&task.weight) {
            self.found(&format!("{place}.weight"), format_args!("{} is not within 0 to 100", task.weight));
        }
        self.known(&format!("{place}.outcomes"), "outcome", &task.outcomes, keys(&owner.outcomes));
        self.known(&format!("{place}.releases"), "release", &task.releases, keys(&owner.releases));
        let attributes = places(&format!("{place}.telemetryAttributes"), &task.telemetry_attributes);
        self.once("name", attributes.iter().map(|(place, attribute)| (place, &attribute.name)));
        for (place, attribute) in &attributes {
            self.of_criterion(place, attribute);
        }
    }

    fn of_criterion(&mut self, place: &str, attribute: &Attribute) {
        let Some(criteria) = &attribute.success_criteria else { return };
        for error in Criterion::parse(criteria, attribute.data_type).err().into_iter().flatten() {
            self.found(&format!("{place}.successCriteria{}", error.pointer), error.detail);
        }
    }

    fn of_customer(&mut self, place: &str, customer: &Customer, catalogue: &Catalogue) {
        let products = places(&format!("{place}.products"), &customer.products);
        self.once("name", products.iter().map(|(place, assignment)| (place, &assignment.name)));
        for (place, it) in &products {
            let came_with = it.customer_solution.as_slice();
            let solutions = customer.solutions.iter().map(|solution| &solution.key);
            self.known(&format!("{place}.customerSolution"), "solution of this customer", came_with, solutions);
            let chosen = (it.selected_outcomes.as_slice(), it.selected_releases.as_slice());
            self.assigned(place, "product", &it.product, &catalogue.products, chosen);
        }
        let solutions = places(&format!("{place}.solutions"), &customer.solutions);
        for (place, it) in &solutions {
            let chosen = (it.selected_outcomes.as_slice(), it.selected_releases.as_slice());
            self.assigned(place, "solution", &it.solution, &catalogue.solutions, chosen);
        }
    }

    /// What is assigned must be in the file, and what is chosen of it must be its own.
    fn assigned(
        &mut self,
        place: &str,
        noun: &str,
        key: &String,
        owners: &[Owner],
        (outcomes, releases): (&[String], &[String]),
    ) {
        let Some(owner) = owners.iter().find(|owner| owner.key == *key) else {
            return self.found(&format!("{place}.{noun}"), format_args!("there is no {noun} {key}"));
        };
        self.known(&format!("{place}.selectedOutcomes"), "outcome", outcomes, keys(&owner.outcomes));
        self.known(&format!("{place}.selectedReleases"), "release", releases, keys(&owner.releases));
    }

    fn known<'a>(&mut self, place: &str, noun: &str, named: &[String], known: impl Iterator<Item = &'a String>) {
        let known: BTreeSet<&String> = known.collect();
        for key in named.iter().filter(|key| !known.contains(key)) {
            self.found(place, format_args!("there is no {noun} {key}"));
        }
    }

    fn once<'a>(&mut self, field: &str, named: impl Iterator<Item = (&'a String, &'a String)>) {
        let mut seen = BTreeSet::new();
        for (place, name) in named.filter(|(_, name)| !seen.insert(*name)) {
            self.found(&format!("{place}.{field}"), format_args!("{name} is there already"));
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
    fn everything_that_contradicts_is_told_at_once_with_its_place() {
        let task = |name: &str, weight: f64| {
            format!(
                r#"{{ "key": "t", "name": "{name}", "weight": {weight}, "sequenceNumber": 1, "licenseLevel": "ESSENTIAL",
                     "estMinutes": 5, "outcomes": ["nowhere"], "telemetryAttributes": [{{ "name": "n",
                     "dataType": "NUMBER", "isRequired": true,
                     "successCriteria": {{ "operator": "roughly", "value": 1 }} }}] }}"#
            )
        };
        let json = format!(
            r#"{{ "products": [{{ "key": "p", "name": "P", "products": ["p"], "tasks": [{}, {}] }}],
                 "solutions": [{{ "key": "s", "name": "S", "products": ["q"], "tasks": [] }}],
                 "customers": [{{ "key": "c", "name": "C", "products": [
                     {{ "name": "C", "product": "q", "licenseLevel": "ESSENTIAL", "customerSolution": "none" }},
                     {{ "name": "C", "product": "p", "licenseLevel": "ESSENTIAL", "selectedReleases": ["r"] }}],
                     "solutions": [{{ "key": "w", "name": "W", "solution": "s", "licenseLevel": "ESSENTIAL" }}] }},
                   {{ "key": "d", "name": "D",
                     "solutions": [{{ "key": "w", "name": "W", "solution": "s", "licenseLevel": "ESSENTIAL" }}] }}] }}"#,
            task("Begin", 1.0),
            task("Begin", -5.0),
        );
        let told = Catalogue::parse(&json).unwrap_err().to_string();
        for fault in [
            "products[0].tasks[1].key: t is there already",
            "products[0].tasks[1].name: Begin is there already",
            "products[0].tasks[1].weight: -5.00 is not within 0 to 100",
            "products[0].tasks[0].outcomes: there is no outcome nowhere",
            "products[0].tasks[0].telemetryAttributes[0].successCriteria/operator: ",
            "products[0].products: only a solution bundles products",
            "solutions[0].products: there is no product q",
            "customers[0].products[0].product: there is no product q",
            "customers[0].products[0].customerSolution: there is no solution of this customer none",
            "customers[1].solutions[0].key: w is there already",
            "customers[0].products[1].name: C is there already",
            "customers[0].products[1].selectedReleases: there is no release r",
        ] {
            assert!(told.contains(fault), "{fault} is not in {told}");
        }
    }
}
