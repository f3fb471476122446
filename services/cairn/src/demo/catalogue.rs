//! The file a demo is loaded from: products, solutions and customers that name each other by keys of their own.
//!
//! A field we do not know is refused, so nothing in a file is left out in silence.

use std::path::Path;

use contracts::catalog::{LicenseLevel, Resource};
use kernel::Hundredths;
use rules::{Criterion, DataType};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::faults::faults;
use super::{Error, Result};

/// The small fictional catalogue that a demo loads when no file is named.
const OWN: &str = include_str!("catalogue.json");

/// Everything a demo loads.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    pub(super) products: Vec<Owner>,
    #[serde(default)]
    pub(super) solutions: Vec<Owner>,
    #[serde(default)]
    pub(super) customers: Vec<Customer>,
}

/// A product or a solution: what owns tasks.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Owner {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) resources: Option<Vec<Resource>>,
    #[serde(default)]
    pub(super) licenses: Vec<Part>,
    #[serde(default)]
    pub(super) outcomes: Vec<Part>,
    #[serde(default)]
    pub(super) releases: Vec<Part>,
    #[serde(default)]
    pub(super) custom_attributes: Map<String, Value>,
    /// Keys of the products that a solution bundles, in order.
    #[serde(default)]
    pub(super) products: Vec<String>,
    pub(super) tasks: Vec<Task>,
}

/// A licence, an outcome or a release; the catalog takes it as it stands here.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    #[serde(rename(serialize = "externalKey"))]
    pub(super) key: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    /// Of licences and releases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) level: Option<Hundredths>,
}

/// One adoption step.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Task {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) notes: Option<String>,
    pub(super) weight: Hundredths,
    pub(super) sequence_number: i32,
    pub(super) license_level: LicenseLevel,
    pub(super) est_minutes: i32,
    #[serde(default)]
    pub(super) how_to_doc: Vec<String>,
    #[serde(default)]
    pub(super) how_to_video: Vec<String>,
    /// Keys of its owner's outcomes; none means all.
    #[serde(default)]
    pub(super) outcomes: Vec<String>,
    /// Keys of its owner's releases; none means all.
    #[serde(default)]
    pub(super) releases: Vec<String>,
    #[serde(default)]
    pub(super) telemetry_attributes: Vec<Attribute>,
}

/// What is measured, and what proves the step; the catalog takes it as it stands here.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) data_type: DataType,
    pub(super) is_required: bool,
    pub(super) success_criteria: Option<Value>,
    #[serde(rename(serialize = "displayOrder"), skip_serializing_if = "Option::is_none")]
    pub(super) order: Option<i32>,
}

/// A customer with what it has bought.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Customer {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) products: Vec<Assignment>,
    #[serde(default)]
    pub(super) solutions: Vec<SolutionAssignment>,
}

/// A product for a customer.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) product: String,
    pub(super) license_level: LicenseLevel,
    /// Key of the customer's solution that this assignment came with.
    pub(super) customer_solution: Option<String>,
    /// None means all.
    #[serde(default)]
    pub(super) selected_outcomes: Vec<String>,
    /// None means all.
    #[serde(default)]
    pub(super) selected_releases: Vec<String>,
}

/// A solution for a customer.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SolutionAssignment {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) solution: String,
    pub(super) license_level: LicenseLevel,
    #[serde(default)]
    pub(super) selected_outcomes: Vec<String>,
    #[serde(default)]
    pub(super) selected_releases: Vec<String>,
}

impl Catalogue {
    /// Our own small catalogue.
    ///
    /// # Errors
    /// As [`Catalogue::parse`].
    pub fn own() -> Result<Self> {
        Self::parse(OWN)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When the file cannot be read, and as [`Catalogue::parse`].
    pub fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).map_err(|source| Error::File { file: file.to_owned(), source })?;
        Self::parse(&text).map_err(|error| Error::Content { file: file.to_owned(), error: Box::new(error) })
    }

    /// Reads JSON.
    ///
    /// # Errors
    /// The place that is no JSON or not of a catalogue; all at once, the places that contradict each other.
    pub fn parse(json: &str) -> Result<Self> {
        let mut reader = serde_json::Deserializer::from_str(json);
        let catalogue: Self = serde_path_to_error::deserialize(&mut reader)?;
        reader.end().map_err(Error::Trailing)?;
        let faults = faults(&catalogue);
        if faults.is_empty() { Ok(catalogue) } else { Err(Error::Faults(faults)) }
    }

    /// Everything that owns tasks.
    pub(super) fn owners(&self) -> impl Iterator<Item = &Owner> {
        self.products.iter().chain(&self.solutions)
    }

    /// The product with this key.
    pub(super) fn product(&self, key: &str) -> Option<&Owner> {
        self.products.iter().find(|product| product.key == key)
    }

    /// The solution with this key.
    pub(super) fn solution(&self, key: &str) -> Option<&Owner> {
        self.solutions.iter().find(|solution| solution.key == key)
    }
}

impl Owner {
    /// What its tasks weigh together.
    pub(super) fn weight(&self) -> Hundredths {
        self.tasks.iter().map(|task| task.weight).sum()
    }
}

impl Attribute {
    /// What its values must show; none when they are only recorded.
    pub(super) fn criterion(&self) -> Option<Criterion> {
        Criterion::parse(self.success_criteria.as_ref()?, self.data_type).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_catalogue_weighs_one_hundred_everywhere() {
        let own = Catalogue::own().unwrap();
        assert!(own.owners().all(|owner| owner.weight() == Hundredths::HUNDRED));
    }

    #[test]
    fn what_is_no_catalogue_is_refused_with_its_place() {
        let told = |json: &str| Catalogue::parse(json).unwrap_err().to_string();
        let task = r#"{ "products": [{ "key": "p", "name": "P", "tasks": [
            { "key": "t", "name": "T", "weight": "much" }] }] }"#;
        let expected = r#"products[0].tasks[0].weight: invalid type: string "much", expected f64 at line 2 column 55"#;
        assert_eq!(told(task), format!("this is no catalogue: {expected}"));
        assert!(told(r#"{ "products": [], "partners": [] }"#).contains("unknown field `partners`"));
        assert!(told(r#"{ "products": [ "#).contains("line 1 column 16"));
        assert!(told(r#"{ "products": [] } more"#).contains("line 1 column 20"));
    }
}
