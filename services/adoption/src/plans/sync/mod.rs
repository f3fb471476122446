//! Sync: a plan follows the catalog again, and keeps what its people did.
//!
//! A three-way merge. The catalog *then* is what it said when the plan was last made equal to it, the catalog *now* is
//! the plan as it would be made today, and between them stands the plan with the edits of its people. Where the catalog
//! moved and nobody has touched the plan, the plan moves too; where somebody has, theirs stays and the change says so.
//!
//! Nothing is deleted. A task that the catalog no longer has for this customer is retired, with its status remembered,
//! and comes back as it was. A telemetry attribute becomes inactive and keeps its id, by which its values are known.
//!
//! The changes are data. A dry run shows them, [`Synced::apply`] makes them and [`Synced::undo`] takes them back, without
//! taking back what people and telemetry did since. Versions and moments are left to whoever writes. Pure.

mod apply;
mod attributes;
mod definitions;
mod diff;
mod merge;
mod model;
mod rows;

pub(crate) use model::{Baseline, Standing, Sync, SyncChange, Synced, SyncedTask};
pub(crate) use rows::{SyncRow, SyncRowKind, counts};

#[cfg(test)]
mod examples;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod made_up;
