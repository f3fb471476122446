//! Sign-in activity over HTTP.

use actix_web::get;
use actix_web::web::Data;
use db::Db;
use kernel::{Cursor, Page, PageQuery, SignInEventId, Timestamp, UserId};
use serde::Deserialize;
use web::{Allow, Answer, Context, Query, Reply};

use super::model::{Outcome, SignInEvent};
use super::store;
use crate::permissions::AuditRead;

/// Filters of sign-in activity.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ActivityQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// A person. Repeat for more.
    #[serde(default)]
    pub(super) user_id: Vec<UserId>,
    /// `SUCCESS` or `FAILURE`. Repeat for more.
    #[serde(default)]
    #[param(inline)]
    pub(super) outcome: Vec<Outcome>,
    /// Not before this moment (RFC 3339).
    pub(super) from: Option<Timestamp>,
    /// Before this moment (RFC 3339).
    pub(super) to: Option<Timestamp>,
}

/// Read sign-in activity
///
/// Who signed in to the tenant, and attempts that failed with a member's name; the newest first.
#[utoipa::path(tag = "audit", params(ActivityQuery), security(("bearer" = [AuditRead::NAME])), responses((status = 200, body = Page<SignInEvent>)))]
#[get("/sign-in-activity")]
pub(super) async fn list_sign_in_activity(
    who: Allow<AuditRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<ActivityQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, "sign-in-activity")?);
    who.read(&db, async |conn| {
        let after = after.and_then(|cursor| Some((cursor.key::<Timestamp>(0)?, cursor.key::<SignInEventId>(1)?)));
        let rows = store::page(conn, who.tenant, &query, after, limit).await?;
        let page = Cursor::page(rows, limit, &context.config.keys, "sign-in-activity", |row| {
            vec![row.occurred_at.to_string().into(), row.id.to_string().into()]
        });
        Reply::ok(&page)
    })
    .await
}
