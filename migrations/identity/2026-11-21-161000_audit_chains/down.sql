drop function forget_audit_events(timestamptz, integer);
drop table audit_chains;
drop index audit_events_on_behalf_of_idx;
alter table audit_events drop constraint audit_events_sequence_key, drop column hash, drop column sequence;
