//! The one door to Postgres.
//!
//! A read goes through [`Db::read`], a change through [`Db::write`]: both set the tenant transaction-locally, so the
//! row security of every table applies, and only [`Tx`], which `write` hands out, can announce events. There is no
//! other way to a connection.

mod door;
mod json;
mod migrate;
#[expect(missing_docs, reason = "diesel's macro documents neither columns nor modules; the migration does")]
mod schema;
mod tx;

pub use door::{Conn, Db, Wake};
pub use json::Json;
pub use migrate::{Migrations, migrate, revert_all};
pub use schema::{events, idempotency_keys, inbox, jobs};
pub use tx::{Announced, Tx};

use kernel::Problem;

/// Says what a broken constraint means here: `insert(..).map_err(on_constraint("products_name_key", NameTaken))`.
/// Every other database error keeps its own meaning.
pub fn on_constraint<E: Into<Problem>>(
    name: &'static str,
    meaning: E,
) -> impl FnOnce(diesel::result::Error) -> Problem {
    move |error| match &error {
        diesel::result::Error::DatabaseError(_, info) if info.constraint_name() == Some(name) => meaning.into(),
        _ => error.into(),
    }
}
