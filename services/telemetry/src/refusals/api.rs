//! Refusals over HTTP.

use std::collections::BTreeSet;

use actix_web::web::Data;
use actix_web::{get, post};
use auth::Permission;
use clients::Adoption;
use contracts::identity::Scope;
use contracts::telemetry::{BatchReceipt, RefusalCode, RefusalView};
use db::{Conn, Db};
use kernel::problem::{MEDIA_TYPE_UNSUPPORTED, REQUEST_MALFORMED};
use kernel::{Cursor, FieldError, Page, PageQuery, Problem, RefusalId};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use uuid::Uuid;
use web::{Allow, Answer, Body, Context, Path, Query, RawBody, Reply};

use super::model::{ALREADY_REPLAYED, Refusal, Waiting};
use super::store::{self, Filter};
use crate::access::{self, Sender, Thing};
use crate::assignments;
use crate::permissions::{ValueRead, ValueWrite};
use crate::values::{Complete, Intake, MAX_BATCH, Origin, Part, Parts};

const LIST: &str = "telemetry-refusals";

/// Which refusals are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RefusalQuery {
    /// Only those of this batch. Repeat for more.
    #[serde(default)]
    batch_id: Vec<Uuid>,
    /// Only those with this reason. Repeat for more.
    #[serde(default)]
    code: Vec<RefusalCode>,
    /// `false`: only those that still wait; `true`: only those that were replayed.
    replayed: Option<bool>,
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Which refusals to replay: those that fit everything that is given, up to 10,000, the oldest first.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SelectRefusals, example = json!({ "code": "ATTRIBUTE_UNKNOWN" }))]
pub(crate) struct Selection {
    /// These.
    pub(crate) refusal_ids: Option<Vec<RefusalId>>,
    /// Those with this reason.
    pub(crate) code: Option<RefusalCode>,
    /// Those of this batch.
    pub(crate) batch_id: Option<Uuid>,
}

impl Selection {
    fn check(&self) -> Result<(), Problem> {
        if self.refusal_ids.is_none() && self.code.is_none() && self.batch_id.is_none() {
            return Err(Problem::field("", "REQUIRED", "say which: refusalIds, code or batchId"));
        }
        let named = self.refusal_ids.as_ref().map_or(0, Vec::len);
        if named > MAX_BATCH {
            return Err(Problem::field("/refusalIds", "TOO_MANY", format!("name at most {MAX_BATCH}")));
        }
        Ok(())
    }

    /// Requires that the refusals that it names are among these.
    fn require_named(&self, known: &BTreeSet<RefusalId>) -> Result<(), Problem> {
        let named = self.refusal_ids.iter().flatten().enumerate().filter(|(_, id)| !known.contains(id));
        let unknown = |(at, id)| {
            let how = format!("there is no refusal {id}, or you may not see it");
            FieldError::new(format!("/refusalIds/{at}"), "UNKNOWN", how)
        };
        let errors: Vec<FieldError> = named.map(unknown).collect();
        if errors.is_empty() { Ok(()) } else { Err(Problem::invalid(errors)) }
    }
}

/// List refused values
///
/// In the order they came, each with its reason and as it was sent. What is sent again and refused again is listed once, where
/// it came last; so is what was to be mended by a value that names it as its `refusalId`. Refusals are kept as long as values
/// are. A caller whom grants narrow to some customers sees those that are about assignments of theirs.
#[utoipa::path(tag = "refusals", params(RefusalQuery), security(("bearer" = [ValueRead::NAME])), responses((status = 200, body = Page<RefusalView>)))]
#[get("/refusals")]
pub(super) async fn list_refusals(
    who: Allow<ValueRead>,
    db: Data<Db>,
    adoption: Data<Adoption>,
    context: Data<Context>,
    Query(query): Query<RefusalQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let keys = &context.config.keys;
    let (limit, after) = (paging.limit()?, paging.after(keys, LIST)?);
    let after = after.and_then(|cursor| Some((cursor.key(0)?, cursor.key(1)?, cursor.key(2)?)));
    let RefusalQuery { batch_id, code, replayed, .. } = query;
    let customers = scope(&who, &db, &adoption).await?;
    let filter = Filter { batch_id, code, replayed, customers };
    who.read(&db, async |conn| {
        let rows = store::page(conn, who.tenant, &filter, after, limit).await?;
        let key = |row: &Refusal| vec![json!(row.received_at), json!(row.index), json!(row.id)];
        let page = Cursor::page(rows, limit, keys, LIST, key);
        Reply::ok(&page.map(RefusalView::from))
    })
    .await
}

/// List the reasons of refusals
///
/// How many values wait because of each, the reason of most first.
#[utoipa::path(tag = "refusals", security(("bearer" = [ValueRead::NAME])), responses((status = 200, body = Vec<Waiting>)))]
#[get("/refusals/reasons")]
pub(super) async fn list_refusal_reasons(who: Allow<ValueRead>, db: Data<Db>, adoption: Data<Adoption>) -> Answer {
    let scope = scope(&who, &db, &adoption).await?;
    who.read(&db, async |conn| Reply::ok(&store::reasons(conn, who.tenant, &scope).await?)).await
}

