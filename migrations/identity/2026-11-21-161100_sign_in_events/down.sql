drop function record_failed_sign_in(uuid, uuid, text, text, text, timestamptz);
drop table sign_in_events;
