-- The batch that brought the value of a refusal: when it is retracted, the refusal waits again.
alter table refusals add column replayed_batch_id uuid;
create index refusals_replayed_batch_idx on refusals (tenant_id, replayed_batch_id) where replayed_batch_id is not null;
