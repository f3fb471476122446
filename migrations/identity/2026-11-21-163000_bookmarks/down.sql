drop table bookmarks;
