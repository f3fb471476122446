//! What a bookmark is and how it may change. Pure.

use contracts::identity::BookmarkView;
use diesel::prelude::*;
use kernel::problem::ProblemKind;
use kernel::{BookmarkId, Check, Field, Problem, TenantId, Timestamp, UserId};
use serde::Deserialize;

use crate::schema::bookmarks;

static TOO_MANY: ProblemKind = ProblemKind::new("BOOKMARK_TOO_MANY", 409, "There are too many bookmarks");

/// The most bookmarks of a person in a tenant.
const MOST: usize = 500;

/// A row of `bookmarks`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = bookmarks, check_for_backend(diesel::pg::Pg))]
pub(super) struct Bookmark {
    pub(super) tenant_id: TenantId,
    pub(super) id: BookmarkId,
    pub(super) version: i64,
    pub(super) user_id: UserId,
    pub(super) title: String,
    pub(super) url: String,
    pub(super) place: i32,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// Whose bookmarks: a person's in a tenant.
pub(super) type Owner = (TenantId, UserId);

/// A new bookmark.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "title": "Our release notes", "url": "https://example.com/releases" }))]
pub(super) struct CreateBookmark {
    /// 1 to 255 characters.
    title: String,
    /// An http or https address, or a path of this platform such as /docs; up to 2,000 characters.
    url: String,
}

/// A change of a bookmark; what is left out stays.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "title": "Release notes" }))]
pub(super) struct BookmarkPatch {
    /// 1 to 255 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    title: Field<String>,
    /// An http or https address, or a path.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    url: Field<String>,
}

impl Bookmark {
    /// A new bookmark behind those there are.
    pub(super) fn create(
        command: CreateBookmark,
        (tenant_id, user_id): Owner,
        others: &[Self],
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let CreateBookmark { title, url } = command;
        let place = others.iter().map(|other| other.place).max().unwrap_or(0) + 1;
        let bookmark = Self {
            tenant_id,
            id: BookmarkId::fresh(),
            version: 1,
            user_id,
            title: title.trim().to_owned(),
            url,
            place,
            created_at: now,
            updated_at: now,
        };
        bookmark.check(Check::new())?;
        if others.len() >= MOST {
            return Err(TOO_MANY.detail(format!("There are at most {MOST}. Delete some first.")));
        }
        Ok(bookmark)
    }

    pub(super) fn change(mut self, patch: BookmarkPatch, now: Timestamp) -> Result<Self, Problem> {
        let mut check = Check::new();
        check.not_null("/title", patch.title.set(&mut self.title));
        check.not_null("/url", patch.url.set(&mut self.url));
        self.title = self.title.trim().to_owned();
        self.check(check)?;
        Ok(Self { version: self.version + 1, updated_at: now, ..self })
    }

    fn check(&self, mut check: Check) -> Result<(), Problem> {
        check.line("/title", &self.title, 1, 255);
        if self.url.starts_with('/') {
            check.text("/url", &self.url, 1, 2_000);
            // Browsers take two slashes, or a slash and a backslash, for the beginning of another host.
            let stays = !self.url.starts_with("//") && !self.url.contains(|c: char| c == '\\' || c.is_whitespace());
            check.that(stays, "/url", "PATH", || "is not a path of this platform".to_owned());
        } else {
            check.url("/url", &self.url);
        }
        check.finish()
    }
}

/// The bookmarks in a new order, those that stand elsewhere than before; each must be named once.
pub(super) fn reordered(rows: Vec<Bookmark>, order: &[BookmarkId], now: Timestamp) -> Result<Vec<Bookmark>, Problem> {
    let mut check = Check::new();
    check.distinct("/bookmarkIds", order);
    for (index, id) in order.iter().enumerate() {
        let known = rows.iter().any(|row| row.id == *id);
        check.that(known, &format!("/bookmarkIds/{index}"), "UNKNOWN_BOOKMARK", || "is not one of yours".to_owned());
    }
    check.that(order.len() >= rows.len(), "/bookmarkIds", "INCOMPLETE", || "does not name all of them".to_owned());
    check.finish()?;
    let place = |id: BookmarkId| (1..).zip(order).find_map(|(place, other)| (*other == id).then_some(place));
    let moved =
        rows.into_iter().filter_map(|row| Some((place(row.id)?, row))).filter(|(place, row)| *place != row.place);
    Ok(moved.map(|(place, row)| Bookmark { place, version: row.version + 1, updated_at: now, ..row }).collect())
}

impl From<Bookmark> for BookmarkView {
    fn from(row: Bookmark) -> Self {
        let Bookmark { tenant_id: _, id, version, user_id: _, title, url, place, created_at, updated_at } = row;
        Self { id, version, title, url, place, created_at, updated_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bookmark(url: &str, others: &[Bookmark]) -> Result<Bookmark, Problem> {
        let command = CreateBookmark { title: " Notes ".to_owned(), url: url.to_owned() };
        Bookmark::create(command, (TenantId::fresh(), UserId::fresh()), others, Timestamp::from_micros(0))
    }

    #[test]
    fn a_bookmark_leads_to_the_web_or_stays_here() {
        for url in ["https://example.com/x?y#z", "http://x", "/docs", "/catalog/products?q=1"] {
            assert!(bookmark(url, &[]).is_ok(), "{url}");
        }
        for url in [
            "",
            "docs",
            "javascript:alert(1)",
            "data:text/html,x",
            "//evil.example",
            "/\\evil.example",
            "/a b",
            "https://",
        ] {
            assert!(bookmark(url, &[]).is_err(), "{url}");
        }
    }

    #[test]
    fn an_order_names_each_once_and_moves_no_more_than_it_must() {
        let now = Timestamp::from_micros(1);
        let mut rows = Vec::new();
        for _ in 0..3 {
            rows.push(bookmark("/docs", &rows).unwrap());
        }
        let [a, b, c] = [rows[0].id, rows[1].id, rows[2].id];
        let moved = reordered(rows.clone(), &[a, c, b], now).unwrap();
        assert_eq!(
            moved.iter().map(|row| (row.id, row.place, row.version)).collect::<Vec<_>>(),
            [(b, 3, 2), (c, 2, 2)]
        );
        for wrong in [&[a, b][..], &[a, b, b], &[a, b, c, BookmarkId::fresh()]] {
            assert!(reordered(rows.clone(), wrong, now).is_err());
        }
    }
}
