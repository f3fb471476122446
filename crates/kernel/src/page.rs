//! Lists page by key, never by offset: a cursor holds the last row's sort values, so pages stay stable under writes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::keys::Keyring;
use crate::problem::{Problem, REQUEST_MALFORMED};

/// Rows per page when the caller does not say.
pub const DEFAULT_LIMIT: u16 = 50;
/// The most rows a page may have.
pub const MAX_LIMIT: u16 = 200;

/// One page of a list.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Pass it as `cursor` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// The exact number of rows, when `count=true` was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
}

impl<T> Page<T> {
    /// The same page of another shape.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next_cursor: self.next_cursor, total: self.total }
    }
}

/// What every list takes. Each list's query names these fields itself: serde cannot flatten numbers out of a query string.
#[derive(Debug, Clone, Copy)]
pub struct PageQuery<'a> {
    /// Rows per page, 1 to 200 (default 50).
    pub limit: Option<u16>,
    /// `nextCursor` of the page before.
    pub cursor: Option<&'a str>,
}

impl PageQuery<'_> {
    /// How many rows the caller wants.
    ///
    /// # Errors
    /// 400 when the limit is not within 1..=200.
    pub fn limit(&self) -> Result<i64, Problem> {
        match self.limit.unwrap_or(DEFAULT_LIMIT) {
            limit @ 1..=MAX_LIMIT => Ok(i64::from(limit)),
            limit => Err(REQUEST_MALFORMED.detail(format!("limit is {limit}; give 1 to {MAX_LIMIT}.")).at(
                "limit",
                "OUT_OF_RANGE",
                format!("Give 1 to {MAX_LIMIT}."),
            )),
        }
    }

    /// Where the page starts.
    ///
    /// # Errors
    /// 400 when the cursor was not made by this platform for this list.
    pub fn after(&self, keys: &Keyring, list: &str) -> Result<Option<Cursor>, Problem> {
        let Some(text) = self.cursor else { return Ok(None) };
        let cursor = keys.open::<Cursor>("cursor", text).filter(|cursor| cursor.list == list);
        cursor.map(Some).ok_or_else(|| {
            REQUEST_MALFORMED.detail("The cursor is not one that this list gave out. Start again without it.").at(
                "cursor",
                "CURSOR_INVALID",
                "Use nextCursor of the page before, with the same filters and sort.",
            )
        })
    }
}

/// The place between two pages: the list (with its sort) and the last row's sort values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    #[serde(rename = "l")]
    list: String,
    #[serde(rename = "k")]
    keys: Vec<Value>,
}

impl Cursor {
    /// The `index`-th sort value.
    #[must_use]
    pub fn key<T: serde::de::DeserializeOwned>(&self, index: usize) -> Option<T> {
        self.keys.get(index).and_then(|value| serde_json::from_value(value.clone()).ok())
    }

    /// Cuts `limit + 1` fetched rows to a page; the extra row only says that there is more.
    pub fn page<T>(
        mut rows: Vec<T>,
        limit: i64,
        keys: &Keyring,
        list: &str,
        key_of: impl Fn(&T) -> Vec<Value>,
    ) -> Page<T> {
        let limit = usize::try_from(limit).unwrap_or(usize::from(MAX_LIMIT));
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows
            .last()
            .filter(|_| more)
            .map(|last| keys.seal("cursor", &Self { list: list.to_owned(), keys: key_of(last) }));
        Page { items: rows, next_cursor, total: None }
    }
}
