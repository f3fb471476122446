//! The global tables: the only code that touches what belongs to no tenant.

pub(crate) mod data_keys;
pub(crate) mod factors;
pub(crate) mod failures;
pub(crate) mod letters;
pub(crate) mod links;
pub(crate) mod pictures;
pub(crate) mod sessions;
pub(crate) mod signing_keys;
pub(crate) mod tenants;
pub(crate) mod users;
