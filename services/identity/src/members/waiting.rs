//! People who registered by themselves and never followed the link: their names and addresses are free again after two days.

use chrono::Duration;
use contracts::identity::MEMBER_REMOVED;
use db::{Conn, Db, Tx};
use diesel::QueryableByName;
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{Actor, MembershipId, Problem, TenantId, Timestamp, Trace};

use super::{MemberStatus, store};
use crate::accounts::users;

const WAITED: Duration = Duration::days(2);

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = SqlUuid)]
    tenant_id: TenantId,
    #[diesel(sql_type = SqlUuid)]
    member_id: MembershipId,
}

/// Removes those who have waited too long, each in their tenant.
pub(crate) async fn forget(db: &Db, now: Timestamp) -> Result<(), Problem> {
    let waiting = db.global(async |conn| since(conn, now - WAITED).await).await?;
    for Waiting { tenant_id, member_id } in waiting {
        let actor = Actor::service("identity", tenant_id, Trace::start());
        db.write(&actor, async |tx| remove(tx, member_id).await).await?;
    }
    Ok(())
}

/// Past the wall, by a function that gives nothing else away.
async fn since(mut conn: &Conn, moment: Timestamp) -> Result<Vec<Waiting>, Problem> {
    let waiting = diesel::sql_query("select tenant_id, member_id from members_waiting_since($1)");
    Ok(waiting.bind::<Timestamptz, _>(moment).load(&mut conn).await?)
}

async fn remove(tx: &mut Tx, id: MembershipId) -> Result<(), Problem> {
    // Let in at the same moment: then they stay.
    let member = store::fetch_for_change(tx, id).await?;
    let Some((before, user, roles)) = store::find(tx, tx.tenant(), id).await? else { return Ok(()) };
    if member.status != MemberStatus::Pending || user.email_verified_at.is_some() {
        return Ok(());
    }
    let gone = before.changed(before.status, tx.now());
    tx.announce(&MEMBER_REMOVED, Some(&before.view(&user, roles.clone())), &gone.view(&user, roles)).await?;
    store::delete(tx, id).await?;
    if users::places_of(tx, user.id).await?.is_empty() {
        users::delete(tx, &[user.id]).await?;
    }
    Ok(())
}
