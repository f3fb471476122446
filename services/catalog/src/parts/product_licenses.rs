//! Which licences of its products a solution's licence includes.

use db::Tx;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::{Check, LicenseId, Problem};
use serde::Deserialize;

use crate::owners::{Owner, Under};
use crate::schema::{licenses, solutions};

/// The most licences a licence includes.
const MOST: usize = 1_000;

/// The licences of its products that a solution's licence includes.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AssignProductLicenses {
    /// Replaces the list; of a product of which none is named, all are included.
    pub(super) license_ids: Vec<LicenseId>,
}

/// How the column is read.
pub(super) type Included = SqlLiteral<Array<SqlUuid>>;

/// Of the product licences that a row names, those that there are, of products that the solution has. A licence that was deleted
/// is named again when it comes back; whoever changes the row meanwhile has it forget what they do not see.
pub(super) fn included() -> Included {
    sql("array(select included.id from unnest(licenses.product_license_ids) with ordinality as named (id, place) \
         join licenses included on included.tenant_id = licenses.tenant_id and included.id = named.id \
         join solutions on solutions.tenant_id = licenses.tenant_id and solutions.id = licenses.owner_id \
         where included.owner_id = any(solutions.product_ids) order by named.place)")
}

/// Refuses what a licence of this owner cannot include.
///
/// # Errors
/// 422 naming each licence that is none of the solution's products', or all of them when a product owns the licence.
pub(super) async fn includes(tx: &mut Tx, under: &Under, ids: &[LicenseId]) -> Result<(), Problem> {
    let known: Vec<LicenseId> = match under.owner {
        Owner::Product(_) => Vec::new(),
        Owner::Solution(id) => {
            let bundle = solutions::table.find((under.tenant, id)).select(solutions::product_ids);
            let bundle: Vec<uuid::Uuid> = bundle.first(&mut tx.conn()).await?;
            let rows = licenses::table.filter(licenses::tenant_id.eq(under.tenant));
            let rows = rows.filter(licenses::owner_id.eq_any(bundle)).filter(licenses::id.eq_any(ids));
            rows.select(licenses::id).load(&mut tx.conn()).await?
        }
    };
    let mut check = Check::new();
    check.that(ids.len() <= MOST, "/licenseIds", "TOO_MANY", || format!("give {MOST} at most"));
    check.distinct("/licenseIds", ids);
    for (index, id) in ids.iter().enumerate() {
        check.that(known.contains(id), &format!("/licenseIds/{index}"), "NOT_FOUND", || {
            format!("{id} is not a licence of one of this solution's products")
        });
    }
    check.finish()
}
