//! The rows of the lists, and what they are asked with.

use contracts::adoption::StatusSource;
use contracts::catalog::LicenseLevel;
use diesel::QueryableByName;
use diesel::pg::Pg;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use kernel::{CustomerId, CustomerTaskId, Hundredths, PageQuery, PlanId, ProductId, SolutionId, TaskId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::file::{Format, Row};

/// Declares how a list is asked for: page by page or whole, and with what else it takes.
macro_rules! list_query {
    ($(#[$doc:meta])* $name:ident { $($(#[$what:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize, utoipa::IntoParams)]
        #[into_params(parameter_in = Query)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub(super) struct $name {
            /// Rows per page, 1 to 200 (default 50).
            limit: Option<u16>,
            /// `nextCursor` of the page before.
            cursor: Option<String>,
            /// `json` (default) or `csv`: all of it as a table.
            #[param(inline)]
            pub(super) format: Option<Format>,
            $($(#[$what])* pub(super) $field: $type,)*
        }

        impl $name {
            /// Which page.
            pub(super) fn paging(&self) -> PageQuery<'_> {
                PageQuery { limit: self.limit, cursor: self.cursor.as_deref() }
            }
        }
    };
}

list_query! {
    /// How a list is asked for whose rows are old enough.
    AgeQuery {
        /// Longer ago than so many days; default: 30 for tasks, 90 for plans.
        days: Option<u16>,
    }
}

list_query! {
    /// How customers are asked for who have come less far than a part of the way.
    BelowQuery {
        /// Percent, 0 to 100 (default 50).
        below: Option<u16>,
    }
}

list_query! {
    /// How any other list is asked for.
    ListQuery {}
}

/// How a short list is asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WholeQuery {
    /// `json` (default) or `csv`.
    #[param(inline)]
    pub(super) format: Option<Format>,
}

/// How a trend is asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TrendQuery {
    /// `json` (default) or `csv`.
    #[param(inline)]
    pub(super) format: Option<Format>,
    /// How many months, this one included: 1 to 60 (default 12).
    pub(super) months: Option<u16>,
}

/// A task that somebody began and did not end.
#[derive(Debug, Serialize, QueryableByName, utoipa::ToSchema)]
#[diesel(check_for_backend(Pg))]
#[serde(rename_all = "camelCase")]
pub(super) struct StalledTask {
    /// The customer task.
    #[diesel(sql_type = SqlUuid)]
    pub(super) customer_task_id: CustomerTaskId,
    /// What it is called.
    #[diesel(sql_type = Text)]
    name: String,
    /// Its plan.
    #[diesel(sql_type = SqlUuid)]
    plan_id: PlanId,
    /// The product, or the solution, that the plan is of.
    #[diesel(sql_type = Text)]
    product_name: String,
    /// Whose it is.
    #[diesel(sql_type = SqlUuid)]
    customer_id: CustomerId,
    /// What the customer is called.
    #[diesel(sql_type = Text)]
    customer_name: String,
    /// Who says that it is in progress.
    #[diesel(sql_type = Text)]
    status_source: StatusSource,
    /// Since when.
    #[diesel(sql_type = Timestamptz)]
    pub(super) since: Timestamp,
    /// Whole days since then.
    #[diesel(sql_type = Integer)]
    days: i32,
}

/// A customer who has come less far than others.
#[derive(Debug, Serialize, QueryableByName, utoipa::ToSchema)]
#[diesel(check_for_backend(Pg))]
#[serde(rename_all = "camelCase")]
pub(super) struct LowAdoption {
    /// The customer.
    #[diesel(sql_type = SqlUuid)]
    pub(super) customer_id: CustomerId,
    /// What the customer is called.
    #[diesel(sql_type = Text)]
    customer_name: String,
    /// The mean progress of the products that are assigned, in percent.
    #[diesel(sql_type = Integer)]
    pub(super) adoption: Hundredths,
    /// How many products are assigned.
    #[diesel(sql_type = BigInt)]
    products: i64,
    /// Tasks of their plans that count.
    #[diesel(sql_type = BigInt)]
    total_tasks: i64,
    /// Those that are done.
    #[diesel(sql_type = BigInt)]
    completed_tasks: i64,
}

