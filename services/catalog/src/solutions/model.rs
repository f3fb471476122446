//! What a solution is and how it may change. Pure.

use contracts::catalog::{SolutionView, Resource};
use db::Json;
use diesel::prelude::*;
use kernel::problem::{Problem, ProblemKind};
use kernel::{Check, Field, ProductId, SolutionId, TenantId, Timestamp};
use serde::Deserialize;

use crate::fields;
use crate::refusals::Refusal;
use crate::schema::solutions;

static KEY_TAKEN: ProblemKind = ProblemKind::new("SOLUTION_EXTERNAL_KEY_TAKEN", 409, "Another solution has this external key");

/// The most products a solution bundles: one page of them.
const MOST_PRODUCTS: usize = 200;

/// What cannot be shared by two solutions of a tenant.
pub(super) static REFUSALS: &[Refusal] = &[
    ("solutions_external_key_key", &KEY_TAKEN, "GET /catalog/v1/solutions?externalKey=… finds the solution that has it."),
];

/// A row of `solutions`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = solutions, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Solution {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: SolutionId,
    pub(crate) version: i64,
    pub(crate) revision: i64,
    pub(crate) external_key: Option<String>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) resources: Json<Vec<Resource>>,
    pub(crate) product_ids: Vec<ProductId>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) deleted_at: Option<Timestamp>,
}

/// A new solution.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Branch in a box", "description": "All a new branch office needs", "externalKey": "branch-in-a-box" }))]
pub(crate) struct CreateSolution {
    /// 1 to 255 characters; names may repeat.
    pub(crate) name: String,
    /// Up to 5,000 characters.
    pub(crate) description: Option<String>,
    /// The caller's own key, unique per tenant: makes imports repeatable.
    pub(crate) external_key: Option<String>,
    /// Links that help, in order.
    #[serde(default)]
    pub(crate) resources: Vec<Resource>,
}

/// A change of a solution's own fields; what is left out stays, `null` clears.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "description": "All a new branch office or ship needs" }))]
pub(crate) struct SolutionPatch {
    /// 1 to 255 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) name: Field<String>,
    /// Up to 5,000 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) description: Field<String>,
    /// The caller's own key.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) external_key: Field<String>,
    /// Replaces the links.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Resource>>)]
    pub(crate) resources: Field<Vec<Resource>>,
}

/// The products of a solution, in order.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AssignProducts {
    /// Replaces the list; up to 200, none twice.
    pub(crate) product_ids: Vec<ProductId>,
}

impl Solution {
    /// A new solution at version 1.
    pub(crate) fn create(command: CreateSolution, tenant_id: TenantId, now: Timestamp) -> Result<Self, Problem> {
        let CreateSolution { name, description, external_key, resources } = command;
        let solution = Self {
            tenant_id,
            id: SolutionId::fresh(),
            version: 1,
            revision: 1,
            external_key,
            name: name.trim().to_owned(),
            description,
            resources: Json(resources),
            product_ids: Vec::new(),
            created_at: now,
            updated_at: now,
            deleted_at: None,
        };
        solution.check(Check::new())?;
        Ok(solution)
    }

    /// The solution after a patch.
    pub(crate) fn change(mut self, patch: SolutionPatch, now: Timestamp) -> Result<Self, Problem> {
        let SolutionPatch { name, description, external_key, resources } = patch;
        let mut check = Check::new();
        check.not_null("/name", name.set(&mut self.name));
        check.not_null("/resources", resources.set(&mut self.resources.0));
        description.set_option(&mut self.description);
        external_key.set_option(&mut self.external_key);
        self.name = self.name.trim().to_owned();
        self.check(check)?;
        Ok(self.touched(now))
    }

    /// The solution with other products in its bundle. Each must be among `known`, the products that are not deleted.
    pub(crate) fn bundle(self, product_ids: Vec<ProductId>, known: &[ProductId], now: Timestamp) -> Result<Self, Problem> {
        let mut check = Check::new();
        check.that(product_ids.len() <= MOST_PRODUCTS, "/productIds", "TOO_MANY", || format!("give {MOST_PRODUCTS} at most"));
        check.distinct("/productIds", &product_ids);
        for (index, id) in product_ids.iter().enumerate() {
            check.that(known.contains(id), &format!("/productIds/{index}"), "NOT_FOUND", || format!("{id} is not a product"));
        }
        check.finish()?;
        Ok(Self { product_ids, ..self.touched(now) })
    }

    /// The solution as deleted at `now`.
    pub(crate) fn delete(self, now: Timestamp) -> Self {
        Self { deleted_at: Some(now), ..self.touched(now) }
    }

    /// The solution brought back.
    pub(crate) fn restore(self, now: Timestamp) -> Self {
        Self { deleted_at: None, ..self.touched(now) }
    }

    fn touched(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, revision: self.revision + 1, updated_at: now, ..self }
    }

    fn check(&self, mut check: Check) -> Result<(), Problem> {
        fields::name(&mut check, &self.name);
        fields::description(&mut check, self.description.as_deref());
        fields::external_key(&mut check, self.external_key.as_deref());
        fields::resources(&mut check, &self.resources.0);
        check.finish()
    }
}

impl From<Solution> for SolutionView {
    fn from(solution: Solution) -> Self {
        let Solution {
            tenant_id: _,
            id,
            version,
            revision,
            external_key,
            name,
            description,
            resources: Json(resources),
            product_ids,
            created_at,
            updated_at,
            deleted_at,
        } = solution;
        Self { id, version, revision, external_key, name, description, resources, product_ids, created_at, updated_at, deleted_at }
    }
}
