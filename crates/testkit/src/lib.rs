//! What tests stand on.
//!
//! Each test owns a database, copied from a migrated template in some 30 ms, and a queue prefix, so tests run in
//! parallel and see no other's events. Its users are HTTP clients. Postgres and RabbitMQ are real: `make test` starts
//! them and says where they are; for a single test, `cairn servers start` does the same.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that cannot stand should fall loudly"
)]

mod client;
mod database;
mod proxy;

pub use client::{Client, Response, send};
pub use database::{TestWorld, world};
pub use proxy::Proxy;
