//! The impact of an import over HTTP.

use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, get};
use clients::Catalog;
use contracts::catalog::{Blueprint, Rehearsal};
use db::Db;
use kernel::{Cursor, ImportId, Page, PageQuery, Problem};
use serde_json::json;
use web::{Allow, Answer, Context, Path, Query, Reply, bearer};

use super::model::{Impact, ImpactQuery, ImpactView, PlanImpactView, refused};
use super::store;
use crate::permissions::PlanRead;
use crate::plan_syncs::{Due, synced_all};
use crate::plans::Plan;
use crate::{access, assignments};

/// Show the impact of an import
///
/// How many plans an import of yours would touch once it is committed and they are synced, and how each task would: a plan
/// that equals the catalog of now, for everything that customers are entitled to. Nothing is changed by asking. What people
/// have edited in their plans is told plan by plan.
#[utoipa::path(tag = "impact", security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = ImpactView), (status = 409, description = "The import cannot be done as things stand, or is too large to be tried.")))]
#[get("/imports/{importId}/impact")]
pub(super) async fn show_impact(
    who: Allow<PlanRead>,
    db: Data<Db>,
    catalog: Data<Catalog>,
    request: HttpRequest,
    Path(id): Path<ImportId>,
) -> Answer {
    let (before, after) = rehearse(&catalog, &request, id).await?;
    who.read(&db, async |conn| {
        let scope = access::scope(&who, conn).await?;
        let assignments = store::planned(conn, who.tenant, (after.owner_id(), &scope)).await?;
        let impact = Impact::of(before.as_deref(), &after, &assignments, db.clock().now());
        Reply::ok(&impact.view(id, before.as_deref(), &after))
    })
    .await
}

/// List the plans that an import would touch
///
/// With what a sync would change in each once the import is committed: what it does not follow yet of the catalog of now is
/// part of that. Plans that stay as they are are left out, so a page may have fewer rows than asked for; go on while there is a
/// `nextCursor`.
#[utoipa::path(tag = "impact", params(ImpactQuery), security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = Page<PlanImpactView>), (status = 409, description = "The import cannot be done as things stand, or is too large to be tried.")))]
#[get("/imports/{importId}/impact/plans")]
pub(super) async fn list_impact_plans(
    who: Allow<PlanRead>,
    db: Data<Db>,
    catalog: Data<Catalog>,
    context: Data<Context>,
    request: HttpRequest,
    Path(id): Path<ImportId>,
    Query(query): Query<ImpactQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let of = format!("impact of {id}");
    let (limit, after_plan) = (paging.limit()?, paging.after(&context.config.keys, &of)?);
    let (_, after) = rehearse(&catalog, &request, id).await?;
    who.read(&db, async |conn| {
        let scope = access::scope(&who, conn).await?;
        let rows = store::page(conn, who.tenant, (after.owner_id(), &scope), after_plan, limit).await?;
        let key = |(plan, _): &(Plan, String)| vec![json!(plan.id)];
        let page = Cursor::page(rows, limit, &context.config.keys, &of, key);
        let (plans, names): (Vec<_>, Vec<_>) = page.items.into_iter().unzip();
        let ids: Vec<_> = plans.iter().map(|plan| plan.assignment_id).collect();
        let assignments = assignments::find_many(conn, who.tenant, &ids).await?;
        let assignments: BTreeMap<_, _> = assignments.into_iter().map(|known| (known.id, known)).collect();
        let mut items = Vec::new();
        for (plan, name) in synced_all(conn, who.tenant, plans).await?.into_iter().zip(names) {
            let Some(assignment) = assignments.get(&plan.plan.assignment_id) else { continue };
            let due = Due::of(plan, assignment, &after, db.clock().now())?;
            items.extend(PlanImpactView::of(&due, name));
        }
        Reply::ok(&Page { items, next_cursor: page.next_cursor, total: None })
    })
    .await
}

/// What an import would make of its product or solution, and what that is now; asked as the caller, whose import it is.
async fn rehearse(
    catalog: &Catalog,
    request: &HttpRequest,
    id: ImportId,
) -> Result<(Option<Box<Blueprint>>, Box<Blueprint>), Problem> {
    let rehearsal = catalog.rehearse(bearer(request)?, id).await?;
    match rehearsal.ok_or_else(|| Problem::not_found("import"))? {
        Rehearsal::Went { before, after } => Ok((before, after)),
        Rehearsal::Refused(why) => Err(refused(why)),
    }
}
