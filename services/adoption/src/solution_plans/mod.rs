//! Solution plans: how a customer adopts several products together.
//!
//! A solution plan has tasks of its own; those of its products stay in their plans. Its sums are those of its own tasks
//! and of the plans together.

mod roll_up;
