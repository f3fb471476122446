//! A person's own bookmarks. They are in no event: nobody else has to know that there are any.

use kernel::{BookmarkId, Timestamp};
use serde::{Deserialize, Serialize};

/// A bookmark.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BookmarkView {
    /// The bookmark's id.
    pub id: BookmarkId,
    /// Raised by every change.
    pub version: i64,
    /// What the person calls it.
    pub title: String,
    /// Where it leads: an address, or a path of this platform.
    pub url: String,
    /// Where it stands among the person's bookmarks.
    pub place: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

super::aggregates!(BookmarkView);
