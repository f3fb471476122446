//! Health over HTTP.

use actix_web::get;
use actix_web::web::Data;
use chrono::{Duration, NaiveDate};
use clients::Telemetry;
use db::{Conn, Db};
use kernel::problem::NOT_FOUND;
use kernel::{AssignmentId, Cursor, CustomerId, Hundredths, Page, PageQuery, Problem};
use serde::{Deserialize, Serialize};
use serde_json::json;
use web::{Allow, Answer, Context, Path, Query, Reply};

use super::model::Health;
use super::nightly::compute;
use super::parts::FRESH;
use super::store;
use crate::access::{self, Thing};
use crate::customers;
use crate::permissions::CustomerRead;

const LIST: &str = "health_days";

/// Which days are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct HealthDayQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Which day is explained.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ExplainQuery {
    /// A day (UTC) that was kept, such as 2026-11-21, or today; without it, now.
    at: Option<NaiveDate>,
}

/// A customer's health on a day.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct HealthDay {
    /// The day (UTC).
    day: NaiveDate,
    /// 0 to 100; null when nothing was known.
    score: Option<Hundredths>,
}

/// Show a customer's health
///
/// As of now: the weighted mean of its parts, each with what it follows from.
#[utoipa::path(tag = "health", security(("bearer" = [CustomerRead::NAME])), responses((status = 200, body = Health)))]
#[get("/customers/{customerId}/health")]
pub(super) async fn show_health(
    who: Allow<CustomerRead>,
    db: Data<Db>,
    telemetry: Data<Telemetry>,
    Path(id): Path<CustomerId>,
) -> Answer {
    Ok(Reply::ok(&now(&who, &db, &telemetry, id).await?)?.into_response())
}

/// List a customer's health day by day
///
/// As it was computed each night, the last one first.
#[utoipa::path(tag = "health", params(HealthDayQuery), security(("bearer" = [CustomerRead::NAME])), responses((status = 200, body = Page<HealthDay>)))]
#[get("/customers/{customerId}/health/history")]
pub(super) async fn list_health_days(
    who: Allow<CustomerRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path(id): Path<CustomerId>,
    Query(query): Query<HealthDayQuery>,
) -> Answer {
    let keys = &context.config.keys;
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(keys, LIST)?.and_then(|cursor| cursor.key(0)));
    who.read(&db, async |conn| {
        require(&who, conn, id).await?;
        let rows = store::page(conn, (who.tenant, id), after, limit).await?;
        let page = Cursor::page(rows, limit, keys, LIST, |(day, _)| vec![json!(day)]);
        Reply::ok(&page.map(|(day, score)| HealthDay { day, score }))
    })
    .await
}

/// Explain a customer's health
///
/// On a day that was kept, from what was kept then: the parts, their weights and inputs, and the arithmetic. Today is explained
/// as of now until its night is kept; `computedAt` says which of the two it is.
#[utoipa::path(tag = "health", params(ExplainQuery), security(("bearer" = [CustomerRead::NAME])), responses((status = 200, body = Health), (status = 404, description = "The day was not kept or has not come yet, or there is no such customer.")))]
#[get("/customers/{customerId}/health/explain")]
pub(super) async fn explain_health(
    who: Allow<CustomerRead>,
    db: Data<Db>,
    telemetry: Data<Telemetry>,
    Path(id): Path<CustomerId>,
    Query(query): Query<ExplainQuery>,
) -> Answer {
    let today = db.clock().now().date_naive();
    let day = query.at.unwrap_or(today);
    let find = async |conn: &Conn| {
        require(&who, conn, id).await?;
        store::find(conn, (who.tenant, id), day).await
    };
    let kept = if query.at.is_some() { who.look(&db, find).await? } else { None };
    let health = match kept {
        Some(kept) => kept.into(),
        None if day == today => now(&who, &db, &telemetry, id).await?,
        None => return Err(not_kept(day, today).into()),
    };
    Ok(Reply::ok(&health)?.into_response())
}

fn not_kept(day: NaiveDate, today: NaiveDate) -> Problem {
    let why = if day > today { "is not known yet" } else { "was not kept" };
    let how = "GET /adoption/v1/customers/{customerId}/health/history lists the days that were.";
    NOT_FOUND.detail(format!("The customer's health on {day} {why}. {how}"))
}

/// A customer's health as of now. Telemetry is asked between two readings: no transaction waits for another service.
async fn now(who: &Allow<CustomerRead>, db: &Db, telemetry: &Telemetry, id: CustomerId) -> Result<Health, Problem> {
    let owned = async |conn: &Conn| {
        require(who, conn, id).await?;
        store::owners(conn, who.tenant, Some(id)).await
    };
    let assignments: Vec<AssignmentId> = who.look(db, owned).await?.into_iter().map(|(id, _)| id).collect();
    let now = db.clock().now();
    let heard = telemetry.freshness(who.actor(), now - Duration::days(FRESH), &assignments).await?;
    let computed =
        db.read(who.tenant, async |conn| compute(conn, who.tenant, Some(id), Some(heard), now).await).await?;
    let (_, health) = computed.into_iter().next().ok_or_else(|| Problem::not_found("customer who is not deleted"))?;
    Ok(health)
}

/// Refuses a caller who may not see the customer, or a customer who is not there.
async fn require(who: &Allow<CustomerRead>, conn: &Conn, id: CustomerId) -> Result<(), Problem> {
    access::may(who, conn, Thing::Customer(id)).await?;
    customers::find_present(conn, who.tenant, id).await?;
    Ok(())
}
