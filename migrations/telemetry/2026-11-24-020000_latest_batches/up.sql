-- The batch that brought the latest value: a latest value is known for longer than its day is kept, and goes with its batch all
-- the same.
alter table attributes add column latest_batch_id uuid;
update attributes a set latest_batch_id = v.batch_id from "values" v
where v.tenant_id = a.tenant_id and v.assignment_id = a.assignment_id
    and v.event_id = a.latest_event_id and v.observed_at = a.latest_observed_at;

-- What a batch was silent about is known as long as the batch is, not as long as the day it spoke of: it can be taken back until
-- then. Within a transaction they may come in any order.
delete from silences s where not exists (select from batches b where b.tenant_id = s.tenant_id and b.id = s.batch_id);
alter table silences add constraint silences_batch_id_fkey foreign key (tenant_id, batch_id)
    references batches (tenant_id, id) on delete cascade deferrable initially deferred;

create or replace function forget_batches(before timestamptz) returns void
language sql security definer
begin atomic
    delete from batches where received_at < before;
    delete from repeats where observed_at < before;
end;

do $$
begin
    execute format('alter function forget_batches(timestamptz) set search_path = %I, pg_temp', current_schema());
end $$;
