drop table jobs, idempotency_keys, inbox, events;
drop sequence events_position_seq;
drop function ensure_event_partitions(date);
drop function relay_may(regclass, text);
drop function wall(regclass);
