drop function forget_refusals(timestamptz);
drop index refusals_arrival_idx, refusals_batch_idx, refusals_code_idx;
create index refusals_batch_idx on refusals (tenant_id, batch_id, id);
create index refusals_code_idx on refusals (tenant_id, code, id);
