//! Edit locks over HTTP.

use actix_web::web::Data;
use actix_web::{delete, get, post};
use auth::{Grant, Patterns};
use clients::Adoption;
use contracts::identity::{
    EDIT_LOCK_ACQUIRED, EDIT_LOCK_RELEASED, EDIT_LOCK_RENEWED, EDIT_LOCK_TAKEN_OVER, EditLockView, LockedType,
};
use db::{Conn, Db, Tx};
use kernel::problem::REQUEST_MALFORMED;
use kernel::{Cursor, CustomerId, EditLockId, Page, PageQuery, PlanId, Problem};
use serde::Deserialize;
use uuid::Uuid;
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::model::{EditLock, Holder, Resource, may_lock, may_look};
use super::store::{self, Wanted};
use crate::accounts::users;
use crate::grants;
use crate::permissions::{EditLockTakeOver, SelfRead, SelfWrite};

const COLLECTION: &str = "/identity/v1/edit-locks";

/// What is to be locked.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "resourceType": "PRODUCT", "resourceId": "01938a5e-7c4b-7e3a-9f00-000000000001" }))]
pub(super) struct AcquireEditLock {
    /// PRODUCT, SOLUTION, CUSTOMER or PLAN.
    resource_type: LockedType,
    /// Which one.
    resource_id: Uuid,
}

/// Whose locks, or on what.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct EditLockQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// With `resourceId`: the lock on this thing, whoever holds it. Without: one's own locks.
    #[param(inline)]
    resource_type: Option<LockedType>,
    /// Which thing.
    resource_id: Option<Uuid>,
}

/// Lock something to edit it
///
/// For 15 minutes, for this session: everything under it is refused to others with 423, as to one's own other sessions. Only
/// who may change a thing may lock it. A lock that this session holds already is renewed.
#[utoipa::path(tag = "edit locks", request_body = AcquireEditLock, security(("bearer" = [SelfWrite::NAME])), responses((status = 201, body = EditLockView), (status = 200, body = EditLockView, description = "Held already, and renewed."), (status = 409, description = "The session holds too many locks."), (status = 423, description = "Somebody else is editing it; the detail says who and until when.")))]
#[post("/edit-locks")]
pub(super) async fn acquire_edit_lock(
    who: Allow<SelfWrite>,
    db: Data<Db>,
    adoption: Data<Adoption>,
    Body(AcquireEditLock { resource_type, resource_id }): Body<AcquireEditLock>,
) -> Answer {
    let resource = (resource_type, resource_id);
    let customer = customer_of(&who, &adoption, resource, may_lock).await?;
    who.write(&db, async |tx| {
        let now = tx.now();
        may_lock(&who.permissions, &granted(&who, tx).await?, resource, customer)?;
        if let Some(known) = store::on_for_change(tx, resource).await? {
            known.require_holder(who.session, now)?;
            if known.session_id == who.session && known.expires_at > now {
                return renew(tx, known).await;
            }
            store::delete(tx, known.id).await?;
        }
        store::may_hold_one_more(tx, who.session).await?;
        let lock = EditLock::new(tx.tenant(), resource, holder(&who, tx).await?, now);
        if !store::insert(tx, &lock).await? {
            // Somebody was quicker by a moment: their lock is there now.
            let known = store::on_for_change(tx, resource).await?;
            known.map_or(Ok(()), |known| known.require_holder(who.session, now))?;
            return Err(Problem::unavailable("The lock", "it changed hands at this very moment"));
        }
        let view = EditLockView::from(lock);
        tx.announce(&EDIT_LOCK_ACQUIRED, None, &view).await?;
        Reply::created(&view, COLLECTION)
    })
    .await
}

/// List edit locks
///
/// One's own, of all sessions; or the one on a thing that one may see.
#[utoipa::path(tag = "edit locks", params(EditLockQuery), security(("bearer" = [SelfRead::NAME])), responses((status = 200, body = Page<EditLockView>)))]
#[get("/edit-locks")]
pub(super) async fn list_edit_locks(
    who: Allow<SelfRead>,
    db: Data<Db>,
    adoption: Data<Adoption>,
    context: Data<Context>,
    Query(query): Query<EditLockQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, "edit-locks")?);
    let wanted = match (query.resource_type, query.resource_id) {
        (None, None) => Wanted::Of(who.user),
        (Some(kind), Some(id)) => Wanted::On(kind, id),
        _ => {
            let how = "Give resourceType and resourceId together, or neither.";
            return Err(REQUEST_MALFORMED.detail(how).at("resourceId", "REQUIRED", how).into());
        }
    };
    let customer = match wanted {
        Wanted::On(kind, id) => customer_of(&who, &adoption, (kind, id), may_look).await?,
        Wanted::Of(_) => None,
    };
    who.read(&db, async |conn| {
        if let Wanted::On(kind, id) = wanted {
            may_look(&who.permissions, &granted(&who, conn).await?, (kind, id), customer)?;
        }
        let after = after.and_then(|cursor| cursor.key::<EditLockId>(0));
        let rows = store::page(conn, who.tenant, (&wanted, context.clock.now()), after, limit).await?;
        let page = Cursor::page(rows, limit, &context.config.keys, "edit-locks", |row| vec![row.id.to_string().into()]);
        Reply::ok(&page.map(EditLockView::from))
    })
    .await
}

