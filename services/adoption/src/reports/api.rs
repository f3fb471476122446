//! The lists over HTTP.

use std::ops::RangeInclusive;

use actix_web::get;
use actix_web::web::Data;
use auth::Permission;
use chrono::{Datelike, Duration, Months, NaiveDate};
use db::{Conn, Db};
use kernel::problem::REQUEST_MALFORMED;
use kernel::{Hundredths, Page, PageQuery, Problem, Timestamp};
use web::{Allow, Answer, Context, Query};

use super::file::{Format, Part, Row, whole};
use super::lists::{
    AgeQuery, BelowQuery, CompletionTime, LevelAdoption, ListQuery, LowAdoption, SkippedTask, StalledTask, TrendMonth,
    TrendQuery, UnsyncedPlan, WholeQuery,
};
use super::store::{self, Among};
use crate::access;
use crate::permissions::{CustomerRead, PlanRead};

/// A task in progress for longer has stalled, in days.
const STALLED: u16 = 30;
/// A plan that was not synced for longer is told of, in days.
const UNSYNCED: u16 = 90;
/// Less than this has to be looked after, in percent.
const LOW: u16 = 50;
/// Months of a trend.
const MONTHS: u16 = 12;
const MOST_MONTHS: u16 = 60;

/// List tasks that stay in progress
///
/// Customer tasks that have been in progress for more than 30 days, or as many as you say, the longest first.
#[utoipa::path(tag = "reports", params(AgeQuery), security(("bearer" = [PlanRead::NAME])), responses((status = 200, content((Page<StalledTask> = "application/json"), (String = "text/csv"))), (status = 422, description = "It has more rows than a table takes.")))]
#[get("/reports/stalled-tasks")]
pub(super) async fn list_stalled_tasks(
    who: Allow<PlanRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<AgeQuery>,
) -> Answer {
    let since = before(context.clock.now(), query.days.unwrap_or(STALLED));
    let find = async |conn: &Conn, among: &Among, part: &Part| store::stalled(conn, among, since, part).await;
    list((&who, &db, &context), (query.format, query.paging()), find).await
}

/// List customers who adopt little
///
/// Those whose assigned products have come less far than 50 % on average, or than you say, the least first. An assignment
/// without a plan counts as 0 %; a customer without products is not listed.
#[utoipa::path(tag = "reports", params(BelowQuery), security(("bearer" = [CustomerRead::NAME])), responses((status = 200, content((Page<LowAdoption> = "application/json"), (String = "text/csv"))), (status = 422, description = "It has more rows than a table takes.")))]
#[get("/reports/low-adoption")]
pub(super) async fn list_low_adoption(
    who: Allow<CustomerRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<BelowQuery>,
) -> Answer {
    let below = within("below", query.below.unwrap_or(LOW), 0..=100, "percent").map(Hundredths::of)?;
    let find = async |conn: &Conn, among: &Among, part: &Part| store::low_adoption(conn, among, below, part).await;
    list((&who, &db, &context), (query.format, query.paging()), find).await
}

/// List the tasks that are skipped most
///
/// Tasks of the catalog that somebody has set to `NOT_APPLICABLE` in plans, the one skipped most first. Tasks that a sync has
/// retired do not count.
#[utoipa::path(tag = "reports", params(ListQuery), security(("bearer" = [PlanRead::NAME])), responses((status = 200, content((Page<SkippedTask> = "application/json"), (String = "text/csv"))), (status = 422, description = "It has more rows than a table takes.")))]
#[get("/reports/skipped-tasks")]
pub(super) async fn list_skipped_tasks(
    who: Allow<PlanRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<ListQuery>,
) -> Answer {
    list((&who, &db, &context), (query.format, query.paging()), store::skipped).await
}

/// List plans that were not synced for long
///
/// Plans that were last made equal to the catalog more than 90 days ago, or as many as you say, the longest ago first;
/// `needsSync` tells which of them the catalog has left behind.
#[utoipa::path(tag = "reports", params(AgeQuery), security(("bearer" = [PlanRead::NAME])), responses((status = 200, content((Page<UnsyncedPlan> = "application/json"), (String = "text/csv"))), (status = 422, description = "It has more rows than a table takes.")))]
#[get("/reports/unsynced-plans")]
pub(super) async fn list_unsynced_plans(
    who: Allow<PlanRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<AgeQuery>,
) -> Answer {
    let since = before(context.clock.now(), query.days.unwrap_or(UNSYNCED));
    let find = async |conn: &Conn, among: &Among, part: &Part| store::unsynced(conn, among, since, part).await;
    list((&who, &db, &context), (query.format, query.paging()), find).await
}

