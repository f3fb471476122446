//! Uniqueness is the database's to decide: a statement says what each constraint means when it is broken.

use diesel::result::Error;
use kernel::problem::{Problem, ProblemKind};

/// What breaking one constraint means: the constraint, the problem, what to do.
pub(crate) type Refusal = (&'static str, &'static ProblemKind, &'static str);

/// The problem that a broken constraint stands for. Every other database error keeps its own meaning.
pub(crate) fn refused(refusals: &[Refusal]) -> impl FnOnce(Error) -> Problem {
    move |error| {
        let broken = match &error {
            Error::DatabaseError(_, info) => info.constraint_name(),
            _ => None,
        };
        match refusals.iter().find(|(constraint, ..)| broken == Some(constraint)) {
            Some((_, kind, detail)) => kind.detail(*detail),
            None => error.into(),
        }
    }
}
