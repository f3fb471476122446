create or replace function forget_batches(before timestamptz) returns void
language sql security definer
begin atomic
    delete from batches where received_at < before;
    delete from repeats where observed_at < before;
    delete from silences where at < before;
end;

do $$
begin
    execute format('alter function forget_batches(timestamptz) set search_path = %I, pg_temp', current_schema());
end $$;

alter table silences drop constraint silences_batch_id_fkey;
alter table attributes drop column latest_batch_id;