/// A task of the catalog that customers say they do not need.
#[derive(Debug, Serialize, QueryableByName, utoipa::ToSchema)]
#[diesel(check_for_backend(Pg))]
#[serde(rename_all = "camelCase")]
pub(super) struct SkippedTask {
    /// The catalog's task.
    #[diesel(sql_type = SqlUuid)]
    pub(super) task_id: TaskId,
    /// What it is called.
    #[diesel(sql_type = Text)]
    name: String,
    /// Its product; null when it is a solution's own.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    product_id: Option<ProductId>,
    /// Its solution; null when it is a product's.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    solution_id: Option<SolutionId>,
    /// What the product is called, or the solution.
    #[diesel(sql_type = Text)]
    product_name: String,
    /// In how many plans it was skipped.
    #[diesel(sql_type = BigInt)]
    pub(super) skipped: i64,
    /// How many plans there are of the product.
    #[diesel(sql_type = BigInt)]
    plans: i64,
}

/// A plan that was not made equal to the catalog for long.
#[derive(Debug, Serialize, QueryableByName, utoipa::ToSchema)]
#[diesel(check_for_backend(Pg))]
#[serde(rename_all = "camelCase")]
pub(super) struct UnsyncedPlan {
    /// The plan.
    #[diesel(sql_type = SqlUuid)]
    pub(super) plan_id: PlanId,
    /// The product, or the solution, that it is of.
    #[diesel(sql_type = Text)]
    product_name: String,
    /// Whose it is.
    #[diesel(sql_type = SqlUuid)]
    customer_id: CustomerId,
    /// What the customer is called.
    #[diesel(sql_type = Text)]
    customer_name: String,
    /// How far it has come, in percent.
    #[diesel(sql_type = Integer)]
    progress_percentage: Hundredths,
    /// Whether the catalog has moved since, or the last sync was undone.
    #[diesel(sql_type = Bool)]
    needs_sync: bool,
    /// When it last was.
    #[diesel(sql_type = Timestamptz)]
    pub(super) last_synced_at: Timestamp,
    /// Whole days since then.
    #[diesel(sql_type = Integer)]
    days: i32,
}

/// How long customers take for the tasks of a product.
#[derive(Debug, Serialize, QueryableByName, utoipa::ToSchema)]
#[diesel(check_for_backend(Pg))]
#[serde(rename_all = "camelCase")]
pub(super) struct CompletionTime {
    /// The product; null when the tasks are a solution's own.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    product_id: Option<ProductId>,
    /// The solution; null when the tasks are a product's.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    solution_id: Option<SolutionId>,
    /// What the product is called, or the solution.
    #[diesel(sql_type = Text)]
    product_name: String,
    /// Its plans.
    #[diesel(sql_type = BigInt)]
    plans: i64,
    /// Their tasks that are done.
    #[diesel(sql_type = BigInt)]
    completed_tasks: i64,
    /// Days from the making of the plan until a task was done: their mean. Null when none is.
    #[diesel(sql_type = Nullable<Integer>)]
    mean_days: Option<Hundredths>,
}

/// How far those have come who hold a licence level.
#[derive(Debug, Serialize, QueryableByName, utoipa::ToSchema)]
#[diesel(check_for_backend(Pg))]
#[serde(rename_all = "camelCase")]
pub(super) struct LevelAdoption {
    /// The level.
    #[diesel(sql_type = Text)]
    license_level: LicenseLevel,
    /// Customers who have a plan of it.
    #[diesel(sql_type = BigInt)]
    customers: i64,
    /// Its plans.
    #[diesel(sql_type = BigInt)]
    plans: i64,
    /// Their tasks that count.
    #[diesel(sql_type = BigInt)]
    total_tasks: i64,
    /// Those that are done.
    #[diesel(sql_type = BigInt)]
    completed_tasks: i64,
    /// The mean of the plans' progress, in percent.
    #[diesel(sql_type = Integer)]
    mean_progress: Hundredths,
    /// Days from the making of the plan until a task was done: their mean. Null when none is.
    #[diesel(sql_type = Nullable<Integer>)]
    mean_days: Option<Hundredths>,
}

