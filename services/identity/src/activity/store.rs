//! The statements of sign-in activity.

use db::{Conn, Tx};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{Problem, SignInEventId, TenantId, Timestamp, UserId};

use super::api::ActivityQuery;
use super::model::{FailureReason, Outcome, SignInEvent};
use crate::schema::sign_in_events;

/// Who tried to sign in, and from where.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attempted {
    /// The person behind the name; nobody when nobody has it.
    pub(crate) user: Option<UserId>,
    /// The tenant that was asked for.
    pub(crate) tenant: Option<TenantId>,
    /// From where.
    pub(crate) client_address: Option<String>,
    /// What the client called itself.
    pub(crate) user_agent: Option<String>,
}

/// Records an attempt: one that succeeded in the transaction's tenant, one that was refused in each tenant it concerns. It
/// belongs into a transaction that writes in any case, so that an unknown name takes no less time than a known one.
pub(crate) async fn record(tx: &mut Tx, attempted: &Attempted, refused: Option<FailureReason>) -> Result<(), Problem> {
    let Attempted { user, tenant, client_address, user_agent } = attempted.clone();
    let Some(reason) = refused else {
        let Some(user_id) = user else { return Ok(()) };
        let row = SignInEvent {
            tenant_id: tx.tenant(),
            id: SignInEventId::fresh(),
            user_id,
            outcome: Outcome::Success,
            reason: None,
            client_address,
            user_agent,
            occurred_at: tx.now(),
        };
        diesel::insert_into(sign_in_events::table).values(row).execute(&mut tx.conn()).await?;
        return Ok(());
    };
    diesel::sql_query("select record_failed_sign_in($1, $2, $3, $4, $5, $6)")
        .bind::<Nullable<SqlUuid>, _>(user)
        .bind::<Nullable<SqlUuid>, _>(tenant)
        .bind::<Text, _>(reason)
        .bind::<Nullable<Text>, _>(client_address)
        .bind::<Nullable<Text>, _>(user_agent)
        .bind::<Timestamptz, _>(tx.now())
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// One page, the newest first, with one row more to tell whether there is another page.
pub(super) async fn page(
    mut conn: &Conn,
    tenant: TenantId,
    query: &ActivityQuery,
    after: Option<(Timestamp, SignInEventId)>,
    limit: i64,
) -> Result<Vec<SignInEvent>, Problem> {
    let mut rows = sign_in_events::table
        .filter(sign_in_events::tenant_id.eq(tenant))
        .select(SignInEvent::as_select())
        .into_boxed();
    if !query.user_id.is_empty() {
        rows = rows.filter(sign_in_events::user_id.eq_any(&query.user_id));
    }
    if !query.outcome.is_empty() {
        rows = rows.filter(sign_in_events::outcome.eq_any(&query.outcome));
    }
    if let Some(from) = query.from {
        rows = rows.filter(sign_in_events::occurred_at.ge(from));
    }
    if let Some(to) = query.to {
        rows = rows.filter(sign_in_events::occurred_at.lt(to));
    }
    if let Some((at, id)) = after {
        // The range first, for the index; then the tie-break.
        rows = rows
            .filter(sign_in_events::occurred_at.le(at))
            .filter(sign_in_events::occurred_at.lt(at).or(sign_in_events::id.lt(id)));
    }
    let newest_first = (sign_in_events::occurred_at.desc(), sign_in_events::id.desc());
    Ok(rows.order(newest_first).limit(limit + 1).load(&mut conn).await?)
}

/// Removes what is older than the tenant keeps it.
pub(crate) async fn forget(tx: &mut Tx, before: Timestamp) -> Result<(), Problem> {
    let old = sign_in_events::table
        .filter(sign_in_events::tenant_id.eq(tx.tenant()))
        .filter(sign_in_events::occurred_at.lt(before));
    diesel::delete(old).execute(&mut tx.conn()).await?;
    Ok(())
}
