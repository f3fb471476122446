//! What callers send to make, change and list assignments.

use contracts::catalog::{LicenseLevel, OwnerId};
use kernel::{Field, OutcomeId, Problem, ProductId, ReleaseId, SolutionId, Timestamp};
use serde::Deserialize;

/// A product or a solution for a customer.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "productId": "019a8b2e-7c00-7000-8000-000000000001", "name": "Head office", "licenseLevel": "ADVANTAGE" }))]
pub(crate) struct CreateAssignment {
    /// The catalog's product.
    #[schema(value_type = ProductId, required = false)]
    product_id: Option<ProductId>,
    /// Or its solution, with all of its products.
    #[schema(value_type = SolutionId, required = false)]
    solution_id: Option<SolutionId>,
    /// What this deployment is called: 1 to 255 characters. A customer has a solution under one name once.
    pub(super) name: String,
    /// The licence level the customer holds; it includes the ones before it. A solution's holds for its products too,
    /// but for those that the customer has at a higher one.
    pub(super) license_level: LicenseLevel,
    /// Chosen outcomes of the product, or of the solution and its products; none means all.
    #[serde(default)]
    pub(super) outcome_ids: Vec<OutcomeId>,
    /// Chosen releases of the product, or of the solution and its products; none means all.
    #[serde(default)]
    pub(super) release_ids: Vec<ReleaseId>,
    /// The caller's own key, unique per tenant: makes imports repeatable.
    pub(super) external_key: Option<String>,
    /// When the customer bought it (default: now); a year ahead or a hundred years ago at most.
    pub(super) purchased_at: Option<Timestamp>,
    /// Make the plan as well (the default); a solution always comes with its plans.
    #[serde(default = "yes")]
    pub(super) create_plan: bool,
}

/// A change of an assignment; what is left out stays, `null` clears.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "licenseLevel": "SIGNATURE" }))]
pub(crate) struct AssignmentPatch {
    /// 1 to 255 characters.
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    pub(super) name: Field<String>,
    /// The licence level the customer holds.
    #[serde(default)]
    #[schema(value_type = LicenseLevel, required = false)]
    pub(super) license_level: Field<LicenseLevel>,
    /// Of a part of a solution plan: the level that the customer has of the product by itself, below which the solution does
    /// not take it; `null` when it has no more than the solution gives.
    #[serde(default)]
    #[schema(value_type = Option<LicenseLevel>)]
    pub(super) own_license_level: Field<LicenseLevel>,
    /// Replaces the chosen outcomes; none means all.
    #[serde(default)]
    #[schema(value_type = Vec<OutcomeId>, required = false)]
    pub(super) outcome_ids: Field<Vec<OutcomeId>>,
    /// Replaces the chosen releases; none means all.
    #[serde(default)]
    #[schema(value_type = Vec<ReleaseId>, required = false)]
    pub(super) release_ids: Field<Vec<ReleaseId>>,
    /// The caller's own key.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(super) external_key: Field<String>,
    /// When the customer bought it; a year ahead or a hundred years ago at most.
    #[serde(default)]
    #[schema(value_type = Option<Timestamp>)]
    pub(super) purchased_at: Field<Timestamp>,
}

/// Filters of the list of a customer's assignments.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AssignmentQuery {
    /// Rows per page, 1 to 200 (default 50).
    pub(crate) limit: Option<u16>,
    /// `nextCursor` of the page before.
    pub(crate) cursor: Option<String>,
    /// Also return the exact `total`.
    pub(crate) count: Option<bool>,
    /// Only assignments of this product. Repeat for more.
    #[serde(default)]
    #[param(value_type = Vec<Uuid>)]
    pub(crate) product_id: Vec<ProductId>,
    /// Only assignments of this solution. Repeat for more; with products, those of either.
    #[serde(default)]
    #[param(value_type = Vec<Uuid>)]
    pub(crate) solution_id: Vec<SolutionId>,
    /// Only the assignment with this key.
    pub(crate) external_key: Option<String>,
}

const fn yes() -> bool {
    true
}

impl CreateAssignment {
    /// What is to be assigned.
    pub(super) fn owner(&self) -> Result<OwnerId, Problem> {
        match (self.product_id, self.solution_id) {
            (Some(product), None) => Ok(OwnerId::Product(product)),
            (None, Some(_)) if !self.create_plan => {
                Err(Problem::field("/createPlan", "INVALID", "A solution always comes with its plans; leave this out."))
            }
            (None, Some(solution)) => Ok(OwnerId::Solution(solution)),
            (None, None) => Err(Problem::field("/productId", "REQUIRED", "is missing; name a product, or a solution")),
            (Some(_), Some(_)) => {
                Err(Problem::field("/solutionId", "EXCLUSIVE", "Name a product or a solution, not both."))
            }
        }
    }
}

impl AssignmentPatch {
    /// Whether it says what the customer is entitled to or has chosen: then the plan follows.
    pub(super) fn is_of_entitlement(&self) -> bool {
        let is_chosen = !matches!((&self.outcome_ids, &self.release_ids), (Field::Absent, Field::Absent));
        is_chosen || !matches!(self.license_level, Field::Absent)
    }

    /// Whether it says what the customer has of a part of a solution plan by itself: then the part's plan follows.
    pub(super) fn is_of_own_level(&self) -> bool {
        !matches!(self.own_license_level, Field::Absent)
    }
}