/// List how long tasks take
///
/// For each product and each solution's own tasks: the mean of the days from the making of a plan until a task of it was done,
/// the slowest first.
#[utoipa::path(tag = "reports", params(WholeQuery), security(("bearer" = [PlanRead::NAME])), responses((status = 200, content((Page<CompletionTime> = "application/json"), (String = "text/csv")))))]
#[get("/reports/completion-times")]
pub(super) async fn list_completion_times(
    who: Allow<PlanRead>,
    db: Data<Db>,
    Query(query): Query<WholeQuery>,
) -> Answer {
    let rows = among(&who, &db, store::completion_times).await?;
    whole(query.format, rows)
}

/// Compare the licence levels
///
/// How far the plans of each level have come, and how long their tasks take.
#[utoipa::path(tag = "reports", params(WholeQuery), security(("bearer" = [PlanRead::NAME])), responses((status = 200, content((Page<LevelAdoption> = "application/json"), (String = "text/csv")))))]
#[get("/reports/license-levels")]
pub(super) async fn list_license_levels(who: Allow<PlanRead>, db: Data<Db>, Query(query): Query<WholeQuery>) -> Answer {
    let rows = among(&who, &db, store::levels).await?;
    whole(query.format, rows)
}

/// Show the monthly trend
///
/// Tasks done and plans made in each of the last 12 months (UTC), or of as many as you say, this one included. A task counts in
/// the month in which it was done, as long as it is.
#[utoipa::path(tag = "reports", params(TrendQuery), security(("bearer" = [PlanRead::NAME])), responses((status = 200, content((Page<TrendMonth> = "application/json"), (String = "text/csv")))))]
#[get("/reports/trend")]
pub(super) async fn show_trend(
    who: Allow<PlanRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<TrendQuery>,
) -> Answer {
    let months = months(context.clock.now(), query.months.unwrap_or(MONTHS))?;
    let rows = among(&who, &db, async |conn, among| store::months(conn, among, months).await).await?;
    whole(query.format, rows)
}

/// A page of what a question finds, or all of it as a table.
async fn list<P: Permission, R: Row>(
    (who, db, context): (&Allow<P>, &Db, &Context),
    (format, paging): (Option<Format>, PageQuery<'_>),
    find: impl AsyncFn(&Conn, &Among, &Part) -> Result<Vec<R>, Problem>,
) -> Answer {
    let keys = &context.config.keys;
    let part = Part::of::<R>(format, paging, keys)?;
    let rows = among(who, db, async |conn, among| find(conn, among, &part).await).await?;
    part.answer(rows, keys)
}

/// What a question finds among the customers whom the caller sees.
async fn among<P: Permission, R>(
    who: &Allow<P>,
    db: &Db,
    find: impl AsyncFn(&Conn, &Among) -> Result<Vec<R>, Problem>,
) -> Result<Vec<R>, Problem> {
    who.look(db, async |conn| find(conn, &Among::new(who.tenant, access::scope(who, conn).await?)).await).await
}

/// The moment so many days ago, and now.
fn before(now: Timestamp, days: u16) -> (Timestamp, Timestamp) {
    (now - Duration::days(days.into()), now)
}

/// A number of a query that must lie within bounds.
fn within(name: &str, number: u16, bounds: RangeInclusive<u16>, of: &str) -> Result<u16, Problem> {
    if bounds.contains(&number) {
        return Ok(number);
    }
    let how = format!("Give {} to {} {of}.", bounds.start(), bounds.end());
    Err(REQUEST_MALFORMED.detail(how.clone()).at(name, "OUT_OF_RANGE", how))
}

/// The first days of the first and the last of so many months.
fn months(now: Timestamp, count: u16) -> Result<(NaiveDate, NaiveDate), Problem> {
    let count = within("months", count, 1..=MOST_MONTHS, "months")?;
    let today = now.date_naive();
    let last = today.with_day(1).unwrap_or(today);
    Ok((last.checked_sub_months(Months::new(u32::from(count) - 1)).unwrap_or(last), last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_ends_with_this_month() {
        let months =
            |count| months("2026-01-31T23:59:59Z".parse().unwrap(), count).map(|(a, b)| (a.to_string(), b.to_string()));
        assert_eq!(months(1).unwrap(), ("2026-01-01".to_owned(), "2026-01-01".to_owned()));
        assert_eq!(months(13).unwrap(), ("2025-01-01".to_owned(), "2026-01-01".to_owned()));
        assert!(months(0).is_err() && months(61).is_err());
    }
}
