//! Grants over HTTP.

use std::slice::from_ref;

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use contracts::identity::{GRANT_CHANGED, GRANT_CREATED, GRANT_DELETED, GrantLevel, GrantView, GrantedType};
use db::{Conn, Db};
use kernel::{Cursor, GrantId, Page, PageQuery, Problem};
use serde::Deserialize;
use uuid::Uuid;
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::model::{CreateGrant, Grant};
use super::store;
use super::subjects::{Subject, may_hand_out};
use crate::permissions::{GrantRead, GrantWrite};

const COLLECTION: &str = "/identity/v1/grants";

/// Another level.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "level": "WRITE" }))]
pub(super) struct GrantPatch {
    /// READ, WRITE or ADMIN.
    level: GrantLevel,
}

/// Filters of the list of grants.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct GrantQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// Also return the exact `total`.
    count: Option<bool>,
    /// Those for this person, role or service account.
    pub(super) subject_id: Option<Uuid>,
    /// Those on this kind of thing.
    #[param(inline)]
    pub(super) resource_type: Option<GrantedType>,
    /// Those on this thing; grants on all of its kind are not among them.
    pub(super) resource_id: Option<Uuid>,
}

/// Grant something to somebody
///
/// To a member, a role or a service account: a level on one product, solution or customer with everything under it, or on all
/// of a kind. Nobody grants what they do not hold themselves. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "grants", request_body = CreateGrant, security(("bearer" = [GrantWrite::NAME])), responses((status = 201, body = GrantView), (status = 409, description = "They have a grant on this already, or too many.")))]
#[post("/grants")]
pub(super) async fn create_grant(who: Allow<GrantWrite>, db: Data<Db>, Body(command): Body<CreateGrant>) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        let subject = Subject::fetch(tx, command.subject_type, command.subject_id).await?;
        let grant = Grant::create(command, tx.tenant(), tx.now());
        may_hand_out(tx, &who.permissions, from_ref(&grant)).await?;
        store::has_room(tx, grant.subject_type, grant.subject_id).await?;
        let is_first = !store::holds_any(tx, grant.subject_id).await?;
        store::insert(tx, &grant).await?;
        if is_first {
            subject.end_tokens(tx).await?;
        }
        let view = GrantView::from(grant);
        tx.announce(&GRANT_CREATED, None, &view).await?;
        Reply::created(&view, COLLECTION)
    })
    .await
}

/// List grants
///
/// In the order they were made.
#[utoipa::path(tag = "grants", params(GrantQuery), security(("bearer" = [GrantRead::NAME])), responses((status = 200, body = Page<GrantView>)))]
#[get("/grants")]
pub(super) async fn list_grants(
    who: Allow<GrantRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<GrantQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, "grants")?);
    who.read(&db, async |conn: &Conn| {
        let after = after.and_then(|cursor| cursor.key::<GrantId>(0));
        let rows = store::page(conn, who.tenant, &query, after, limit).await?;
        let mut page = Cursor::page(rows, limit, &context.config.keys, "grants", |row| vec![row.id.to_string().into()]);
        if query.count == Some(true) {
            page.total = Some(store::count_all(conn, who.tenant, &query).await?);
        }
        Reply::ok(&page.map(GrantView::from))
    })
    .await
}

/// Show a grant
///
/// Whom it is for, on what, and how much.
#[utoipa::path(tag = "grants", security(("bearer" = [GrantRead::NAME])), responses((status = 200, body = GrantView)))]
#[get("/grants/{grantId}")]
pub(super) async fn show_grant(who: Allow<GrantRead>, db: Data<Db>, Path(id): Path<GrantId>) -> Answer {
    who.read(&db, async |conn| {
        let grant = store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("grant"))?;
        Reply::show(&GrantView::from(grant))
    })
    .await
}

/// Change a grant
///
/// Its level; it takes effect within a second. Takes one who may give the level there was and the one there will be.
/// `If-Match` is honoured when sent. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "grants", request_body = GrantPatch, security(("bearer" = [GrantWrite::NAME])), responses((status = 200, body = GrantView), (status = 412, description = "Somebody else changed it.")))]
#[patch("/grants/{grantId}")]
pub(super) async fn change_grant(
    who: Allow<GrantWrite>,
    db: Data<Db>,
    Path(id): Path<GrantId>,
    Body(GrantPatch { level }): Body<GrantPatch>,
) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, id).await?;
        who.expect_version(before.version)?;
        let after = before.at(level);
        may_hand_out(tx, &who.permissions, &[before.clone(), after.clone()]).await?;
        store::update(tx, &after).await?;
        let view = GrantView::from(after);
        tx.announce(&GRANT_CHANGED, Some(&before.into()), &view).await?;
        Reply::show(&view)
    })
    .await
}

/// Take a grant back
///
/// It takes effect within a second. Takes one who may give it. Needs a sign-in not older than 15 minutes.
#[utoipa::path(tag = "grants", security(("bearer" = [GrantWrite::NAME])), responses((status = 204, description = "Taken back."), (status = 412, description = "Somebody else changed it.")))]
#[delete("/grants/{grantId}")]
pub(super) async fn delete_grant(who: Allow<GrantWrite>, db: Data<Db>, Path(id): Path<GrantId>) -> Answer {
    who.has_just_signed_in()?;
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, id).await?;
        who.expect_version(before.version)?;
        may_hand_out(tx, &who.permissions, from_ref(&before)).await?;
        store::delete(tx, id).await?;
        let last = before.at(before.level);
        tx.announce(&GRANT_DELETED, Some(&before.into()), &last.into()).await?;
        Ok(Reply::done())
    })
    .await
}
