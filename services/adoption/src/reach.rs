//! What a caller sees, for the gateway: a stream of events tells nobody of more than the lists show them.

use actix_web::get;
use actix_web::web::Data;
use contracts::identity::Scope;
use db::Db;
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Allow, Answer, Reply};

use crate::access;
use crate::permissions::CustomerRead;

/// The route; the gateway asks with the caller's own token.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(show_reach);
}

/// Show what the caller sees
///
/// The customers that grants, or a permission, let them read.
#[utoipa::path(tag = "internal", responses((status = 200, body = Scope)))]
#[get("/reach")]
async fn show_reach(who: Allow<CustomerRead>, db: Data<Db>) -> Answer {
    who.read(&db, async |conn| Reply::ok(&access::scope(&who, conn).await?)).await
}
