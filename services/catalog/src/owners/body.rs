//! What products and solutions are made of and changed by: they say the same things about themselves.

use contracts::catalog::Resource;
use kernel::{Check, Field};
use serde::Deserialize;

use crate::fields;

/// A new product or solution.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Harbour Gate", "description": "Network access for branch offices", "externalKey": "harbour-gate" }))]
pub(crate) struct CreateOwner {
    /// 1 to 255 characters; a product's is unique among the tenant's products.
    pub(crate) name: String,
    /// Up to 5,000 characters.
    pub(crate) description: Option<String>,
    /// The caller's own key, unique per tenant: makes imports repeatable.
    pub(crate) external_key: Option<String>,
    /// Links that help, in order.
    #[serde(default)]
    pub(crate) resources: Vec<Resource>,
}

/// A change of a product's or a solution's own fields; what is left out stays, `null` clears.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "description": "Network access for branch offices and ships" }))]
pub(crate) struct OwnerPatch {
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

impl OwnerPatch {
    /// Whether it changes nothing.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { name, description, external_key, resources } = self;
        name.is_absent() && description.is_absent() && external_key.is_absent() && resources.is_absent()
    }
}

impl CreateOwner {
    /// The command with its name trimmed, if it can stand.
    pub(crate) fn checked(mut self, mut check: Check) -> Result<Self, kernel::Problem> {
        self.name = self.name.trim().to_owned();
        fields::name(&mut check, &self.name);
        fields::description(&mut check, self.description.as_deref());
        fields::external_key(&mut check, self.external_key.as_deref());
        fields::resources(&mut check, &self.resources);
        check.finish()?;
        Ok(self)
    }

    /// The same fields after a patch, checked the same way.
    pub(crate) fn change(mut self, patch: OwnerPatch) -> Result<Self, kernel::Problem> {
        let OwnerPatch { name, description, external_key, resources } = patch;
        let mut check = Check::new();
        check.not_null("/name", name.set(&mut self.name));
        check.not_null("/resources", resources.set(&mut self.resources));
        description.set_option(&mut self.description);
        external_key.set_option(&mut self.external_key);
        self.checked(check)
    }
}
