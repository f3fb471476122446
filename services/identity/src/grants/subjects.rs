//! Whom grants are for: members, roles and service accounts, and what a grant means to their tokens.

use auth::{Granted, Patterns};
use contracts::identity::{GRANT_DELETED, GrantSubject, GrantView};
use db::{Conn, Tx};
use kernel::problem::PERMISSION_DENIED;
use kernel::{MembershipId, Problem, RoleId, ServiceAccountId, TenantId, UserId};
use uuid::Uuid;

use super::model::Grant;
use super::store;
use crate::{members, partners, roles};

/// Somebody whom a grant may be for, locked until the transaction ends.
pub(super) enum Subject {
    Member(MembershipId),
    Role(RoleId),
    Account(ServiceAccountId),
}

impl Subject {
    /// Finds and locks whom a grant is for: they cannot go while it is made.
    ///
    /// # Errors
    /// 422 when the tenant has no such member, role or service account.
    pub(super) async fn fetch(tx: &mut Tx, kind: GrantSubject, id: Uuid) -> Result<Self, Problem> {
        let found = match kind {
            GrantSubject::User => members::lock_of_user(tx, UserId(id)).await?.map(Self::Member),
            GrantSubject::Role => roles::lock(tx, RoleId(id)).await?.map(Self::Role),
            GrantSubject::ServiceAccount => partners::lock(tx, ServiceAccountId(id)).await?.map(Self::Account),
        };
        let unknown = || {
            let how =
                "names nobody of this tenant: give the userId of a member, or the id of a role or a service account";
            Problem::field("/subjectId", "UNKNOWN_SUBJECT", how)
        };
        found.ok_or_else(unknown)
    }

    /// Ends the tokens from before: they do not say that grants of this subject count.
    pub(super) async fn end_tokens(&self, tx: &mut Tx) -> Result<(), Problem> {
        match self {
            Self::Member(id) => members::touch(tx, &[*id]).await,
            Self::Role(id) => {
                let holders = members::holders(tx, *id).await?;
                members::touch(tx, &holders).await
            }
            Self::Account(id) => partners::touch(tx, *id).await,
        }
    }
}

/// Takes back all grants of somebody who goes.
pub(crate) async fn forget(tx: &mut Tx, subject: Uuid) -> Result<(), Problem> {
    let gone = store::delete_of(tx, subject).await?;
    let views: Vec<GrantView> = gone.into_iter().map(GrantView::from).collect();
    let pairs: Vec<_> =
        views.into_iter().map(|view| (GrantView { version: view.version + 1, ..view.clone() }, view)).collect();
    tx.announce_all(&GRANT_DELETED, pairs.iter().map(|(last, before)| (Some(before), last))).await
}

/// Refuses one who would give somebody roles with grants that they could not give themselves.
pub(crate) async fn may_give_roles(tx: &Tx, own: &Patterns, names: &[String]) -> Result<(), Problem> {
    let handed_out = store::of_roles(tx, tx.tenant(), names).await?;
    may_hand_out(tx, own, &handed_out).await
}

/// Refuses one who would get hold of a program with grants that they could not give themselves.
pub(crate) async fn may_wield(tx: &Tx, own: &Patterns, account: ServiceAccountId) -> Result<(), Problem> {
    let handed_out = store::of_subjects(tx, tx.tenant(), &[account.0]).await?;
    may_hand_out(tx, own, &handed_out).await
}

/// Refuses one who would act on somebody whom they could not grant what that one is granted.
pub(crate) async fn may_act_on(tx: &Tx, own: &Patterns, user: UserId) -> Result<(), Problem> {
    if tx.actor().person() == Some(user) {
        return Ok(());
    }
    let held = store::concerning(tx, tx.tenant(), user).await?;
    may_hand_out(tx, own, &held).await.map_err(|problem| match problem.kind() == &PERMISSION_DENIED {
        true => PERMISSION_DENIED.detail("This member is granted what you could not grant."),
        false => problem,
    })
}

/// Refuses the acting person some grants unless they may give each of them.
pub(super) async fn may_hand_out(tx: &Tx, own: &Patterns, handed_out: &[Grant]) -> Result<(), Problem> {
    if handed_out.is_empty() {
        return Ok(());
    }
    let granted = match tx.actor().person() {
        Some(user) => store::concerning(tx, tx.tenant(), user).await?,
        None => Vec::new(),
    };
    let granted: Vec<auth::Grant> = granted.iter().map(auth::Grant::from).collect();
    handed_out.iter().try_for_each(|grant| grant.require_giver(own, &granted))
}

/// Whose grants count for a person: what their token says.
pub(crate) async fn of_person(conn: &Conn, tenant: TenantId, user: UserId) -> Result<Option<Granted>, Problem> {
    let subjects = store::subjects_of(conn, tenant, user).await?;
    Ok((!subjects.is_empty()).then_some(Granted { subjects, within: None }))
}

/// The same of a program that came with a key; `within` is what the key allows at most.
pub(crate) async fn of_account(
    conn: &Conn,
    tenant: TenantId,
    account: ServiceAccountId,
    within: Option<Patterns>,
) -> Result<Option<Granted>, Problem> {
    let granted = store::of_subjects(conn, tenant, &[account.0]).await?;
    Ok((!granted.is_empty()).then_some(Granted { subjects: vec![account.0], within }))
}
