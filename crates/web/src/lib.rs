//! The actix shell every service wears.
//!
//! A service describes itself as a [`Service`]; [`serve()`] runs it. A handler names what it needs in its parameters:
//! [`Allow`] (who may call), [`Body`], [`Query`], [`Path`]; and answers through [`Allow::read`] or [`Allow::write`], which
//! see to the tenancy wall, idempotency, ETags and positions. Everything that goes wrong is a [`kernel::Problem`].

mod allow;
pub mod attachment;
mod boundary;
mod commands;
mod failure;
mod file;
mod health;

mod input;
mod internal;
mod methods;
pub mod openapi;
mod packed;
mod position;
pub mod refusals;
mod reply;
mod serve;
mod service;
mod trust;

pub use allow::{Allow, Confinable, authenticate, bearer, client_address, is_free};
pub use boundary::{Boundary, PassedOn, trace_of};
pub use failure::{Answer, Failure, problem_response};
pub use file::{Format, Rows, file};
pub use input::{Body, Path, Query, RawBody, json};
pub use internal::Internal;
pub use methods::only;
pub use packed::PackedBody;
pub use reply::Reply;
pub use serve::{Running, ServeError, serve};
pub use service::{Background, Context, NO_MIGRATIONS, Service, no_consumers, no_setup, nothing_more};
pub use trust::keep_trust;
