//! `GET /gateway/v1/usage`: how often one asked, and how often one may.

use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use clients::Identity;
use db::Db;
use kernel::problem::PERMISSION_DENIED;
use kernel::{Actor, Cursor, Page, PageQuery, Problem, TenantId, Timestamp, Trace};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::OpenApi;
use uuid::Uuid;
use web::{Answer, Query, Reply};

use super::period::Period;
use super::slot::{CallerKind, Slot, Who};
use super::{Quotas, store};
use crate::permissions::UsageRead;
use crate::{Gate, visitor};

const LIST: &str = "gateway-usage";

/// What the gateway tells of quotas.
#[derive(OpenApi)]
#[openapi(paths(show))]
pub(crate) struct Own;

/// Whether the others are told of as well.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct UsageQuery {
    /// `true`: also list the callers of the day, which takes the permission `gateway:usage:read`.
    #[serde(default)]
    all: bool,
    /// Callers per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// How often a caller and the whole tenant asked in the present minute, day and month, of UTC.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct UsageView {
    /// Who asks.
    caller: Usage,
    /// All callers of the tenant.
    tenant: Usage,
    /// With `all=true`: the callers of the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    callers: Option<Page<CallerOfDay>>,
}

/// How often somebody asked.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Usage {
    /// A member, the key of a program, or the tenant.
    kind: CallerKind,
    /// The user's id, the key's or the tenant's.
    id: Uuid,
    /// As the gateway that answers counted it.
    minute: Spent,
    /// As all gateways counted it, up to a second ago.
    day: Spent,
    /// As all gateways counted it, up to a second ago.
    month: Spent,
}

/// The requests of a period.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct Spent {
    /// How many there were.
    requests: i64,
    /// How many there may be; none: no such quota.
    limit: Option<u32>,
    /// When it begins anew.
    resets_at: Timestamp,
}

/// A caller of the day.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct CallerOfDay {
    /// A member, or the key of a program.
    kind: CallerKind,
    /// The user's id, or the key's.
    id: Uuid,
    /// Requests of the present day.
    requests: i64,
}

/// Show the usage
///
/// How often the caller and the whole tenant asked in the present minute, day and month, and how often they may: the tenant's
/// settings say so. With `all=true` also each caller of the day, for which one needs `gateway:usage:read`. What is asked here
/// does not count.
#[utoipa::path(get, path = "/gateway/v1/usage", tag = "usage", operation_id = "show_usage", security(("bearer" = ["identity:self:read"])),
    params(UsageQuery), responses((status = 200, body = UsageView)))]
pub(crate) async fn show(request: HttpRequest, gate: Data<Gate>, db: Data<Db>, identity: Data<Identity>) -> Answer {
    let (caller, standing) = visitor::receive(&request, &gate).await?;
    let Query(query) = Query::<UsageQuery>::extract(&request).await?;
    if query.all && !caller.permissions.allow(UsageRead::NAME) {
        return Err(PERMISSION_DENIED.detail(format!("This needs the permission {}.", UsageRead::NAME)).into());
    }
    let (quotas, now) = (&gate.limits.quotas, gate.context.clock.now());
    let (who, tenant) = (Who::caller(&caller), Who::tenant(caller.tenant));
    if !quotas.rooms.get(&caller.tenant).is_some_and(|room| room.knows_limits()) {
        quotas.ask(&identity, caller.tenant).await?;
    }
    // Without the database there is what this process knows.
    let written = db.read(caller.tenant, async |conn| store::of(conn, caller.tenant, [who.id, tenant.id], now).await);
    let written = written.await.unwrap_or_default();
    let usage = |who| quotas.usage(caller.tenant, who, &written, now);
    let callers = if query.all { Some(callers_of(&query, &db, caller.tenant, &gate, now).await?) } else { None };
    let mut answer = Reply::ok(&UsageView { caller: usage(who), tenant: usage(tenant), callers })?.into_response();
    standing.tell(answer.headers_mut());
    Ok(answer)
}

async fn callers_of(
    query: &UsageQuery,
    db: &Db,
    tenant: TenantId,
    gate: &Gate,
    now: Timestamp,
) -> Result<Page<CallerOfDay>, Problem> {
    let (keys, paging) = (&gate.context.config.keys, PageQuery { limit: query.limit, cursor: query.cursor.as_deref() });
    let (limit, after) = (paging.limit()?, paging.after(keys, LIST)?.and_then(|cursor| cursor.key(0)));
    let day = Period::Day.start(now);
    let rows = db.read(tenant, async |conn| store::callers(conn, tenant, day, after, limit).await).await?;
    let page = Cursor::page(rows, limit, keys, LIST, |row| vec![json!(row.caller_id)]);
    Ok(page.map(|row| CallerOfDay { kind: row.caller_kind, id: row.caller_id, requests: row.requests }))
}

impl Quotas {
    /// Asks for what a tenant allows.
    pub(super) async fn ask(&self, identity: &Identity, tenant: TenantId) -> Result<(), Problem> {
        let who = Actor::service("gateway", tenant, Trace::start());
        if let Some(told) = identity.quota_settings(&who).await? {
            self.learn(tenant, told);
        }
        Ok(())
    }

    /// What somebody spent: as it is written, and what this process knows beyond that.
    fn usage(&self, tenant: TenantId, who: Who, written: &[store::Row], now: Timestamp) -> Usage {
        let room = self.rooms.get(&tenant);
        let limits = room.as_ref().map(|room| room.limits()).unwrap_or_default();
        let [minute, day, month] = Slot::all(who, now).map(|slot| {
            let written = written.iter().find(|row| row.slot() == slot).map_or(0, |row| row.requests);
            let known = room.as_ref().map_or(0, |room| room.requests(&slot));
            Spent { requests: written.max(known), limit: slot.limit(&limits), resets_at: slot.ends_at() }
        });
        Usage { kind: who.kind, id: who.id, minute, day, month }
    }
}
