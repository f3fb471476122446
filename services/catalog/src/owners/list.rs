//! How products and solutions are listed.

use kernel::{Cursor, PageQuery, Problem};
use serde::Deserialize;
use web::Context;

kernel::text_enum! {
    /// The declared orders; each has an index and ends in the id.
    pub enum Sort {
        /// The first made first.
        CreatedAt = "createdAt",
        /// The last made first.
        CreatedAtDown = "-createdAt",
        /// By name.
        Name = "name",
        /// By name, backwards.
        NameDown = "-name",
        /// The longest unchanged first.
        UpdatedAt = "updatedAt",
        /// The last changed first.
        UpdatedAtDown = "-updatedAt",
    }
}

/// Whether deleted rows are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Deleted {
    /// They are.
    Include,
}

/// Filters and order of the lists of products and of solutions.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OwnerQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// Also return the exact `total`.
    count: Option<bool>,
    /// The order (default `createdAt`).
    #[param(inline)]
    sort: Option<Sort>,
    /// Only the one with this key.
    pub(crate) external_key: Option<String>,
    /// `include`: deleted ones as well.
    #[param(inline)]
    deleted: Option<Deleted>,
}

impl OwnerQuery {
    pub(crate) fn sort(&self) -> Sort {
        self.sort.unwrap_or(Sort::CreatedAt)
    }

    pub(crate) fn includes_deleted(&self) -> bool {
        self.deleted == Some(Deleted::Include)
    }

    pub(crate) fn counts(&self) -> bool {
        self.count == Some(true)
    }

    /// What a cursor belongs to: one list in one order.
    pub(crate) fn list(&self, collection: &str) -> String {
        format!("{collection} {}", self.sort().as_str())
    }

    /// How many rows, and after which.
    pub(crate) fn window(&self, context: &Context, list: &str) -> Result<(i64, Option<Cursor>), Problem> {
        let paging = PageQuery { limit: self.limit, cursor: self.cursor.as_deref() };
        Ok((paging.limit()?, paging.after(&context.config.keys, list)?))
    }
}
