//! What a person's own changes mean to the tenants they belong to.

use contracts::identity::{MEMBER_CHANGED, MEMBER_RENAMED};
use db::{Conn, Tx};
use kernel::{Actor, Problem, TenantId, UserId};

use super::{Member, MemberStatus, store};
use crate::accounts::users::{self, User};

/// A person's place in a tenant, with the names of their roles.
pub(crate) async fn of_user(
    conn: &Conn,
    tenant: TenantId,
    user: UserId,
) -> Result<Option<(Member, Vec<String>)>, Problem> {
    let Some(id) = store::id_of(conn, tenant, user).await? else { return Ok(None) };
    Ok(store::find(conn, tenant, id).await?.map(|(member, _, roles)| (member, roles)))
}

/// Tells every tenant of a person that they are called something else, or look different.
pub(crate) async fn tell_of_profile(tx: &mut Tx, before: &User, after: &User) -> Result<(), Problem> {
    let home = tx.actor().clone();
    for place in users::places_of(tx, after.id).await? {
        tx.enter(Actor { tenant: place.tenant_id, ..home.clone() }).await?;
        let Some((old, _, roles)) = store::find(tx, place.tenant_id, place.member_id).await? else { continue };
        let new = Member { version: old.version + 1, updated_at: tx.now(), ..old.clone() };
        store::update(tx, &new).await?;
        tx.announce(&MEMBER_RENAMED, Some(&old.view(before, roles.clone())), &new.view(after, roles)).await?;
    }
    tx.enter(home).await
}

/// Lets somebody in who waited for their address to be verified.
pub(crate) async fn let_in(tx: &mut Tx, tenant: TenantId, user: UserId) -> Result<(), Problem> {
    let Some(id) = store::id_of(tx, tenant, user).await? else { return Ok(()) };
    let Some((before, person, roles)) = store::find(tx, tenant, id).await? else { return Ok(()) };
    if before.status != MemberStatus::Pending {
        return Ok(());
    }
    let after = before.changed(MemberStatus::Active, tx.now());
    store::update(tx, &after).await?;
    tx.announce(&MEMBER_CHANGED, Some(&before.view(&person, roles.clone())), &after.view(&person, roles)).await
}
