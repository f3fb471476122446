//! The rule language: it says, of one value at one moment, whether a condition is met, and why.
//!
//! The story runs in one direction. A *notation* (today `success_criteria`, the JSON that catalog authors
//! write) is parsed, checked against the attribute's [`DataType`], and becomes a [`Criterion`]: a small tree
//! of leaves joined by *all* and *any*. Everything after that, evaluation, explanation, the search for
//! an example, works on the tree alone, so a further notation is a further folder and changes nothing else.
//!
//! Three promises hold everywhere and are kept by property tests:
//! - nothing here does I/O, reads a clock or panics, whatever JSON it is given;
//! - [`Criterion::explain`] and [`Criterion::evaluate`] never disagree;
//! - a [`Verdict`] stands until its `recheck_at`: before that moment only a new value can change it.

mod criterion;
mod data_type;
mod explanation;
mod leaf;
mod reading;
mod success_criteria;
mod witness;

pub use criterion::{Criterion, Verdict};
pub use data_type::{DataType, DecimalSign, ValueError};
pub use explanation::Explanation;
pub use success_criteria::CriterionError;
