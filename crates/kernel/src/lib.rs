//! The values that every service shares: typed ids, time, who acts, what went wrong, how lists page.
//!
//! Nothing here waits, opens or sends. Everything else in the house depends on this crate, so it changes rarely.

pub mod actor;
pub mod check;
pub mod config;
pub mod hundredths;
pub mod ids;
pub mod keys;
pub mod network;
pub mod page;
pub mod patch;
pub mod problem;
pub mod reading;
pub mod secret;
pub mod text;
pub mod time;
pub mod trace;

pub use actor::{Actor, ActorKind};
pub use check::Check;
pub use hundredths::Hundredths;
pub use ids::*;
pub use page::{Cursor, Page, PageQuery};
pub use patch::Field;
pub use problem::{FieldError, Problem, ProblemKind};
pub use secret::Secret;
pub use time::{Clock, Timestamp};
pub use trace::Trace;
