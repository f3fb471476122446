//! Sets of permission patterns: what one must look like, and who may hand it out.

use auth::Patterns;
use kernel::problem::PERMISSION_DENIED;
use kernel::{Check, Problem};

const MOST: usize = 50;
/// They travel in every token of whoever has them: this much, in bytes.
const MOST_BYTES: usize = 2_000;

/// What a set of patterns must look like.
pub(crate) fn check(check: &mut Check, pointer: &str, patterns: &[String]) {
    check.that(patterns.len() <= MOST, pointer, "TOO_MANY", || format!("give at most {MOST} patterns"));
    let bytes: usize = patterns.iter().map(String::len).sum();
    check.that(bytes <= MOST_BYTES, pointer, "TOO_LONG", || {
        format!("has {bytes} characters together; give at most {MOST_BYTES}, with patterns such as catalog:*:read")
    });
    for (index, pattern) in patterns.iter().enumerate() {
        check.that(Patterns::is_valid(pattern), &format!("{pointer}/{index}"), "PATTERN", || {
            format!("`{pattern}` is not domain:resource:action, each a word or *")
        });
    }
}

/// Nobody makes, changes, gives away or gets hold of what allows more than they may.
pub(crate) fn may_give(own: &Patterns, given: &Patterns) -> Result<(), Problem> {
    none_beyond(own, given, "You cannot give what you do not hold")
}

/// Nobody acts on somebody who may do more than they may themselves.
pub(crate) fn may_act_on(own: &Patterns, theirs: &Patterns) -> Result<(), Problem> {
    none_beyond(own, theirs, "This member may do what you may not")
}

fn none_beyond(own: &Patterns, theirs: &Patterns, fault: &str) -> Result<(), Problem> {
    let more: Vec<_> = theirs.as_slice().iter().filter(|pattern| !own.allow(pattern)).cloned().collect();
    if more.is_empty() { Ok(()) } else { Err(PERMISSION_DENIED.detail(format!("{fault}: {}.", more.join(", ")))) }
}

/// Refuses what would leave a member with more permissions than a token can carry.
pub(crate) fn must_fit_a_token(pointer: &str, all: &Patterns) -> Result<(), Problem> {
    if all.as_slice().iter().map(String::len).sum::<usize>() <= MOST_BYTES {
        return Ok(());
    }
    let how = "together allow more single things than a token can carry; use patterns such as catalog:*:read";
    Err(Problem::field(pointer, "TOO_MANY_PERMISSIONS", how))
}
