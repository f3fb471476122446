//! What a file claims and something else has, whoever's that is.

use db::Conn;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Problem, TenantId};
use uuid::Uuid;
use workbook::{Claim, Claims, Faults, Sheet};

use super::finding;
use crate::owners::OwnerKind;
use crate::schema::{
    custom_attributes, licenses, outcomes, products, releases, solutions, tags, tasks, telemetry_attributes,
};

/// What is wrong with what a file claims: a statement for each kind of row that claims something.
pub(super) async fn taken(conn: &Conn, tenant: TenantId, kind: OwnerKind, claims: &Claims) -> Result<Faults, Problem> {
    let mut faults = Faults::default();
    // Solutions may share a name.
    for claim in claims.name.iter().filter(|_| kind == OwnerKind::Product) {
        faults.extend(claim.against(&called(conn, tenant, claim).await?));
    }
    for claim in &claims.external_keys {
        faults.extend(claim.against(&holders(conn, tenant, kind, claim).await?));
    }
    Ok(faults)
}

/// The product that has the name.
async fn called(conn: &Conn, tenant: TenantId, claim: &Claim) -> Result<Vec<(String, Uuid)>, Problem> {
    let Some(name) = claim.values().next() else { return Ok(Vec::new()) };
    let owners = finding::named(conn, tenant, OwnerKind::Product, name).await?;
    Ok(owners.into_iter().map(|owner| (name.to_owned(), owner.id())).collect())
}

/// The rows that have external keys; what is deleted and can come back has none.
async fn holders(
    mut conn: &Conn,
    tenant: TenantId,
    kind: OwnerKind,
    claim: &Claim,
) -> Result<Vec<(String, Uuid)>, Problem> {
    let keys: Vec<&str> = claim.values().collect();
    macro_rules! rows {
        ($table:ident) => {
            $table::table
                .filter($table::tenant_id.eq(tenant))
                .filter($table::external_key.eq_any(keys))
                .select(($table::external_key.assume_not_null(), $table::id))
        };
        (living $table:ident) => {
            rows!($table).filter($table::deleted_at.is_null())
        };
    }
    Ok(match (claim.sheet, kind) {
        (Sheet::Info, OwnerKind::Product) => rows!(living products).load(&mut conn).await?,
        (Sheet::Info, OwnerKind::Solution) => rows!(living solutions).load(&mut conn).await?,
        (Sheet::Tasks, _) => rows!(living tasks).load(&mut conn).await?,
        (Sheet::Licenses, _) => rows!(licenses).load(&mut conn).await?,
        (Sheet::Outcomes, _) => rows!(outcomes).load(&mut conn).await?,
        (Sheet::Releases, _) => rows!(releases).load(&mut conn).await?,
        (Sheet::Tags, _) => rows!(tags).load(&mut conn).await?,
        (Sheet::CustomAttributes, _) => rows!(custom_attributes).load(&mut conn).await?,
        (Sheet::Telemetry, _) => rows!(telemetry_attributes).load(&mut conn).await?,
        (Sheet::Products | Sheet::Resources | Sheet::TaskOrder, _) => Vec::new(),
    })
}
