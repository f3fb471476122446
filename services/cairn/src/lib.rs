//! The platform as one value: its services, and how they run in one process.
//!
//! The binary runs any service alone; `cairn serve all` and the tests run them together through [`Platform`].

pub mod demo;
pub mod doctor;
pub mod documents;
pub mod generate;
pub mod operator;
mod platform;

pub use platform::{Platform, migrations, openapi, services};
