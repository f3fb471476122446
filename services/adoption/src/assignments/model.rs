//! What an assignment is and which ones are possible. Pure.

use contracts::adoption::AssignmentView;
use contracts::catalog::{LicenseLevel, ProductBlueprint};
use diesel::prelude::*;
use kernel::problem::{Problem, ProblemKind};
use kernel::{
    AssignmentId, Check, CustomerId, OutcomeId, PlanId, ProductId, ReleaseId, SolutionId, TenantId, Timestamp,
};
use serde::Deserialize;

use crate::schema::assignments;

/// Two assignments of a tenant cannot share an external key.
pub(crate) static KEY_TAKEN: ProblemKind =
    ProblemKind::new("ASSIGNMENT_EXTERNAL_KEY_TAKEN", 409, "Another assignment has this external key");
/// Only products are assigned so far.
static SOLUTIONS_LATER: ProblemKind =
    ProblemKind::new("ASSIGNMENT_OF_SOLUTION_UNSUPPORTED", 422, "Solutions cannot be assigned yet");
/// A plan is made from what the catalog has.
static PRODUCT_GONE: ProblemKind =
    ProblemKind::new("ASSIGNMENT_PRODUCT_GONE", 409, "The product is no longer in the catalog");
/// An assignment has one plan.
static PLAN_EXISTS: ProblemKind = ProblemKind::new("PLAN_ALREADY_EXISTS", 409, "The assignment has a plan already");

/// A row of `assignments`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = assignments, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Assignment {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: AssignmentId,
    pub(crate) version: i64,
    pub(crate) external_key: Option<String>,
    pub(crate) customer_id: CustomerId,
    pub(crate) product_id: ProductId,
    pub(crate) product_name: String,
    pub(crate) name: String,
    pub(crate) license_level: LicenseLevel,
    pub(crate) outcome_ids: Vec<OutcomeId>,
    pub(crate) release_ids: Vec<ReleaseId>,
    pub(crate) plan_id: Option<PlanId>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// A product for a customer.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "productId": "019a8b2e-7c00-7000-8000-000000000001", "name": "Head office", "licenseLevel": "ADVANTAGE" }))]
pub(crate) struct CreateAssignment {
    /// The catalog's product.
    #[schema(value_type = ProductId)]
    product_id: Option<ProductId>,
    /// Not yet: solutions are refused until whole solutions can be assigned.
    solution_id: Option<SolutionId>,
    /// What this deployment is called: 1 to 255 characters.
    name: String,
    /// The licence level the customer holds; it includes the ones before it.
    license_level: LicenseLevel,
    /// Chosen outcomes of the product; none means all.
    #[serde(default)]
    outcome_ids: Vec<OutcomeId>,
    /// Chosen releases of the product; none means all.
    #[serde(default)]
    release_ids: Vec<ReleaseId>,
    /// The caller's own key, unique per tenant: makes imports repeatable.
    external_key: Option<String>,
    /// Make the plan as well (the default).
    #[serde(default = "yes")]
    pub(crate) create_plan: bool,
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
    /// Only the assignment with this key.
    pub(crate) external_key: Option<String>,
}

const fn yes() -> bool {
    true
}

/// The catalog has no such product.
pub(crate) fn unknown_product() -> Problem {
    let how = "There is no such product in the catalog; GET /catalog/v1/products lists them.";
    Problem::field("/productId", "UNKNOWN", how)
}

impl CreateAssignment {
    /// The product that is to be assigned.
    pub(crate) fn product(&self) -> Result<ProductId, Problem> {
        if self.solution_id.is_some() {
            let how =
                "Assigning a whole solution comes with a later release. Assign each of its products by productId.";
            return Err(SOLUTIONS_LATER.detail(how).at("/solutionId", "UNSUPPORTED", how));
        }
        self.product_id.ok_or_else(|| Problem::field("/productId", "REQUIRED", "is missing; name a product"))
    }
}

impl Assignment {
    /// A new assignment at version 1, checked against the product as the catalog shows it.
    pub(crate) fn create(
        command: CreateAssignment,
        tenant_id: TenantId,
        customer_id: CustomerId,
        blueprint: &ProductBlueprint,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let CreateAssignment {
            product_id: _,
            solution_id: _,
            name,
            license_level,
            outcome_ids,
            release_ids,
            external_key,
            create_plan: _,
        } = command;
        let assignment = Self {
            tenant_id,
            id: AssignmentId::fresh(),
            version: 1,
            external_key,
            customer_id,
            product_id: blueprint.product.id,
            product_name: blueprint.product.name.clone(),
            name: name.trim().to_owned(),
            license_level,
            outcome_ids,
            release_ids,
            plan_id: None,
            created_at: now,
            updated_at: now,
        };
        assignment.check(blueprint)?;
        Ok(assignment)
    }

    /// The assignment with its plan.
    pub(crate) fn planned(self, plan: PlanId, now: Timestamp) -> Self {
        Self { plan_id: Some(plan), version: self.version + 1, updated_at: now, ..self }
    }

    /// Refuses a second plan.
    pub(crate) fn require_unplanned(&self) -> Result<(), Problem> {
        match self.plan_id {
            None => Ok(()),
            Some(plan) => Err(PLAN_EXISTS.detail(format!("Its plan is /adoption/v1/plans/{plan}."))),
        }
    }

    /// What to say when the catalog has the product no more.
    pub(crate) fn product_gone(&self) -> Problem {
        PRODUCT_GONE.detail(format!("Restore it first: POST /catalog/v1/products/{}/restore.", self.product_id))
    }

    fn check(&self, blueprint: &ProductBlueprint) -> Result<(), Problem> {
        let mut check = Check::new();
        check.line("/name", &self.name, 1, 255);
        if let Some(key) = &self.external_key {
            check.text("/externalKey", key, 1, 200);
        }
        check_chosen(&mut check, "/outcomeIds", &self.outcome_ids, &blueprint.outcome_ids);
        check_chosen(&mut check, "/releaseIds", &self.release_ids, &blueprint.release_ids);
        check.finish()
    }
}

/// What is chosen must be among what the product has.
fn check_chosen<T: Ord>(check: &mut Check, pointer: &str, chosen: &[T], of_product: &[T]) {
    check.distinct(pointer, chosen);
    for (index, id) in chosen.iter().enumerate() {
        check.that(of_product.contains(id), &format!("{pointer}/{index}"), "UNKNOWN", || {
            "does not belong to the product".to_owned()
        });
    }
}

impl From<Assignment> for AssignmentView {
    fn from(assignment: Assignment) -> Self {
        let Assignment {
            tenant_id: _,
            id,
            version,
            external_key,
            customer_id,
            product_id,
            product_name,
            name,
            license_level,
            outcome_ids,
            release_ids,
            plan_id,
            created_at,
            updated_at,
        } = assignment;
        Self {
            id,
            version,
            external_key,
            customer_id,
            product_id,
            product_name,
            name,
            license_level,
            outcome_ids,
            release_ids,
            plan_id,
            created_at,
            updated_at,
        }
    }
}
