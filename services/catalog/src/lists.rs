//! How rows that stand in the order of what they hang on are listed.

use kernel::{Cursor, PageQuery, Problem};
use serde::Deserialize;
use web::Context;

/// Filters of a list in the order of an owner or a task.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListQuery {
    /// Rows per page, 1 to 200 (default 50).
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// Also return the exact `total`.
    count: Option<bool>,
    /// Only the one with this key.
    pub(crate) external_key: Option<String>,
}

impl ListQuery {
    pub(crate) fn counts(&self) -> bool {
        self.count == Some(true)
    }

    /// How many rows, and after which.
    pub(crate) fn window(&self, context: &Context, list: &'static str) -> Result<(i64, Option<Cursor>), Problem> {
        let paging = PageQuery { limit: self.limit, cursor: self.cursor.as_deref() };
        Ok((paging.limit()?, paging.after(&context.config.keys, list)?))
    }
}
