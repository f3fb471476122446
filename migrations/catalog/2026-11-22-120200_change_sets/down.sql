drop function record_change_set() cascade;
drop function items_of(text, text);
drop function event_of(text);
drop table change_items, change_sets;
