//! How much each part of health weighs, over HTTP.

use actix_web::web::Data;
use actix_web::{get, put};
use contracts::adoption::{HEALTH_WEIGHTS_CHANGED, HealthWeightsView};
use db::Db;
use web::{Allow, Answer, Body, Reply};

use super::model::Weights;
use super::store::{self, Weighed};
use crate::permissions::{HealthWeightsRead, HealthWeightsWrite};

impl From<Weighed> for HealthWeightsView {
    fn from(Weighed { tenant_id, version, weights, updated_at }: Weighed) -> Self {
        weights.view(tenant_id, version, Some(updated_at))
    }
}

/// Show the weights of health
///
/// How much each part counts, in percent. At version 0 they are the defaults.
#[utoipa::path(tag = "health", security(("bearer" = [HealthWeightsRead::NAME])), responses((status = 200, body = HealthWeightsView)))]
#[get("/health-weights")]
pub(super) async fn show_weights(who: Allow<HealthWeightsRead>, db: Data<Db>) -> Answer {
    who.read(&db, async |conn| {
        let weighed = store::weighed(conn, who.tenant).await?;
        let view = weighed.map_or_else(|| Weights::default().view(who.tenant, 0, None), HealthWeightsView::from);
        Reply::show(&view)
    })
    .await
}

/// Set the weights of health
///
/// Each from 0 to 100; together they are 100. They count from now on: days that are kept stay as they were. `If-Match` is
/// honoured when sent.
#[utoipa::path(tag = "health", request_body = Weights, security(("bearer" = [HealthWeightsWrite::NAME])), responses((status = 200, body = HealthWeightsView), (status = 412, description = "Somebody else changed them.")))]
#[put("/health-weights")]
pub(super) async fn set_weights(who: Allow<HealthWeightsWrite>, db: Data<Db>, Body(command): Body<Weights>) -> Answer {
    let weights = command.checked()?;
    who.write(&db, async |tx| {
        let before = store::weighed_for_change(tx).await?;
        who.expect_version(before.version)?;
        if before.weights == weights {
            return Reply::show(&HealthWeightsView::from(before));
        }
        let after = Weighed { version: before.version + 1, weights, updated_at: tx.now(), ..before.clone() };
        store::weigh(tx, &after).await?;
        let view = HealthWeightsView::from(after);
        tx.announce(&HEALTH_WEIGHTS_CHANGED, Some(&before.into()), &view).await?;
        Reply::show(&view)
    })
    .await
}
