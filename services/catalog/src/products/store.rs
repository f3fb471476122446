//! The statements of products.

use db::{Conn, Tx};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Cursor, Problem, ProductId, TenantId, Timestamp};
use serde_json::{Value, json};

use super::model::{Product, REFUSALS};
use crate::owners::{OwnerQuery, Sort, owner_statements};
use crate::refusals::refused;
use crate::schema::products;
use crate::statements::{keyset, row_statements};

row_statements!(products, Product, ProductId, refused by REFUSALS);
owner_statements!(products, Product, ProductId);

/// Those of `ids` that are products, in the order of `ids`.
pub(crate) async fn among(mut conn: &Conn, tenant: TenantId, ids: &[ProductId]) -> Result<Vec<Product>, Problem> {
    let rows = products::table.filter(products::tenant_id.eq(tenant)).filter(products::id.eq_any(ids));
    let mut rows: Vec<Product> = rows.select(Product::as_select()).load(&mut conn).await?;
    rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
    Ok(rows)
}
