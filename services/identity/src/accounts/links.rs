//! Links that count once: what they are for is kept, and a hash of the token; the token itself travels by mail only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::{Conn, Tx};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::problem::ProblemKind;
use kernel::{InvitationId, Problem, Secret, TenantId, Timestamp, UserId};
use sha2::{Digest, Sha256};

use crate::schema::one_time_links;

/// Never given out, used, withdrawn or too old: which of these is nobody's business.
static LINK_REFUSED: ProblemKind = ProblemKind::new("LINK_REFUSED", 422, "The link does not count any more");

kernel::text_enum! {
    /// What a link is for.
    pub enum Purpose {
        /// To become a member.
        Invitation = "INVITATION",
        /// To choose a new password.
        PasswordReset = "PASSWORD_RESET",
        /// To prove that an address is one's own.
        EmailVerification = "EMAIL_VERIFICATION",
    }
}

/// A row of `one_time_links`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = one_time_links, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Link {
    pub(crate) token_hash: Vec<u8>,
    pub(crate) purpose: Purpose,
    pub(crate) user_id: Option<UserId>,
    pub(crate) tenant_id: Option<TenantId>,
    pub(crate) invitation_id: Option<InvitationId>,
    pub(crate) email: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// A new token, and the hash to keep.
pub(crate) fn fresh() -> Result<(Secret<String>, Vec<u8>), Problem> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(Problem::internal)?;
    let token = URL_SAFE_NO_PAD.encode(bytes);
    let hash = hash(&token);
    Ok((Secret::new(token), hash))
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.trim()).to_vec()
}

/// The answer to a token that does not count.
pub(crate) fn refused() -> Problem {
    let how =
        "It was used already, withdrawn or replaced, or too old. If you used it, sign in; else ask for a new one.";
    LINK_REFUSED.detail(how).at("/token", "REFUSED", how)
}

pub(crate) async fn insert(mut conn: &Conn, link: &Link) -> Result<(), Problem> {
    diesel::insert_into(one_time_links::table).values(link).execute(&mut conn).await?;
    Ok(())
}

/// What a token is for, without using it up.
pub(crate) async fn look(mut conn: &Conn, purpose: Purpose, token: &str, now: Timestamp) -> Result<Link, Problem> {
    let row = one_time_links::table.find(hash(token)).filter(one_time_links::purpose.eq(purpose));
    let live = row.filter(one_time_links::expires_at.gt(now)).select(Link::as_select());
    live.first(&mut conn).await.optional()?.ok_or_else(refused)
}

/// Uses a token up.
pub(crate) async fn spend(tx: &mut Tx, purpose: Purpose, token: &str) -> Result<Link, Problem> {
    let row = one_time_links::table
        .filter(one_time_links::token_hash.eq(hash(token)))
        .filter(one_time_links::purpose.eq(purpose))
        .filter(one_time_links::expires_at.gt(tx.now()));
    let spent = diesel::delete(row).returning(Link::as_returning()).get_result(&mut tx.conn()).await.optional()?;
    spent.ok_or_else(refused)
}

/// The links of an invitation stop counting.
pub(crate) async fn withdraw_invitation(mut conn: &Conn, id: InvitationId) -> Result<(), Problem> {
    let links = one_time_links::table.filter(one_time_links::invitation_id.eq(id));
    diesel::delete(links).execute(&mut conn).await?;
    Ok(())
}

/// A person's links for one purpose stop counting.
pub(crate) async fn withdraw(mut conn: &Conn, user: UserId, purpose: Purpose) -> Result<(), Problem> {
    let links = one_time_links::table.filter(one_time_links::user_id.eq(user));
    diesel::delete(links.filter(one_time_links::purpose.eq(purpose))).execute(&mut conn).await?;
    Ok(())
}

/// Removes what has expired.
pub(crate) async fn forget(mut conn: &Conn, now: Timestamp) -> Result<(), Problem> {
    diesel::delete(one_time_links::table.filter(one_time_links::expires_at.le(now))).execute(&mut conn).await?;
    Ok(())
}
