//! Which tasks of a product a customer's plan has. Pure, and written from the reference, not from adoption's code: the
//! demo is its second opinion.

use super::catalogue::{Assignment, Owner, Task};

/// The tasks that an assignment makes a plan of, in their order.
pub(super) fn eligible<'a>(product: &'a Owner, assignment: &Assignment) -> Vec<&'a Task> {
    let Assignment { license_level, selected_outcomes, selected_releases, .. } = assignment;
    let fits = |task: &&Task| {
        task.license_level <= *license_level
            && applies(&task.outcomes, selected_outcomes)
            && applies(&task.releases, selected_releases)
    };
    let mut tasks: Vec<&Task> = product.tasks.iter().filter(fits).collect();
    tasks.sort_by_key(|task| task.sequence_number);
    tasks
}

/// Nothing chosen means everything; a task that names nothing applies to everything.
fn applies(named: &[String], chosen: &[String]) -> bool {
    chosen.is_empty() || named.is_empty() || named.iter().any(|key| chosen.contains(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the reference: a task of level ADVANTAGE with outcome o1 and no release, and one without outcomes.
    #[test]
    fn the_reference_vectors_hold() {
        let product: Owner = serde_json::from_str(
            r#"{ "key": "p", "name": "P", "tasks": [
                { "key": "a", "name": "A", "weight": 50, "sequenceNumber": 2, "licenseLevel": "ADVANTAGE", "estMinutes": 5, "outcomes": ["o1"] },
                { "key": "b", "name": "B", "weight": 50, "sequenceNumber": 1, "licenseLevel": "ADVANTAGE", "estMinutes": 5 }] }"#,
        )
        .unwrap();
        type Vector<'a> = (&'a str, &'a [&'a str], &'a [&'a str], &'a [&'a str]);
        let vectors: [Vector<'_>; 5] = [
            ("ADVANTAGE", &[], &[], &["b", "a"]),
            ("ESSENTIAL", &[], &[], &[]),
            ("SIGNATURE", &["o2"], &[], &["b"]),
            ("SIGNATURE", &["o1", "o2"], &["r9"], &["b", "a"]),
            ("ADVANTAGE", &["o1"], &[], &["b", "a"]),
        ];
        for (level, outcomes, releases, expected) in vectors {
            let json = serde_json::json!({ "name": "N", "product": "p", "licenseLevel": level, "selectedOutcomes": outcomes, "selectedReleases": releases });
            let assignment = serde_json::from_value(json).unwrap();
            let keys: Vec<&str> = eligible(&product, &assignment).iter().map(|task| task.key.as_str()).collect();
            assert_eq!(keys, expected, "{level} {outcomes:?} {releases:?}");
        }
    }
}
