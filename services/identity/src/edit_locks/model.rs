//! What a lock is, and who may do what with it. Pure.

use auth::{Grant, Patterns, Question, decide};
use chrono::Duration;
use contracts::identity::{EditLockView, GrantedType, LockedType};
use diesel::prelude::*;
use kernel::problem::PERMISSION_DENIED;
use kernel::{CustomerId, EditLockId, Problem, SessionId, TenantId, Timestamp, UserId};
use uuid::Uuid;

use crate::schema::edit_locks;

/// How long a lock lasts unless it is renewed.
const LIFETIME: Duration = Duration::minutes(15);

/// What is locked.
pub(super) type Resource = (LockedType, Uuid);

/// A row of `edit_locks`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = edit_locks, check_for_backend(diesel::pg::Pg))]
pub(super) struct EditLock {
    pub(super) tenant_id: TenantId,
    pub(super) id: EditLockId,
    pub(super) version: i64,
    pub(super) resource_type: LockedType,
    pub(super) resource_id: Uuid,
    pub(super) user_id: UserId,
    pub(super) user_name: String,
    pub(super) session_id: SessionId,
    pub(super) acquired_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

/// Somebody who holds a lock, or wants to.
#[derive(Debug, Clone)]
pub(super) struct Holder {
    pub(super) user: UserId,
    pub(super) name: String,
    pub(super) session: SessionId,
}

impl EditLock {
    pub(super) fn new(tenant_id: TenantId, resource: Resource, holder: Holder, now: Timestamp) -> Self {
        Self {
            tenant_id,
            id: EditLockId::fresh(),
            version: 1,
            resource_type: resource.0,
            resource_id: resource.1,
            user_id: holder.user,
            user_name: holder.name,
            session_id: holder.session,
            acquired_at: now,
            expires_at: now + LIFETIME,
        }
    }

    /// The lock for another quarter of an hour.
    pub(super) fn renewed(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, expires_at: now + LIFETIME, ..self }
    }

    /// The lock in other hands.
    pub(super) fn taken_over(self, holder: Holder, now: Timestamp) -> Self {
        let Holder { user: user_id, name: user_name, session: session_id } = holder;
        Self { user_id, user_name, session_id, acquired_at: now, ..self.renewed(now) }
    }

    /// The lock at its end.
    pub(super) fn released(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, expires_at: now, ..self }
    }

    /// Refuses everybody but the session that holds it, while it lasts.
    pub(super) fn require_holder(&self, session: SessionId, now: Timestamp) -> Result<(), Problem> {
        if self.session_id == session || self.expires_at <= now {
            return Ok(());
        }
        Err(locks::held(&self.user_name, self.expires_at, now))
    }
}

/// Only who may write something may lock it. Of a plan it counts whose it is, where grants are to count.
pub(super) fn may_lock(
    own: &Patterns,
    granted: &[Grant],
    on: Resource,
    customer: Option<CustomerId>,
) -> Result<(), Problem> {
    let needed: &[&str] = match on.0 {
        LockedType::Product | LockedType::Solution => &["catalog:product:write"],
        LockedType::Customer => &["adoption:customer:write"],
        LockedType::Plan => &["adoption:plan:write", "adoption:task:write"],
    };
    require(own, granted, granted_as(on, customer), needed)
}

/// Only who may see something may see who edits it. Of a plan it counts whose it is, where grants are to count.
pub(super) fn may_look(
    own: &Patterns,
    granted: &[Grant],
    on: Resource,
    customer: Option<CustomerId>,
) -> Result<(), Problem> {
    let needed: &[&str] = match on.0 {
        LockedType::Product | LockedType::Solution => &["catalog:product:read"],
        LockedType::Customer => &["adoption:customer:read"],
        LockedType::Plan => &["adoption:plan:read"],
    };
    require(own, granted, granted_as(on, customer), needed)
}

/// What is granted that lets somebody at a thing: the thing itself, or a plan's customer.
fn granted_as((kind, id): Resource, customer: Option<CustomerId>) -> Option<(GrantedType, Uuid)> {
    match kind {
        LockedType::Product => Some((GrantedType::Product, id)),
        LockedType::Solution => Some((GrantedType::Solution, id)),
        LockedType::Customer => Some((GrantedType::Customer, id)),
        LockedType::Plan => customer.map(|customer| (GrantedType::Customer, customer.0)),
    }
}

/// A grant on the thing, or on all of its kind, counts as well. What flows from products to solutions and back does not: only
/// the catalog knows which belong together.
fn require(own: &Patterns, granted: &[Grant], on: Option<(GrantedType, Uuid)>, any_of: &[&str]) -> Result<(), Problem> {
    let by_grant = |permission| {
        on.is_some_and(|(resource_type, id)| {
            let asked = Question { permission, resource_type, resource_id: Some(id), related: None };
            decide(own, granted, &asked).allowed
        })
    };
    if any_of.iter().any(|permission| own.allow(permission) || by_grant(permission)) {
        return Ok(());
    }
    Err(PERMISSION_DENIED.detail(format!("This needs the permission {}.", any_of.join(" or "))))
}

impl From<EditLock> for EditLockView {
    fn from(lock: EditLock) -> Self {
        let EditLock {
            tenant_id: _,
            id,
            version,
            resource_type,
            resource_id,
            user_id,
            user_name,
            session_id,
            acquired_at,
            expires_at,
        } = lock;
        Self { id, version, resource_type, resource_id, user_id, user_name, session_id, acquired_at, expires_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_keeps_others_out_while_it_lasts() {
        let holder = |name: &str| Holder { user: UserId::fresh(), name: name.to_owned(), session: SessionId::fresh() };
        let (kim, ann, now) = (holder("Kim"), holder("Ann"), Timestamp::from_micros(0));
        let later = now + LIFETIME;
        let lock = EditLock::new(TenantId::fresh(), (LockedType::Plan, Uuid::now_v7()), kim.clone(), now);
        assert!(lock.require_holder(kim.session, now).is_ok());
        assert!(lock.require_holder(ann.session, now).unwrap_err().text().contains("Kim"));
        assert!(lock.require_holder(ann.session, later).is_ok());
        assert!(lock.clone().renewed(now + Duration::minutes(1)).require_holder(ann.session, later).is_err());
        let taken = lock.taken_over(ann.clone(), now);
        assert!(taken.require_holder(ann.session, now).is_ok() && taken.require_holder(kim.session, now).is_err());
        assert!(taken.released(now).require_holder(kim.session, now).is_ok());
    }
}