/// Replay refused values
///
/// As they were sent, for instance after the attribute they name was added. Those that are stored now are marked as
/// replayed; those that are refused again stay, with the new reason. Those that were replayed already are passed over.
#[utoipa::path(tag = "refusals", request_body = Selection, security(("bearer" = [ValueWrite::NAME])), responses((status = 200, body = BatchReceipt)))]
#[post("/refusals/replay")]
pub(super) async fn replay_refusals(
    who: Allow<ValueWrite>,
    db: Data<Db>,
    adoption: Data<Adoption>,
    intake: Data<Intake>,
    Body(selection): Body<Selection>,
) -> Answer {
    selection.check()?;
    let (sender, scope) = (access::may_send(&who, &db).await?, scope(&who, &db, &adoption).await?);
    let meant = (&selection, &scope);
    let most = i64::try_from(MAX_BATCH).unwrap_or(i64::MAX);
    let named: BTreeSet<RefusalId> = selection.refusal_ids.iter().flatten().copied().collect();
    let find = async |conn: &Conn| {
        selection.require_named(&store::among(conn, who.tenant, &named, &scope).await?)?;
        store::select(conn, who.tenant, meant, most).await
    };
    let refusals = db.read(who.tenant, find).await?;
    let tries = refusals.iter().map(|refusal| (refusal, refusal.payload.as_str())).collect();
    replay((&who, &sender), &db, &intake, tries).await
}

/// Replay a refused value
///
/// As it was sent, or corrected: with a body, that value takes its place.
#[utoipa::path(
    tag = "refusals", security(("bearer" = [ValueWrite::NAME])),
    request_body(content((Option<serde_json::Value> = "application/json"))),
    responses((status = 200, body = BatchReceipt), (status = 409, description = "It was accepted in an earlier replay."))
)]
#[post("/refusals/{refusalId}/replay")]
pub(super) async fn replay_refusal(
    who: Allow<ValueWrite>,
    db: Data<Db>,
    adoption: Data<Adoption>,
    intake: Data<Intake>,
    Path(id): Path<RefusalId>,
    body: RawBody,
) -> Answer {
    access::may(&who, &db, &adoption, Thing::Refusal(id)).await?;
    let sender = access::may_send(&who, &db).await?;
    let corrected = corrected(&body)?;
    let refusal = db.read(who.tenant, async |conn| store::find(conn, who.tenant, id).await).await?;
    let refusal = refusal.ok_or_else(|| Problem::not_found("refusal"))?;
    if let Some(at) = refusal.replayed_at {
        return Err(ALREADY_REPLAYED
            .detail(format!("The value was stored at {at}; send a new one to /telemetry/v1/values."))
            .into());
    }
    let text = corrected.map_or(refusal.payload.as_str(), RawValue::get);
    replay((&who, &sender), &db, &intake, vec![(&refusal, text)]).await
}

/// The value that takes the place of the refused one, if there is one.
fn corrected(body: &RawBody) -> Result<Option<&RawValue>, Problem> {
    if body.bytes.trim_ascii().is_empty() {
        return Ok(None);
    }
    if body.content_type != "application/json" {
        return Err(MEDIA_TYPE_UNSUPPORTED.detail("Send the corrected value as application/json, or no body."));
    }
    let read = serde_json::from_slice(&body.bytes);
    read.map(Some).map_err(|error| REQUEST_MALFORMED.detail(format!("The corrected value is not JSON: {error}.")))
}

/// The customers with whose refusals a caller may do `P`.
pub(super) async fn scope<P: Permission>(who: &Allow<P>, db: &Db, adoption: &Adoption) -> Result<Scope, Problem> {
    let found = who.look(db, async |conn| {
        let scope = access::scope(who, conn).await?;
        let of_nobody = match scope {
            Scope::All => BTreeSet::new(),
            Scope::Some(_) => store::without_owner(conn, who.tenant).await?,
        };
        Ok((scope, of_nobody))
    });
    let (scope, of_nobody) = found.await?;
    assignments::customers_of(db, adoption, who.actor(), &of_nobody).await?;
    Ok(scope)
}

async fn replay(
    (who, sender): (&Allow<ValueWrite>, &Sender),
    db: &Db,
    intake: &Intake,
    tries: Vec<(&Refusal, &str)>,
) -> Answer {
    let entries = tries.into_iter().map(|(refusal, text)| Part { text: text.into(), origin: Origin::Refusal(refusal) });
    let parts = Parts { entries: entries.collect(), complete: Complete::default() };
    let taken = intake.take(db, sender, &parts).await?;
    Ok(who.answer(Reply::ok(&taken.receipt)?, taken.announced.as_ref()))
}
