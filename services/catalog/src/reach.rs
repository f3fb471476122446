//! What a caller sees, for the gateway: a stream of events tells nobody of more than the lists show them.

use actix_web::get;
use actix_web::web::Data;
use contracts::catalog::CatalogReach;
use db::Db;
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Allow, Answer, Reply};

use crate::owners::{OwnerKind, scope};
use crate::permissions::CatalogRead;

/// The route; the gateway asks with the caller's own token.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(show_reach);
}

/// Show what the caller sees
///
/// The products and solutions that grants, or a permission, let them read.
#[utoipa::path(tag = "internal", responses((status = 200, body = Object)))]
#[get("/reach")]
async fn show_reach(who: Allow<CatalogRead>, db: Data<Db>) -> Answer {
    who.read(&db, async |conn| {
        let products = scope(&who, conn, OwnerKind::Product, CatalogRead::NAME).await?;
        let solutions = scope(&who, conn, OwnerKind::Solution, CatalogRead::NAME).await?;
        Reply::ok(&CatalogReach { products, solutions })
    })
    .await
}
