//! A customer at a glance.

use actix_web::get;
use actix_web::web::Data;
use chrono::Duration;
use db::Db;
use kernel::{CustomerId, Hundredths, Problem};
use serde::Serialize;
use web::{Allow, Answer, Context, Path, Reply};

use super::standing::{Counts, standings};
use crate::access::{self, Thing};
use crate::permissions::CustomerRead;

/// What was done within so many days is velocity.
pub(crate) const LATELY: i64 = 30;
/// From here on adoption is excellent.
const EXCELLENT: Hundredths = Hundredths(7_000);
/// From here on it is good.
const GOOD: Hundredths = Hundredths(3_000);

kernel::text_enum! {
    /// Adoption in a word.
    pub enum AdoptionLabel {
        /// 70 % and more.
        Excellent = "EXCELLENT",
        /// 30 % and more.
        Good = "GOOD",
        /// Less.
        AtRisk = "AT_RISK",
    }
}

/// A customer at a glance.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CustomerOverview {
    /// The customer.
    customer_id: CustomerId,
    /// The mean progress of all assigned products, in percent, those of solutions included; one without a plan counts as 0.
    adoption: Hundredths,
    /// The same in a word.
    label: AdoptionLabel,
    /// Tasks that were done in the last 30 days, and are.
    velocity: i64,
    /// Tasks that count, of products and of solutions themselves.
    total_tasks: i64,
    /// Those that are done.
    completed_tasks: i64,
    /// Assigned products.
    products_count: i64,
    /// Those that were assigned for themselves.
    direct_products_count: i64,
    /// Those that are parts of a solution.
    solution_products_count: i64,
    /// Assigned solutions.
    solutions_count: i64,
}

impl CustomerOverview {
    fn of(customer_id: CustomerId, counts: &Counts) -> Self {
        let adoption = counts.adoption().unwrap_or_default();
        Self {
            customer_id,
            adoption,
            label: AdoptionLabel::of(adoption),
            velocity: counts.velocity,
            total_tasks: counts.total_tasks,
            completed_tasks: counts.completed_tasks,
            products_count: counts.products,
            direct_products_count: counts.products - counts.solution_products,
            solution_products_count: counts.solution_products,
            solutions_count: counts.solutions,
        }
    }
}

impl AdoptionLabel {
    fn of(adoption: Hundredths) -> Self {
        match adoption {
            excellent if excellent >= EXCELLENT => Self::Excellent,
            good if good >= GOOD => Self::Good,
            _ => Self::AtRisk,
        }
    }
}

/// Show a customer at a glance
///
/// How far the assigned products have come, and how many tasks were done lately. A deleted customer has none.
#[utoipa::path(tag = "reports", security(("bearer" = [CustomerRead::NAME])), responses((status = 200, body = CustomerOverview)))]
#[get("/customers/{customerId}/overview")]
pub(super) async fn show_overview(
    who: Allow<CustomerRead>,
    db: Data<Db>,
    context: Data<Context>,
    Path(id): Path<CustomerId>,
) -> Answer {
    let lately = context.clock.now() - Duration::days(LATELY);
    who.read(&db, async |conn| {
        access::may(&who, conn, Thing::Customer(id)).await?;
        let standing = standings(conn, who.tenant, Some(id), lately).await?;
        let standing = standing.first().ok_or_else(|| Problem::not_found("customer who is not deleted"))?;
        Reply::ok(&CustomerOverview::of(id, &standing.counts))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_begins_where_the_reference_says() {
        let labels = [6_999, 7_000, 2_999, 3_000, 0].map(|adoption| AdoptionLabel::of(Hundredths(adoption)));
        use AdoptionLabel::{AtRisk, Excellent, Good};
        assert_eq!(labels, [Good, Excellent, AtRisk, Good, AtRisk]);
    }
}
