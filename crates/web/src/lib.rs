//! The actix shell every service wears.
//!
//! A service describes itself as a [`Service`]; [`serve`] runs it. A handler names what it needs in its parameters:
//! [`Allow`] (who may call), [`Body`], [`Query`], [`Path`]; and answers through [`Allow::read`] or [`Allow::write`], which
//! see to the tenancy wall, idempotency, ETags and positions. Everything that goes wrong is a [`kernel::Problem`].

mod allow;
mod boundary;
mod commands;
mod events_log;
mod failure;
mod health;

mod input;
mod internal;
pub mod openapi;
mod position;
mod reply;
mod revocations;
mod serve;
mod service;

pub use allow::{Allow, authenticate, bearer, client_address};
pub use boundary::{Boundary, trace_of};
pub use failure::{Answer, Failure, problem_response};
pub use input::{Body, Path, Query, RawBody};
pub use internal::Internal;
pub use reply::Reply;
pub use revocations::hear_revocations;
pub use serve::{Running, ServeError, keep_keys, load_keys, serve};
pub use service::{Background, Context, NO_MIGRATIONS, Service, no_consumers, no_setup, nothing_more};
