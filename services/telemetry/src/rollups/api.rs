//! Series and freshness over HTTP.

use std::collections::HashMap;

use actix_web::get;
use actix_web::web::Data;
use chrono::Duration;
use clients::Adoption;
use db::Db;
use kernel::{Cursor, CustomerAttributeId, Page, PageQuery, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use web::{Allow, Answer, Context, Path, Query, Reply};

use super::model::{Point, Resolution};
use super::store;
use crate::access::{self, Thing};
use crate::attributes::{self, Attribute, AttributeQuery};
use crate::permissions::ValueRead;

/// Days shown when the caller does not say from when.
const DAYS: i64 = 30;
const LIST: &str = "telemetry-freshness";

/// What of a series is shown.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SeriesQuery {
    /// Observed at this moment or later; by default 30 days before `to`.
    from: Option<Timestamp>,
    /// Observed before this moment; by default until now.
    to: Option<Timestamp>,
    /// How long a time one point stands for; by default the finest that keeps the series short: HOUR up to 7 days, DAY up to 400,
    /// WEEK up to 2,800, else MONTH. What is asked for may be longer: HOUR up to 31 days, DAY up to 1,000, WEEK up to 7,000. Points
    /// are whole: the series begins with the one that `from` is in and ends with the one that `to` is in, or before it where
    /// that begins at `to`.
    #[param(inline)]
    resolution: Option<Resolution>,
}

/// A series.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Series {
    /// The attribute.
    attribute_id: CustomerAttributeId,
    /// How long a time one point stands for.
    resolution: Resolution,
    /// Where the series begins: `from`, rounded down to a whole point.
    from: Timestamp,
    /// Before which it ends: `to`, rounded up to a whole point.
    to: Timestamp,
    /// The points that have values, the first one first.
    points: Vec<Point>,
}

/// Show the series of an attribute
///
/// How many values there were in each hour, day, week or month, with the least, the greatest, the mean and the last of them.
#[utoipa::path(tag = "values", params(SeriesQuery), security(("bearer" = [ValueRead::NAME])), responses((status = 200, body = Series)))]
#[get("/attributes/{attributeId}/series")]
pub(super) async fn show_series(
    who: Allow<ValueRead>,
    db: Data<Db>,
    adoption: Data<Adoption>,
    context: Data<Context>,
    Path(id): Path<CustomerAttributeId>,
    Query(query): Query<SeriesQuery>,
) -> Answer {
    access::may(&who, &db, &adoption, Thing::Attribute(id)).await?;
    // A sender's clock may be a little ahead.
    let to = query.to.unwrap_or(context.clock.now() + Duration::minutes(5));
    let from = query.from.unwrap_or_else(|| Resolution::days_before(to, DAYS));
    let resolution = Resolution::of(query.resolution, (from, to))?;
    let (from, to) = resolution.whole((from, to));
    who.read(&db, async |conn| {
        let attribute =
            attributes::store::find(conn, who.tenant, id).await?.ok_or_else(|| Problem::not_found("attribute"))?;
        let points = match resolution {
            Resolution::Hour => Resolution::hours(store::hours(conn, &attribute, (from, to)).await?),
            Resolution::Day | Resolution::Week | Resolution::Month => {
                resolution.points(store::days(conn, &attribute, (from.date_naive(), to.date_naive())).await?)
            }
        };
        Reply::ok(&Series { attribute_id: id, resolution, from, to, points })
    })
    .await
}

/// How fresh the data of an attribute are.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Freshness {
    /// The attribute.
    attribute_id: CustomerAttributeId,
    /// Its name.
    name: String,
    /// The name of its task.
    task_name: String,
    /// When a value was observed last; null when there never was one.
    latest_observed_at: Option<Timestamp>,
    /// How many seconds ago that was.
    age_seconds: Option<i64>,
    /// On how many of the last 30 days it had a value.
    days_with_data: i64,
}

/// List how fresh the data of an assignment are
///
/// For each attribute: when a value was observed last, and on how many of the last 30 days there was one.
#[utoipa::path(tag = "attributes", params(AttributeQuery), security(("bearer" = [ValueRead::NAME])), responses((status = 200, body = Page<Freshness>), (status = 404, description = "There is no such assignment, or you may not see it.")))]
#[get("/freshness")]
pub(super) async fn list_freshness(
    who: Allow<ValueRead>,
    db: Data<Db>,
    adoption: Data<Adoption>,
    context: Data<Context>,
    Query(query): Query<AttributeQuery>,
) -> Answer {
    access::may(&who, &db, &adoption, Thing::Assignment(query.assignment_id)).await?;
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let keys = &context.config.keys;
    let (limit, after) = (paging.limit()?, paging.after(keys, LIST)?.and_then(|cursor| cursor.key(0)));
    let now = context.clock.now();
    who.read(&db, async |conn| {
        let rows = attributes::store::page(conn, who.tenant, &query, after, limit).await?;
        let (ids, since) = (rows.iter().map(|row| row.id).collect(), (now - Duration::days(DAYS)).date_naive());
        let days = store::days_with_data(conn, who.tenant, ids, since.succ_opt().unwrap_or(since)).await?;
        let days: HashMap<_, _> = days.into_iter().collect();
        let page = Cursor::page(rows, limit, keys, LIST, |row| vec![row.id.to_string().into()]);
        Reply::ok(&page.map(|row| Freshness::of(row, &days, now)))
    })
    .await
}

impl Freshness {
    fn of(attribute: Attribute, days: &HashMap<CustomerAttributeId, i64>, now: Timestamp) -> Self {
        let Attribute { id, name, task_name, latest_observed_at, .. } = attribute;
        let age_seconds = latest_observed_at.map(|at| (now - at).num_seconds().max(0));
        let days_with_data = days.get(&id).copied().unwrap_or_default();
        Self { attribute_id: id, name, task_name, latest_observed_at, age_seconds, days_with_data }
    }
}
