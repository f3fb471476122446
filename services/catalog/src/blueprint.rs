//! The blueprint of a product: everything a plan is made from, as it was at one moment. For adoption only.

use std::collections::BTreeMap;

use actix_web::get;
use actix_web::web::Data;
use contracts::catalog::{AttributeView, ProductBlueprint, TaskBlueprint};
use db::{Conn, Db};
use kernel::{Problem, ProductId, TaskId, TenantId};
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Answer, Internal, Path, Reply};

use crate::owners::Owner;
use crate::{attributes, parts, products, tasks};

/// The routes for other services.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(show_blueprint);
}

/// Show the blueprint of a product
///
/// One snapshot, with the revision it shows.
#[utoipa::path(tag = "internal", responses((status = 200, description = "The blueprint.")))]
#[get("/products/{productId}/blueprint")]
async fn show_blueprint(caller: Internal, db: Data<Db>, Path(id): Path<ProductId>) -> Answer {
    let tenant = caller.tenant()?;
    let blueprint = db.read(tenant, async |conn| read(conn, tenant, id).await).await?;
    Ok(Reply::ok(&blueprint)?.into_response())
}

/// Five statements, however many tasks there are.
async fn read(conn: &Conn, tenant: TenantId, id: ProductId) -> Result<ProductBlueprint, Problem> {
    let owner = Owner::Product(id);
    let product = products::store::find(conn, tenant, id).await?.filter(|product| product.deleted_at.is_none());
    let product = product.ok_or_else(|| Problem::not_found("product"))?.into();
    let tasks = tasks::store::line(conn, tenant, owner).await?;
    let mut attributes: BTreeMap<TaskId, Vec<AttributeView>> = BTreeMap::new();
    for attribute in attributes::store::of_owner(conn, tenant, owner).await? {
        attributes.entry(attribute.task_id).or_default().push(attribute.into());
    }
    let with_attributes = |task: tasks::model::Task| {
        let attributes = attributes.remove(&task.id).unwrap_or_default();
        TaskBlueprint { task: task.into(), attributes }
    };
    let tasks = tasks.into_iter().map(with_attributes).collect();
    let outcome_ids = parts::outcome_ids(conn, tenant, owner).await?;
    let release_ids = parts::release_ids(conn, tenant, owner).await?;
    Ok(ProductBlueprint { product, tasks, outcome_ids, release_ids })
}
