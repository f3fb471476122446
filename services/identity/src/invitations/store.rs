//! The statements of invitations.

use db::{Conn, Tx, on_constraint};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{InvitationId, Problem, TenantId};

use super::{ALREADY_INVITED, Invitation, InvitationStatus};
use crate::schema::{invitations, members, users};

pub(super) async fn find(mut conn: &Conn, tenant: TenantId, id: InvitationId) -> Result<Option<Invitation>, Problem> {
    Ok(invitations::table.find((tenant, id)).select(Invitation::as_select()).first(&mut conn).await.optional()?)
}

/// One that waits, for the letter that is to be written.
pub(crate) async fn find_pending(
    conn: &Conn,
    tenant: TenantId,
    id: InvitationId,
) -> Result<Option<Invitation>, Problem> {
    Ok(find(conn, tenant, id).await?.filter(|found| found.status == InvitationStatus::Pending))
}

pub(super) async fn fetch_for_change(tx: &mut Tx, id: InvitationId) -> Result<Invitation, Problem> {
    let row = invitations::table.find((tx.tenant(), id)).select(Invitation::as_select()).for_update();
    row.first(&mut tx.conn()).await.optional()?.ok_or_else(|| Problem::not_found("invitation"))
}

/// A page of invitations, the newest first.
pub(super) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    statuses: &[InvitationStatus],
    after: Option<InvitationId>,
    limit: i64,
) -> Result<Vec<Invitation>, Problem> {
    let mut rows =
        invitations::table.filter(invitations::tenant_id.eq(tenant)).select(Invitation::as_select()).into_boxed();
    if !statuses.is_empty() {
        rows = rows.filter(invitations::status.eq_any(statuses.to_vec()));
    }
    if let Some(after) = after {
        rows = rows.filter(invitations::id.lt(after));
    }
    Ok(rows.order(invitations::id.desc()).limit(limit + 1).load(&mut conn).await?)
}

pub(super) async fn insert(tx: &mut Tx, invitation: &Invitation) -> Result<(), Problem> {
    let how = "An invitation to this address waits already. Send it again, or withdraw it.";
    diesel::insert_into(invitations::table)
        .values(invitation)
        .execute(&mut tx.conn())
        .await
        .map_err(on_constraint("invitations_pending_key", ALREADY_INVITED.detail(how).at("/email", "INVITED", how)))?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, invitation: &Invitation) -> Result<(), Problem> {
    let row = invitations::table.find((invitation.tenant_id, invitation.id));
    diesel::update(row).set(invitation).execute(&mut tx.conn()).await?;
    Ok(())
}

/// The invitations of some addresses, in lower case, that nobody followed in time.
pub(super) async fn expired_for_change(tx: &mut Tx, folded: &[String]) -> Result<Vec<Invitation>, Problem> {
    let rows = invitations::table
        .filter(invitations::tenant_id.eq(tx.tenant()))
        .filter(invitations::status.eq(InvitationStatus::Pending))
        .filter(invitations::email_folded.eq_any(folded))
        .filter(invitations::expires_at.le(tx.now()))
        .order(invitations::id)
        .select(Invitation::as_select())
        .for_update();
    Ok(rows.load(&mut tx.conn()).await?)
}

/// Those of some addresses who are members here already, or invited, in lower case.
pub(super) async fn known(tx: &Tx, folded: &[String]) -> Result<Vec<String>, Problem> {
    let mut known: Vec<String> = members::table
        .inner_join(users::table.on(users::id.eq(members::user_id)))
        .filter(members::tenant_id.eq(tx.tenant()))
        .filter(users::email_folded.eq_any(folded))
        .select(users::email_folded)
        .load(&mut tx.conn())
        .await?;
    let invited: Vec<String> = invitations::table
        .filter(invitations::tenant_id.eq(tx.tenant()))
        .filter(invitations::status.eq(InvitationStatus::Pending))
        .filter(invitations::expires_at.gt(tx.now()))
        .filter(invitations::email_folded.eq_any(folded))
        .select(invitations::email_folded)
        .load(&mut tx.conn())
        .await?;
    known.extend(invited);
    Ok(known)
}

/// Whether an address is a member's here.
pub(super) async fn is_member(tx: &Tx, folded: &str) -> Result<bool, Problem> {
    let found = members::table
        .inner_join(users::table.on(users::id.eq(members::user_id)))
        .filter(members::tenant_id.eq(tx.tenant()))
        .filter(users::email_folded.eq(folded))
        .count();
    Ok(found.get_result::<i64>(&mut tx.conn()).await? > 0)
}
