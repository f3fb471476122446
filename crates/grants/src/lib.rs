//! Grants where they count. Identity gives them out; the services that own what is granted hear of them and ask here what a
//! caller may do with one thing. A service with things to grant has the table `grants` in its schema, a queue that hears
//! `identity.grant.*`, the [`consumer`] for it, and asks [`require`] before it shows or changes a thing.
//!
//! Who holds a permission wholly costs nothing here: only a caller whom grants narrow is looked up. Whose grants count for
//! whom is in the caller's token, so that a changed role takes effect as it does everywhere, with the next token.

mod projection;
mod schema;

use auth::{Grant, Permission, Question, decide};
use contracts::identity::GrantedType;
use db::Conn;
use kernel::Problem;
use kernel::problem::PERMISSION_DENIED;
use uuid::Uuid;
use web::Allow;

pub use contracts::identity::Scope;
pub use projection::consumer;

/// The grants that concern a caller, in the order they were made.
///
/// # Errors
/// When the database does not answer.
pub async fn of<P>(conn: &Conn, who: &Allow<P>) -> Result<Vec<Grant>, Problem> {
    match &who.granted {
        Some(granted) => projection::of_subjects(conn, who.tenant, &granted.subjects).await,
        None => Ok(Vec::new()),
    }
}

/// Refuses a caller who may not do `P` with a thing, or may not make one when there is no id. `related` are the solutions
/// that bundle a product, or the products of a solution.
///
/// # Errors
/// 404 with `noun` when the caller may not even see the thing, else 403 with the permission.
pub fn require<P: Permission>(
    who: &Allow<P>,
    grants: &[Grant],
    (on, id): (GrantedType, Option<Uuid>),
    related: &[Uuid],
    noun: &'static str,
) -> Result<(), Problem> {
    let asked = Question { permission: P::NAME, resource_type: on, resource_id: id, related: Some(related) };
    let decision = decide(&who.permissions, grants, &asked);
    if decision.allowed {
        return Ok(());
    }
    let reading = P::NAME.rsplit_once(':').map(|(what, _)| format!("{what}:read")).unwrap_or_default();
    if id.is_none() || decision.level.is_some() || who.permissions.allow(&reading) {
        return Err(PERMISSION_DENIED.detail(format!("This needs the permission {} here.", P::NAME)));
    }
    Err(Problem::not_found(noun))
}

/// The customers with whom, and with all of whom, a caller may do `P`.
///
/// # Errors
/// When the database does not answer.
pub async fn customers<P: Permission>(who: &Allow<P>, conn: &Conn) -> Result<Scope, Problem> {
    if who.holds_wholly() {
        return Ok(Scope::All);
    }
    let (granted, on) = (of(conn, who).await?, GrantedType::Customer);
    if everywhere(who, &granted, on, P::NAME) {
        return Ok(Scope::All);
    }
    let customers = granted.iter().filter(|grant| grant.resource_type == on).filter_map(|grant| grant.resource_id);
    let allowed = |id| require(who, &granted, (on, Some(id)), &[], "customer").is_ok();
    Ok(Scope::Some(customers.filter(|id| allowed(*id)).collect()))
}

/// Whether grants let a caller do something with all of a kind: with a thing that no grant names.
#[must_use]
pub fn everywhere<P>(who: &Allow<P>, grants: &[Grant], on: GrantedType, permission: &str) -> bool {
    let asked = Question { permission, resource_type: on, resource_id: Some(Uuid::nil()), related: Some(&[]) };
    decide(&who.permissions, grants, &asked).allowed
}