/// What happened in a month.
#[derive(Debug, Serialize, QueryableByName, utoipa::ToSchema)]
#[diesel(check_for_backend(Pg))]
#[serde(rename_all = "camelCase")]
pub(super) struct TrendMonth {
    /// Its first day (UTC).
    #[diesel(sql_type = Date)]
    month: chrono::NaiveDate,
    /// Tasks that were done in it, and are.
    #[diesel(sql_type = BigInt)]
    completed_tasks: i64,
    /// Plans that were made in it.
    #[diesel(sql_type = BigInt)]
    plans_made: i64,
}

impl Row for StalledTask {
    const NAME: &'static str = "stalled-tasks";
    const COLUMNS: &'static [&'static str] = &[
        "customerName",
        "productName",
        "name",
        "since",
        "days",
        "statusSource",
        "customerId",
        "planId",
        "customerTaskId",
    ];
    fn key(&self) -> Vec<Value> {
        vec![json!(self.since), json!(self.customer_task_id)]
    }
}

impl Row for LowAdoption {
    const NAME: &'static str = "low-adoption";
    const COLUMNS: &'static [&'static str] =
        &["customerName", "adoption", "products", "totalTasks", "completedTasks", "customerId"];
    fn key(&self) -> Vec<Value> {
        vec![json!(self.adoption.0), json!(self.customer_id)]
    }
}

impl Row for SkippedTask {
    const NAME: &'static str = "skipped-tasks";
    const COLUMNS: &'static [&'static str] =
        &["productName", "name", "skipped", "plans", "taskId", "productId", "solutionId"];
    fn key(&self) -> Vec<Value> {
        vec![json!(self.skipped), json!(self.task_id)]
    }
}

impl Row for UnsyncedPlan {
    const NAME: &'static str = "unsynced-plans";
    const COLUMNS: &'static [&'static str] = &[
        "customerName",
        "productName",
        "lastSyncedAt",
        "days",
        "needsSync",
        "progressPercentage",
        "customerId",
        "planId",
    ];
    fn key(&self) -> Vec<Value> {
        vec![json!(self.last_synced_at), json!(self.plan_id)]
    }
}

impl Row for CompletionTime {
    const NAME: &'static str = "completion-times";
    const COLUMNS: &'static [&'static str] =
        &["productName", "plans", "completedTasks", "meanDays", "productId", "solutionId"];
    fn key(&self) -> Vec<Value> {
        Vec::new()
    }
}

impl Row for LevelAdoption {
    const NAME: &'static str = "license-levels";
    const COLUMNS: &'static [&'static str] =
        &["licenseLevel", "customers", "plans", "totalTasks", "completedTasks", "meanProgress", "meanDays"];
    fn key(&self) -> Vec<Value> {
        Vec::new()
    }
}

impl Row for TrendMonth {
    const NAME: &'static str = "trend";
    const COLUMNS: &'static [&'static str] = &["month", "completedTasks", "plansMade"];
    fn key(&self) -> Vec<Value> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use utoipa::PartialSchema;
    use utoipa::openapi::{RefOr, Schema};

    use super::*;

    /// A table shows what the page shows.
    fn assert_whole<T: Row + PartialSchema>() {
        let RefOr::T(Schema::Object(row)) = T::schema() else { panic!("{} has no fields", T::NAME) };
        let (fields, columns) = (row.properties.keys().map(String::as_str), T::COLUMNS.iter().copied());
        assert_eq!(columns.collect::<BTreeSet<_>>(), fields.collect(), "{}", T::NAME);
    }

    #[test]
    fn a_table_has_a_column_for_every_field() {
        assert_whole::<StalledTask>();
        assert_whole::<LowAdoption>();
        assert_whole::<SkippedTask>();
        assert_whole::<UnsyncedPlan>();
        assert_whole::<CompletionTime>();
        assert_whole::<LevelAdoption>();
        assert_whole::<TrendMonth>();
    }
}
