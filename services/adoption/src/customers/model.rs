//! What a customer is and how it may change. Pure.

use contracts::adoption::CustomerView;
use diesel::prelude::*;
use kernel::problem::{Problem, ProblemKind};
use kernel::{Check, CustomerId, Field, TenantId, Timestamp};
use serde::Deserialize;

use crate::schema::customers;

/// Two customers of a tenant cannot share an external key.
pub(crate) static KEY_TAKEN: ProblemKind =
    ProblemKind::new("CUSTOMER_EXTERNAL_KEY_TAKEN", 409, "Another customer has this external key");
/// Nothing is assigned to a customer who is deleted.
static DELETED: ProblemKind = ProblemKind::new("CUSTOMER_DELETED", 409, "The customer is deleted");

/// A row of `customers`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = customers, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub(crate) struct Customer {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: CustomerId,
    pub(crate) version: i64,
    pub(crate) external_key: Option<String>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) deleted_at: Option<Timestamp>,
}

/// A new customer.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Northwind Ferries", "description": "Forty ships, six ports", "externalKey": "northwind" }))]
pub(crate) struct CreateCustomer {
    /// 1 to 255 characters.
    name: String,
    /// Up to 5,000 characters.
    description: Option<String>,
    /// The caller's own key, unique per tenant: makes imports repeatable.
    external_key: Option<String>,
}

/// A change of a customer's own fields; what is left out stays, `null` clears.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "description": "Forty-two ships, six ports" }))]
pub(crate) struct CustomerPatch {
    /// 1 to 255 characters.
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    name: Field<String>,
    /// Up to 5,000 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Field<String>,
    /// The caller's own key.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    external_key: Field<String>,
}

/// Filters of the list of customers.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CustomerQuery {
    /// Rows per page, 1 to 200 (default 50).
    pub(crate) limit: Option<u16>,
    /// `nextCursor` of the page before.
    pub(crate) cursor: Option<String>,
    /// Also return the exact `total`.
    pub(crate) count: Option<bool>,
    /// Only customers whose name, key or description holds these words, whatever the case of their letters.
    pub(crate) q: Option<String>,
    /// Only the customer with this key.
    pub(crate) external_key: Option<String>,
    /// `include`: deleted customers as well.
    #[param(inline)]
    deleted: Option<Deleted>,
}

/// Whether deleted rows are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Deleted {
    /// They are.
    Include,
}

impl CustomerQuery {
    pub(crate) fn includes_deleted(&self) -> bool {
        self.deleted == Some(Deleted::Include)
    }
}

impl Customer {
    /// A new customer at version 1.
    pub(crate) fn create(command: CreateCustomer, tenant_id: TenantId, now: Timestamp) -> Result<Self, Problem> {
        let CreateCustomer { name, description, external_key } = command;
        let customer = Self {
            tenant_id,
            id: CustomerId::fresh(),
            version: 1,
            external_key,
            name: name.trim().to_owned(),
            description,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        };
        customer.check(Check::new())?;
        Ok(customer)
    }

    /// The customer after a patch.
    pub(crate) fn change(mut self, patch: CustomerPatch, now: Timestamp) -> Result<Self, Problem> {
        let CustomerPatch { name, description, external_key } = patch;
        let mut check = Check::new();
        check.not_null("/name", name.set(&mut self.name));
        description.set_option(&mut self.description);
        external_key.set_option(&mut self.external_key);
        self.name = self.name.trim().to_owned();
        self.check(check)?;
        Ok(self.touched(now))
    }

    /// The customer as deleted at `now`.
    pub(crate) fn delete(self, now: Timestamp) -> Self {
        Self { deleted_at: Some(now), ..self.touched(now) }
    }

    /// The customer brought back.
    pub(crate) fn restore(self, now: Timestamp) -> Self {
        Self { deleted_at: None, ..self.touched(now) }
    }

    /// Refuses to go on with a customer who is deleted.
    pub(crate) fn require_present(&self) -> Result<(), Problem> {
        match self.deleted_at {
            None => Ok(()),
            Some(_) => {
                let how = format!("Restore it first: POST /adoption/v1/customers/{}/restore.", self.id);
                Err(DELETED.detail(format!("The customer is deleted. {how}")))
            }
        }
    }

    fn touched(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }

    fn check(&self, mut check: Check) -> Result<(), Problem> {
        check.line("/name", &self.name, 1, 255);
        check.optional_text("/description", self.description.as_deref(), 5_000);
        if let Some(key) = &self.external_key {
            check.text("/externalKey", key, 1, 200);
        }
        check.finish()
    }
}

impl From<Customer> for CustomerView {
    fn from(customer: Customer) -> Self {
        let Customer { tenant_id: _, id, version, external_key, name, description, created_at, updated_at, deleted_at } =
            customer;
        Self { id, version, external_key, name, description, created_at, updated_at, deleted_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(json: serde_json::Value) -> Result<Customer, Problem> {
        let command = serde_json::from_value(json).unwrap();
        Customer::create(command, TenantId::fresh(), Timestamp::from_micros(0))
    }

    #[test]
    fn every_fault_of_a_customer_is_told_at_once() {
        let problem = create(serde_json::json!({ "name": " ", "description": "x".repeat(5_001), "externalKey": "" }))
            .unwrap_err();
        let pointers: Vec<_> = problem.errors().iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/name", "/description", "/externalKey"]);
    }

    #[test]
    fn deleting_and_restoring_keeps_everything_but_version_and_time() {
        let customer = create(serde_json::json!({ "name": " Northwind " })).unwrap();
        assert_eq!(customer.name, "Northwind");
        let later = Timestamp::from_micros(1);
        let deleted = customer.clone().delete(later);
        assert!(deleted.require_present().is_err());
        let back = deleted.restore(later);
        assert_eq!((back.version, back.name, back.deleted_at), (3, customer.name, None));
    }
}
