//! Typed HTTP clients of the services, for asking when an answer is needed now; for everything else there are events.
//!
//! A call speaks as the calling service, with a token of its own, for the person behind the work, in the same trace. It
//! never waits long: a service that is away is a 503 of the caller's own, before anything was changed.

mod adoption;
mod caller;
mod catalog;
mod identity;
mod telemetry;

pub use adoption::Adoption;
pub use caller::Caller;
pub use catalog::Catalog;
pub use identity::{Identity, KeyToken};
pub use telemetry::Telemetry;