/// Renew an edit lock
///
/// For another 15 minutes, also when it has just expired and nobody took it.
#[utoipa::path(tag = "edit locks", security(("bearer" = [SelfWrite::NAME])), responses((status = 200, body = EditLockView), (status = 423, description = "Somebody else holds it.")))]
#[post("/edit-locks/{editLockId}/renew")]
pub(super) async fn renew_edit_lock(who: Allow<SelfWrite>, db: Data<Db>, Path(id): Path<EditLockId>) -> Answer {
    who.write(&db, async |tx| {
        let lock = store::fetch_for_change(tx, id).await?;
        lock.require_holder(who.session, tx.now())?;
        if lock.session_id != who.session {
            return Err(Problem::not_found("edit lock"));
        }
        renew(tx, lock).await
    })
    .await
}

/// Take an edit lock over
///
/// From whoever holds it, when they have forgotten it; they are refused from then on. One must also be allowed to change
/// what is locked.
#[utoipa::path(tag = "edit locks", security(("bearer" = [EditLockTakeOver::NAME])), responses((status = 200, body = EditLockView)))]
#[post("/edit-locks/{editLockId}/take-over")]
pub(super) async fn take_over_edit_lock(
    who: Allow<EditLockTakeOver>,
    db: Data<Db>,
    Path(id): Path<EditLockId>,
) -> Answer {
    who.write(&db, async |tx| {
        let before = store::fetch_for_change(tx, id).await?;
        may_lock(&who.permissions, &granted(&who, tx).await?, (before.resource_type, before.resource_id), None)?;
        let after = before.clone().taken_over(holder(&who, tx).await?, tx.now());
        store::update(tx, &after).await?;
        let view = EditLockView::from(after);
        tx.announce(&EDIT_LOCK_TAKEN_OVER, Some(&before.into()), &view).await?;
        Reply::show(&view)
    })
    .await
}

/// Release an edit lock
///
/// Others may edit again.
#[utoipa::path(tag = "edit locks", security(("bearer" = [SelfWrite::NAME])), responses((status = 204, description = "Released."), (status = 423, description = "Somebody else holds it.")))]
#[delete("/edit-locks/{editLockId}")]
pub(super) async fn release_edit_lock(who: Allow<SelfWrite>, db: Data<Db>, Path(id): Path<EditLockId>) -> Answer {
    who.write(&db, async |tx| {
        let lock = store::fetch_for_change(tx, id).await?;
        lock.require_holder(who.session, tx.now())?;
        store::delete(tx, id).await?;
        let gone = EditLockView::from(lock.clone().released(tx.now()));
        tx.announce(&EDIT_LOCK_RELEASED, Some(&lock.into()), &gone).await?;
        Ok(Reply::done())
    })
    .await
}

async fn renew(tx: &mut Tx, before: EditLock) -> Result<Reply, Problem> {
    let after = before.clone().renewed(tx.now());
    store::update(tx, &after).await?;
    let view = EditLockView::from(after);
    tx.announce(&EDIT_LOCK_RENEWED, Some(&before.into()), &view).await?;
    Reply::show(&view)
}

/// Whether somebody may do something with a thing: [`may_lock`] or [`may_look`].
type May = fn(&Patterns, &[Grant], Resource, Option<CustomerId>) -> Result<(), Problem>;

/// Whose a plan is, as adoption knows: asked only where a grant may be what lets the caller at it.
async fn customer_of<P>(
    who: &Allow<P>,
    adoption: &Adoption,
    (kind, id): Resource,
    may: May,
) -> Result<Option<CustomerId>, Problem> {
    let by_grant_alone = who.granted.is_some() && may(&who.permissions, &[], (kind, id), None).is_err();
    if kind != LockedType::Plan || !by_grant_alone {
        return Ok(None);
    }
    adoption.customer_of_plan(who.actor(), PlanId(id)).await
}

/// The grants that concern the caller.
async fn granted<P>(who: &Allow<P>, conn: &Conn) -> Result<Vec<Grant>, Problem> {
    Ok(grants::concerning(conn, who.tenant, who.user).await?.iter().map(Grant::from).collect())
}

/// The caller as the one who holds a lock.
async fn holder<P>(who: &Allow<P>, tx: &Tx) -> Result<Holder, Problem> {
    let (user, _) = users::find(tx, who.user).await?.ok_or_else(|| Problem::not_found("user"))?;
    Ok(Holder { user: user.id, name: user.name, session: who.session })
}
