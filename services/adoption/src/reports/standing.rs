//! How far customers have come with everything that is assigned to them: one question for one of them, or for all.

use db::Conn;
use diesel::QueryableByName;
use diesel::pg::Pg;
use diesel::sql_types::{BigInt, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{CustomerId, Hundredths, Problem, TenantId, Timestamp};

/// Where a customer stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, QueryableByName)]
#[diesel(check_for_backend(Pg))]
pub(crate) struct Counts {
    /// Assigned products, those of solutions included.
    #[diesel(sql_type = BigInt)]
    pub(crate) products: i64,
    /// Those that a solution brought, or took in.
    #[diesel(sql_type = BigInt)]
    pub(crate) solution_products: i64,
    /// Assigned solutions.
    #[diesel(sql_type = BigInt)]
    pub(crate) solutions: i64,
    /// The progress of the products' plans, added up: hundredths of a percent.
    #[diesel(sql_type = BigInt)]
    pub(crate) progress: i64,
    /// Tasks that count, of products and of solutions themselves.
    #[diesel(sql_type = BigInt)]
    pub(crate) total_tasks: i64,
    /// Those that are done.
    #[diesel(sql_type = BigInt)]
    pub(crate) completed_tasks: i64,
    /// Those of them that were done lately.
    #[diesel(sql_type = BigInt)]
    pub(crate) velocity: i64,
}

/// A customer and where they stand.
#[derive(Debug, Clone, Copy, QueryableByName)]
#[diesel(check_for_backend(Pg))]
pub(crate) struct Standing {
    #[diesel(sql_type = SqlUuid)]
    pub(crate) customer_id: CustomerId,
    #[diesel(embed)]
    pub(crate) counts: Counts,
}

impl Counts {
    /// The mean progress of the assigned products, rounded half up; without any there is none. One without a plan counts as 0.
    pub(crate) fn adoption(&self) -> Option<Hundredths> {
        Hundredths::mean(self.progress, self.products)
    }
}

/// Where customers who are not deleted stand, all of them or this one; what was done since a moment was done lately.
pub(crate) async fn standings(
    mut conn: &Conn,
    tenant: TenantId,
    of: Option<CustomerId>,
    lately: Timestamp,
) -> Result<Vec<Standing>, Problem> {
    let rows = diesel::sql_query(
        "with recent as ( \
             select customer_id, count(*) as tasks \
             from customer_tasks t join plans p on p.tenant_id = t.tenant_id and p.id = plan_id \
             where t.tenant_id = $1 and completed_at >= $3 and ($2 is null or customer_id = $2) \
             group by customer_id \
         ) \
         select c.id as customer_id, count(*) filter (where a.owner_kind = 'PRODUCT') as products, \
             count(place) as solution_products, count(*) filter (where a.owner_kind = 'SOLUTION') as solutions, \
             coalesce(sum(progress_percentage) filter (where a.owner_kind = 'PRODUCT'), 0) as progress, \
             coalesce(sum(total_tasks), 0) as total_tasks, coalesce(sum(completed_tasks), 0) as completed_tasks, \
             coalesce(max(recent.tasks), 0) as velocity \
         from customers c left join assignments a on a.tenant_id = c.tenant_id and a.customer_id = c.id \
             left join plans p on p.tenant_id = a.tenant_id and p.id = a.plan_id \
             left join recent on recent.customer_id = c.id \
         where c.tenant_id = $1 and ($2 is null or c.id = $2) and deleted_at is null \
         group by c.id",
    );
    let rows = rows.bind::<SqlUuid, _>(tenant).bind::<Nullable<SqlUuid>, _>(of).bind::<Timestamptz, _>(lately);
    Ok(rows.load(&mut conn).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adoption_is_the_mean_of_the_products_and_without_products_there_is_none() {
        let of = |products, progress| Counts { products, progress, ..Counts::default() }.adoption();
        assert_eq!(of(0, 0), None);
        assert_eq!(of(3, 10_000), Some(Hundredths(3_333)));
        assert_eq!(of(2, 5), Some(Hundredths(3)), "half up");
    }
}
