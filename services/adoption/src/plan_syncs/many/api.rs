//! Operations over HTTP.

use std::collections::BTreeSet;

use actix_web::web::Data;
use actix_web::{get, post};
use auth::Permission;
use clients::Catalog;
use contracts::adoption::{SYNC_OPERATION_CREATED, SyncOperationView};
use contracts::catalog::OwnerId;
use db::{Conn, Db};
use grants::Scope;
use kernel::{Cursor, Page, PageQuery, PlanId, Problem, SyncOperationId};
use web::{Allow, Answer, Body, Context, Path, Query, Reply};

use super::model::{OperationPlan, OperationPlanQuery, OperationPlanView, SyncOperation, SyncPlans};
use super::{store, work};
use crate::access;
use crate::assignments::unknown;
use crate::bundles::ask_each;
use crate::permissions::{PlanRead, PlanWrite};
use crate::revisions;

const OPERATIONS: &str = "/adoption/v1/plan-syncs";

/// Sync many plans with the catalog
///
/// In the background, to the catalog as it is at this moment: the answer names an operation that shows how far it has come.
/// Each plan is synced by itself, as POST /plans/{planId}/sync does it, and can be undone by itself; one that fails hinders no
/// other. Which products a solution has is no plan's matter: a solution plan that others joined or left needs a sync as a whole
/// also afterwards, by POST /solution-plans/{solutionPlanId}/sync.
#[utoipa::path(tag = "plan syncs", request_body = SyncPlans, security(("bearer" = [PlanWrite::NAME])), responses((status = 202, body = SyncOperationView)))]
#[post("/plan-syncs")]
pub(super) async fn sync_plans(
    who: Allow<PlanWrite>,
    db: Data<Db>,
    catalog: Data<Catalog>,
    Body(command): Body<SyncPlans>,
) -> Answer {
    if let Some(answer) = who.replayed(&db).await? {
        return Ok(answer);
    }
    command.check()?;
    let meant = async |conn: &Conn| {
        let scope = access::scope(&who, conn).await?;
        let found = store::meant(conn, who.tenant, &command, &scope).await?;
        command.require_found(&found, scope != Scope::All)?;
        Ok(found)
    };
    let meant = db.read(who.tenant, meant).await?;
    // Asked before the write begins: no transaction waits for another service.
    let owner = command.owner();
    let owners: BTreeSet<OwnerId> = meant.iter().map(|(_, owner)| *owner).chain(owner).collect();
    let blueprints = ask_each(&catalog, who.actor(), owners).await?;
    if let Some(owner) = owner.filter(|_| blueprints.is_empty()) {
        return Err(unknown(owner).into());
    }
    who.write(&db, async |tx| {
        let operation = SyncOperation::create(tx.tenant(), who.user, tx.now());
        let plans: Vec<PlanId> = meant.iter().map(|(plan, _)| *plan).collect();
        store::insert(tx, &operation, &plans).await?;
        for blueprint in blueprints {
            revisions::learn(tx, blueprint.owner_id(), blueprint.revision()).await?;
            store::keep(tx, operation.id, blueprint).await?;
        }
        work::begin(tx, operation.id).await?;
        let states = store::states(tx, tx.tenant(), operation.id).await?;
        let view = operation.view(&states);
        tx.announce(&SYNC_OPERATION_CREATED, None, &view).await?;
        Ok(Reply::created(&view, OPERATIONS)?.with_status(202))
    })
    .await
}

/// Show a sync of many plans
///
/// How far it has come, and what became of its plans. It can be looked at for 30 days after its end.
#[utoipa::path(tag = "plan syncs", security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = SyncOperationView)))]
#[get("/plan-syncs/{operationId}")]
pub(super) async fn show_operation(who: Allow<PlanRead>, db: Data<Db>, Path(id): Path<SyncOperationId>) -> Answer {
    who.read(&db, async |conn| {
        let operation = find(&who, conn, id).await?;
        Ok(Reply::show(&operation.view(&store::states(conn, who.tenant, id).await?))?.in_full())
    })
    .await
}

/// List the plans of a sync of many
///
/// What became of each; for those that failed, why.
#[utoipa::path(tag = "plan syncs", params(OperationPlanQuery), security(("bearer" = [PlanRead::NAME])), responses((status = 200, body = Page<OperationPlanView>)))]
#[get("/plan-syncs/{operationId}/plans")]
pub(super) async fn list_operation_plans(
    who: Allow<PlanRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path(id): Path<SyncOperationId>,
    Query(query): Query<OperationPlanQuery>,
) -> Answer {
    let paging = PageQuery { limit: query.limit, cursor: query.cursor.as_deref() };
    let (limit, after) = (paging.limit()?, paging.after(&context.config.keys, "operation_plans")?);
    who.read(&db, async |conn| {
        find(&who, conn, id).await?;
        let of = (who.tenant, id);
        let rows = store::page(conn, of, &query.state, after, limit).await?;
        let key = |row: &OperationPlan| vec![row.plan_id.to_string().into()];
        let mut page = Cursor::page(rows, limit, &context.config.keys, "operation_plans", key);
        if query.count == Some(true) {
            page.total = Some(store::count(conn, of, &query.state).await?);
        }
        Reply::ok(&page.map(OperationPlanView::from))
    })
    .await
}

/// An operation that the caller may see: one of their own, when grants narrow them to some customers.
async fn find<P: Permission>(who: &Allow<P>, conn: &Conn, id: SyncOperationId) -> Result<SyncOperation, Problem> {
    let operation = store::find(conn, who.tenant, id).await?;
    let seen = operation.filter(|operation| who.holds_wholly() || operation.requested_by == who.user);
    seen.ok_or_else(|| Problem::not_found("sync of plans"))
}
