-- A refusal's id is a hash of its payload: what is sent again is kept once, with the batch that sent it last. So ids do not
-- tell the order in which refusals came.
drop index refusals_batch_idx, refusals_code_idx;
create index refusals_arrival_idx on refusals (tenant_id, received_at, index, id);
create index refusals_batch_idx on refusals (tenant_id, batch_id, received_at, index, id);
create index refusals_code_idx on refusals (tenant_id, code, received_at, index, id);

-- Forgets what was refused before this moment: by now it is too old to be taken.
create function forget_refusals(before timestamptz) returns void
language sql security definer
begin atomic
    delete from refusals where received_at < before;
end;

do $$
begin
    execute format('alter function forget_refusals(timestamptz) set search_path = %I, pg_temp', current_schema());
    execute 'revoke execute on function forget_refusals(timestamptz) from public';
    execute format('grant execute on function forget_refusals(timestamptz) to %I', current_schema() || '_app');
end $$;
