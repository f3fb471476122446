//! Blueprints: everything a plan is made from, as it was at one moment. For adoption only.

use std::collections::BTreeMap;

use actix_web::get;
use actix_web::web::Data;
use contracts::catalog::{AttributeView, Blueprint, BlueprintOwner, TaskBlueprint};
use db::{Conn, Db};
use kernel::{OutcomeId, Problem, ProductId, SolutionId, TaskId, TenantId};
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Answer, Internal, Path, Reply};

use crate::owners::Owner;
use crate::{attributes, parts, products, solutions, tasks};

/// The routes for other services.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(show_product_blueprint)
        .service(show_solution_blueprint)
        .service(list_product_outcome_ids)
        .service(list_solution_outcome_ids);
}

/// Show the blueprint of a product
///
/// One snapshot, with the revision it shows.
#[utoipa::path(tag = "internal", responses((status = 200, description = "The blueprint.")))]
#[get("/products/{productId}/blueprint")]
async fn show_product_blueprint(caller: Internal, db: Data<Db>, Path(id): Path<ProductId>) -> Answer {
    show(&caller, &db, Owner::Product(id)).await
}

/// Show the blueprint of a solution
///
/// One snapshot of the solution and its own tasks, with the revision it shows; its products have their own.
#[utoipa::path(tag = "internal", responses((status = 200, description = "The blueprint.")))]
#[get("/solutions/{solutionId}/blueprint")]
async fn show_solution_blueprint(caller: Internal, db: Data<Db>, Path(id): Path<SolutionId>) -> Answer {
    show(&caller, &db, Owner::Solution(id)).await
}

/// List the outcomes of a product
///
/// Their ids, as its blueprint has them.
#[utoipa::path(tag = "internal", responses((status = 200, body = Vec<OutcomeId>)))]
#[get("/products/{productId}/outcome-ids")]
async fn list_product_outcome_ids(caller: Internal, db: Data<Db>, Path(id): Path<ProductId>) -> Answer {
    outcome_ids(&caller, &db, Owner::Product(id)).await
}

/// List the outcomes of a solution
///
/// Their ids, as its blueprint has them.
#[utoipa::path(tag = "internal", responses((status = 200, body = Vec<OutcomeId>)))]
#[get("/solutions/{solutionId}/outcome-ids")]
async fn list_solution_outcome_ids(caller: Internal, db: Data<Db>, Path(id): Path<SolutionId>) -> Answer {
    outcome_ids(&caller, &db, Owner::Solution(id)).await
}

async fn outcome_ids(caller: &Internal, db: &Db, owner: Owner) -> Answer {
    let tenant = caller.tenant()?;
    let find = async |conn: &Conn| {
        find(conn, tenant, owner).await?.ok_or_else(|| Problem::not_found(owner.noun()))?;
        Reply::ok(&parts::outcome_ids(conn, tenant, owner).await?)
    };
    Ok(db.read(tenant, find).await?.into_response())
}

async fn show(caller: &Internal, db: &Db, owner: Owner) -> Answer {
    let tenant = caller.tenant()?;
    let blueprint = db.read(tenant, async |conn| read(conn, tenant, owner).await).await?;
    Ok(Reply::ok(&blueprint)?.into_response())
}

/// Six statements, however many tasks there are.
pub(crate) async fn read(conn: &Conn, tenant: TenantId, id: Owner) -> Result<Blueprint, Problem> {
    let owner = find(conn, tenant, id).await?.ok_or_else(|| Problem::not_found(id.noun()))?;
    let tasks = tasks::store::line(conn, tenant, id).await?;
    let mut attributes: BTreeMap<TaskId, Vec<AttributeView>> = BTreeMap::new();
    for attribute in attributes::store::of_owner(conn, tenant, id).await? {
        attributes.entry(attribute.task_id).or_default().push(attribute.into());
    }
    let with_attributes = |task: tasks::model::Task| {
        let attributes = attributes.remove(&task.id).unwrap_or_default();
        TaskBlueprint { task: task.into(), attributes }
    };
    let tasks = tasks.into_iter().map(with_attributes).collect();
    let outcome_ids = parts::outcome_ids(conn, tenant, id).await?;
    let release_ids = parts::release_ids(conn, tenant, id).await?;
    let licenses = parts::licenses(conn, tenant, id).await?;
    Ok(Blueprint { owner, tasks, outcome_ids, release_ids, licenses })
}

/// The owner, unless it is deleted.
async fn find(conn: &Conn, tenant: TenantId, id: Owner) -> Result<Option<BlueprintOwner>, Problem> {
    Ok(match id {
        Owner::Product(id) => {
            let product = products::store::find(conn, tenant, id).await?.filter(|product| product.deleted_at.is_none());
            product.map(|product| BlueprintOwner::Product(product.into()))
        }
        Owner::Solution(id) => {
            let found = solutions::store::find(conn, tenant, id).await?;
            let solution = found.filter(|solution| solution.deleted_at.is_none());
            solution.map(|solution| BlueprintOwner::Solution(solution.into()))
        }
    })
}
