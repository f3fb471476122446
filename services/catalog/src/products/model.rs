//! What a product is and how it may change. Pure.

use contracts::catalog::{ProductView, Resource};
use db::Json;
use diesel::prelude::*;
use kernel::problem::{Problem, ProblemKind};
use kernel::{Check, Field, ProductId, TenantId, Timestamp};
use serde::Deserialize;

use crate::fields;
use crate::refusals::Refusal;
use crate::schema::products;

static NAME_TAKEN: ProblemKind = ProblemKind::new("PRODUCT_NAME_TAKEN", 409, "Another product has this name");
static KEY_TAKEN: ProblemKind = ProblemKind::new("PRODUCT_EXTERNAL_KEY_TAKEN", 409, "Another product has this external key");

/// What cannot be shared by two products of a tenant.
pub(super) static REFUSALS: &[Refusal] = &[
    ("products_name_key", &NAME_TAKEN, "Another product has this name. Choose another, or rename that one."),
    ("products_external_key_key", &KEY_TAKEN, "GET /catalog/v1/products?externalKey=… finds the product that has it."),
];

/// A row of `products`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = products, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Product {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: ProductId,
    pub(crate) version: i64,
    pub(crate) revision: i64,
    pub(crate) external_key: Option<String>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) resources: Json<Vec<Resource>>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) deleted_at: Option<Timestamp>,
}

/// A new product.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Harbour Gate", "description": "Network access for branch offices", "externalKey": "harbour-gate" }))]
pub(crate) struct CreateProduct {
    /// 1 to 255 characters, unique among the tenant's products.
    pub(crate) name: String,
    /// Up to 5,000 characters.
    pub(crate) description: Option<String>,
    /// The caller's own key, unique per tenant: makes imports repeatable.
    pub(crate) external_key: Option<String>,
    /// Links that help, in order.
    #[serde(default)]
    pub(crate) resources: Vec<Resource>,
}

/// A change of a product's own fields; what is left out stays, `null` clears.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "description": "Network access for branch offices and ships" }))]
pub(crate) struct ProductPatch {
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

impl Product {
    /// A new product at version 1.
    pub(crate) fn create(command: CreateProduct, tenant_id: TenantId, now: Timestamp) -> Result<Self, Problem> {
        let CreateProduct { name, description, external_key, resources } = command;
        let product = Self {
            tenant_id,
            id: ProductId::fresh(),
            version: 1,
            revision: 1,
            external_key,
            name: name.trim().to_owned(),
            description,
            resources: Json(resources),
            created_at: now,
            updated_at: now,
            deleted_at: None,
        };
        product.check(Check::new())?;
        Ok(product)
    }

    /// The product after a patch.
    pub(crate) fn change(mut self, patch: ProductPatch, now: Timestamp) -> Result<Self, Problem> {
        let ProductPatch { name, description, external_key, resources } = patch;
        let mut check = Check::new();
        check.not_null("/name", name.set(&mut self.name));
        check.not_null("/resources", resources.set(&mut self.resources.0));
        description.set_option(&mut self.description);
        external_key.set_option(&mut self.external_key);
        self.name = self.name.trim().to_owned();
        self.check(check)?;
        Ok(self.touched(now))
    }

    /// The product as deleted at `now`.
    pub(crate) fn delete(self, now: Timestamp) -> Self {
        Self { deleted_at: Some(now), ..self.touched(now) }
    }

    /// The product brought back.
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

impl From<Product> for ProductView {
    fn from(product: Product) -> Self {
        let Product {
            tenant_id: _,
            id,
            version,
            revision,
            external_key,
            name,
            description,
            resources: Json(resources),
            created_at,
            updated_at,
            deleted_at,
        } = product;
        Self { id, version, revision, external_key, name, description, resources, created_at, updated_at, deleted_at }
    }
}
