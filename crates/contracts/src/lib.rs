//! What crosses a service's border, and nothing else: the envelope of events, each event type with its state, and the
//! views that HTTP answers with. A view and an event's state are one type, so partners learn a noun once.
//!
//! One module per producing service. A breaking change is a new version of the type, never an edit.

pub mod adoption;
pub mod catalog;
mod envelope;
pub mod identity;
pub mod telemetry;

pub use envelope::{Aggregate, Change, Envelope, EventSpec, EventType, Payload, changes};

/// Every event type of the platform, for the AsyncAPI document and for the topology's own test.
#[must_use]
pub fn events() -> Vec<EventSpec> {
    [identity::events(), catalog::events(), adoption::events(), telemetry::events()].concat()
}
