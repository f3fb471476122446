//! Sign-ins by day.

use std::collections::BTreeMap;

use actix_web::get;
use actix_web::web::Data;
use chrono::{Duration, NaiveDate};
use db::{Conn, Db};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::problem::REQUEST_MALFORMED;
use kernel::{Problem, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use web::{Allow, Answer, Query, Reply};

use super::model::FailureReason;
use crate::permissions::AuditRead;

/// Days that are counted when the caller does not say.
const DAYS: Duration = Duration::days(30);
const MOST_DAYS: Duration = Duration::days(366);

/// Which days.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StatisticsQuery {
    /// Not before this moment (RFC 3339); default: 30 days before `to`.
    from: Option<Timestamp>,
    /// Before this moment (RFC 3339); default: now.
    to: Option<Timestamp>,
}

/// Sign-ins by day.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct SignInStatistics {
    /// Days on which somebody signed in or tried to, the first one first.
    days: Vec<SignInDay>,
}

/// One day of UTC.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct SignInDay {
    /// The day.
    day: NaiveDate,
    /// Sign-ins.
    successes: i64,
    /// Attempts that were refused.
    failures: i64,
    /// The same by their reasons.
    failures_by_reason: BTreeMap<FailureReason, i64>,
    /// People who signed in.
    distinct_users: i64,
}

/// Count sign-ins by day
///
/// Successes, failures by reason, and how many people signed in on each day of UTC; at most 366 days at once.
#[utoipa::path(tag = "audit", params(StatisticsQuery), security(("bearer" = [AuditRead::NAME])), responses((status = 200, body = SignInStatistics)))]
#[get("/sign-in-activity/statistics")]
pub(super) async fn show_sign_in_statistics(
    who: Allow<AuditRead>,
    db: Data<Db>,
    Query(query): Query<StatisticsQuery>,
) -> Answer {
    let to = query.to.unwrap_or_else(|| db.clock().now());
    let from = query.from.unwrap_or(to - DAYS);
    if to - from > MOST_DAYS {
        let how = "Ask for at most 366 days at once.";
        return Err(REQUEST_MALFORMED.detail(how).at("from", "OUT_OF_RANGE", how).into());
    }
    who.read(&db, async |conn| Reply::ok(&SignInStatistics { days: count(conn, who.tenant, (from, to)).await? })).await
}

async fn count(
    mut conn: &Conn,
    tenant: TenantId,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<SignInDay>, Problem> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Date)]
        day: NaiveDate,
        #[diesel(sql_type = Nullable<Text>)]
        reason: Option<FailureReason>,
        #[diesel(sql_type = BigInt)]
        attempts: i64,
        #[diesel(sql_type = BigInt)]
        people: i64,
    }
    // A success has no reason, so a day has one row of successes and one for each reason.
    let rows = diesel::sql_query(
        "select (occurred_at at time zone 'UTC')::date as day, reason, count(*) as attempts, count(distinct user_id) as people \
         from sign_in_events where tenant_id = $1 and occurred_at >= $2 and occurred_at < $3 group by 1, 2 order by 1, 2",
    );
    let rows: Vec<Row> =
        rows.bind::<SqlUuid, _>(tenant).bind::<Timestamptz, _>(from).bind::<Timestamptz, _>(to).load(&mut conn).await?;
    let mut days: BTreeMap<NaiveDate, SignInDay> = BTreeMap::new();
    for Row { day, reason, attempts, people } in rows {
        let entry = days.entry(day).or_insert_with(|| SignInDay { day, ..SignInDay::default() });
        match reason {
            None => (entry.successes, entry.distinct_users) = (attempts, people),
            Some(reason) => {
                entry.failures += attempts;
                entry.failures_by_reason.insert(reason, attempts);
            }
        }
    }
    Ok(days.into_values().collect())
}
