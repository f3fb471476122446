//! Which types of events are asked for: `catalog.product.created`, or with `*` for one word.

use kernel::Problem;
use kernel::problem::REQUEST_MALFORMED;

const MOST: usize = 32;

/// Patterns of routing keys; none is all.
#[derive(Debug, Default)]
pub(crate) struct Types(Vec<String>);

impl Types {
    /// Reads `?types=`, which may be repeated. What fits no type that there is was misspelt.
    pub(crate) fn read(query: &str) -> Result<Self, Problem> {
        let mut patterns = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if name != "types" {
                return Err(unusable(&name, "UNKNOWN_FIELD", "is not known; there is `types`"));
            }
            if !contracts::events().iter().any(|event| fits(&value, event.key)) {
                return Err(unusable("types", "INVALID", "is no type of event; openapi/asyncapi.json lists them"));
            }
            if patterns.len() == MOST {
                return Err(unusable("types", "TOO_MANY", "is given too often"));
            }
            patterns.push(value.into_owned());
        }
        Ok(Self(patterns))
    }

    /// Whether a type is among them.
    pub(crate) fn include(&self, key: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| fits(pattern, key))
    }
}

fn fits(pattern: &str, key: &str) -> bool {
    let mut words = key.split('.');
    pattern.split('.').all(|wanted| words.next().is_some_and(|word| wanted == "*" || wanted == word))
        && words.next().is_none()
}

fn unusable(name: &str, code: &'static str, detail: &'static str) -> Problem {
    REQUEST_MALFORMED.detail(format!("The query parameter {name} cannot be used: {detail}.")).at(name, code, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_word() {
        let types = Types::read("types=catalog.product.*&types=identity.*.created").unwrap();
        for (key, included) in [
            ("catalog.product.created", true),
            ("catalog.task.created", false),
            ("identity.role.created", true),
            ("identity.role.deleted", false),
        ] {
            assert_eq!(types.include(key), included, "{key}");
        }
        assert!(Types::read("").unwrap().include("catalog.product.created"));
    }

    #[test]
    fn what_fits_nothing_is_refused() {
        for query in ["types=catalog.*", "types=catalogue.product.*", "types=", "type=catalog.product.*", "types=%23"] {
            assert!(Types::read(query).is_err(), "{query}");
        }
        assert!(Types::read(&"types=*.*.*&".repeat(33)).is_err());
    }
}
