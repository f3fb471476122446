//! Durable work for later: timers, retries, schedules, in the service's own schema.
//!
//! A job is scheduled in the transaction that wants it ([`schedule()`]), so it exists exactly when that change does. It has
//! a kind, a key that is unique within the kind, and carries ids, never content. The [`run`]ner of any replica leases what
//! is due, enters the job's tenant, and lets the job's end commit together with its effects: at least once, and once in
//! effect. A job that fails comes back after a growing pause; after [`ATTEMPTS`] tries it is parked, for `cairn doctor`.

mod retry;
mod runner;
mod schedule;

pub use retry::ATTEMPTS;
pub use runner::{Kind, run, run_in_turns};
pub use schedule::{Job, cancel, schedule, schedule_all};
