//! Search: everything in the catalog by its name and description.
//!
//! The rows are kept by the database itself (`migrations/catalog`). Full text and trigrams are out of an index's reach behind
//! row security, so one function looks past the wall, for the setting's tenant alone, and answers with ids; what they stand
//! for is read through the wall.

use actix_web::get;
use actix_web::web::Data;
use contracts::identity::Scope;
use db::{Conn, Db};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{Check, Cursor, Page, PageQuery, Problem, ProductId, SolutionId, TaskId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use web::{Allow, Answer, Context, Query, Reply};

use crate::owners::{Owner, OwnerKind, scope};
use crate::permissions::CatalogRead;

/// The routes of this noun.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(search_catalog);
}

kernel::text_enum! {
    /// What kind of thing was found.
    pub enum FoundKind {
        /// A product.
        Product = "PRODUCT",
        /// A solution.
        Solution = "SOLUTION",
        /// A task.
        Task = "TASK",
        /// A telemetry attribute.
        TelemetryAttribute = "TELEMETRY_ATTRIBUTE",
        /// A licence.
        License = "LICENSE",
        /// An outcome.
        Outcome = "OUTCOME",
        /// A release.
        Release = "RELEASE",
        /// A tag.
        Tag = "TAG",
        /// A custom attribute; its key is its name.
        CustomAttribute = "CUSTOM_ATTRIBUTE",
    }
}

/// What is looked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SearchQuery {
    /// Words, or how they begin: 2 to 200 characters. What is found has all of them.
    #[param(example = "gate")]
    q: String,
    /// Only things of this kind. Repeat for more.
    #[serde(default)]
    #[param(inline)]
    kind: Vec<FoundKind>,
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Something that was found.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct FoundView {
    /// What it is.
    kind: FoundKind,
    /// Its id.
    id: Uuid,
    /// What it is called.
    name: String,
    /// What its description says around the words.
    excerpt: Option<String>,
    /// The product that it is or hangs on; null when that is a solution.
    product_id: Option<ProductId>,
    /// The solution that it is or hangs on; null when that is a product.
    solution_id: Option<SolutionId>,
    /// What that product or solution is called.
    owner_name: String,
    /// The task of a telemetry attribute.
    task_id: Option<TaskId>,
}

/// Search the catalog
///
/// Products, solutions and everything under them, by name and description, best first; a name counts for more. Words are found
/// by how they begin, whatever the case of their letters. When nothing has all of them, what is called something like it.
#[utoipa::path(tag = "search", params(SearchQuery), security(("bearer" = [CatalogRead::NAME])), responses((status = 200, body = Page<FoundView>)))]
#[get("/search")]
async fn search_catalog(
    who: Allow<CatalogRead>,
    db: Data<Db>,
    context: Data<Context>,
    Query(query): Query<SearchQuery>,
) -> Answer {
    let mut check = Check::new();
    check.line("q", &query.q, 2, 200);
    check.finish()?;
    let list = format!("search {:?} {}", query.kind, query.q);
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, &list)?);
    who.read(&db, async |conn| {
        let products = scope(&who, conn, OwnerKind::Product, CatalogRead::NAME).await?;
        let solutions = scope(&who, conn, OwnerKind::Solution, CatalogRead::NAME).await?;
        let rows = find(conn, who.tenant, &query, (products, solutions), after, limit).await?;
        let page = Cursor::page(rows, limit, &context.config.keys, &list, |row| vec![json!(row.rank), json!(row.id)]);
        Reply::ok(&page.map(FoundView::from))
    })
    .await
}

/// A row that was found.
#[derive(Debug, QueryableByName)]
struct Found {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Integer)]
    rank: i32,
    #[diesel(sql_type = Text)]
    kind: FoundKind,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    excerpt: Option<String>,
    #[diesel(sql_type = Text)]
    owner_kind: OwnerKind,
    #[diesel(sql_type = SqlUuid)]
    owner_id: Uuid,
    #[diesel(sql_type = Text)]
    owner_name: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    task_id: Option<TaskId>,
}

const FIND: &str = "select r.id, found.rank, r.kind, r.name, r.owner_kind, r.owner_id, o.name as owner_name, r.task_id, \
         ts_headline('simple', r.description, to_tsquery('simple', $3), \
             'StartSel=\"\", StopSel=\"\", MaxWords=30, MinWords=15') as excerpt \
     from search_catalog($2, $3, $4, $5, $6, $7, $8, $9) found \
     join search_rows r on r.tenant_id = $1 and r.id = found.id \
     join search_rows o on o.tenant_id = $1 and o.id = r.owner_id \
     order by found.rank desc, found.id";

/// One page, with one row more to tell whether there is another page.
async fn find(
    mut conn: &Conn,
    tenant: TenantId,
    query: &SearchQuery,
    (products, solutions): (Scope, Scope),
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Found>, Problem> {
    let after = after.and_then(|after| Some((after.key::<i32>(0)?, after.key::<Uuid>(1)?)));
    let kinds = Some(&query.kind).filter(|kinds| !kinds.is_empty());
    let within = |scope| match scope {
        Scope::All => None,
        Scope::Some(ids) => Some(ids),
    };
    let find = diesel::sql_query(FIND)
        .bind::<SqlUuid, _>(tenant)
        .bind::<Text, _>(&query.q)
        .bind::<Text, _>(beginnings(&query.q))
        .bind::<Nullable<Array<Text>>, _>(kinds)
        .bind::<Nullable<Array<SqlUuid>>, _>(within(products))
        .bind::<Nullable<Array<SqlUuid>>, _>(within(solutions))
        .bind::<Nullable<Integer>, _>(after.map(|(rank, _)| rank))
        .bind::<Nullable<SqlUuid>, _>(after.map(|(_, id)| id))
        .bind::<BigInt, _>(limit + 1);
    Ok(find.load(&mut conn).await?)
}

/// What was said as Postgres takes it: all of the words, each as the beginning of one.
fn beginnings(said: &str) -> String {
    let quoted = |word: &str| format!("'{}':*", word.replace('\\', "\\\\").replace('\'', "''"));
    said.split_whitespace().map(quoted).collect::<Vec<_>>().join(" & ")
}

impl From<Found> for FoundView {
    fn from(row: Found) -> Self {
        let Found { id, rank: _, kind, name, excerpt, owner_kind, owner_id, owner_name, task_id } = row;
        let (product_id, solution_id) = Owner::of(owner_kind, owner_id).ids();
        Self { kind, id, name, excerpt, product_id, solution_id, owner_name, task_id }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_never_a_part_of_the_query_language() {
        assert_eq!(beginnings(" harbour  gate "), "'harbour':* & 'gate':*");
        assert_eq!(beginnings(r"a'b \ | !c"), r"'a''b':* & '\\':* & '|':* & '!c':*");
    }
}
