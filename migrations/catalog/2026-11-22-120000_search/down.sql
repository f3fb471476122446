drop function search_catalog(text, text, text[], uuid[], uuid[], integer, uuid, bigint);
drop function follow_in_search() cascade;
drop function keep_search_row(text, jsonb);
drop view findable;
drop table search_rows;
