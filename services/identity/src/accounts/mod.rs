//! The global tables: the only code that touches what belongs to no tenant.

pub(crate) mod failures;
pub(crate) mod sessions;
pub(crate) mod signing_keys;
pub(crate) mod tenants;
pub(crate) mod users;
