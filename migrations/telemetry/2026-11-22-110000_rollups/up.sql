-- Rollups: the values of each attribute and day (UTC), added up in the transaction that stores them. They are forgotten with
-- the values they are made of.
create table rollups (
    tenant_id uuid not null,
    attribute_id uuid not null,
    day date not null,
    count bigint not null,
    -- Of those that are numbers; a flag is 1 or 0.
    numbers bigint not null,
    sum double precision not null,
    lowest double precision,
    highest double precision,
    last_value text not null,
    last_observed_at timestamptz not null,
    last_event_id uuid not null,
    constraint rollups_pkey primary key (tenant_id, attribute_id, day),
    constraint rollups_numbers_check check ((numbers = 0) = (lowest is null) and (numbers = 0) = (highest is null))
) with (fillfactor = 60);
select wall('rollups');

-- A value, which is JSON text, as a number: what `DataType::number` says, but for numbers beyond reason.
create function number_of(data_type text, value text) returns double precision
language sql immutable
return case
    when data_type = 'NUMBER' and value ~ '^"? *[+-]?[0-9]{1,100}([.][0-9]{0,100})?([eE][+-]?[0-9]{1,2})? *"?$'
        then trim(both '" ' from value)::double precision
    when data_type = 'BOOLEAN' and lower(trim(both '" ' from value)) in ('true', '1', 'yes', 'on', 't', 'y') then 1
    when data_type = 'BOOLEAN' and lower(trim(both '" ' from value)) in ('false', '0', 'no', 'off', 'f', 'n') then 0
end;

-- The values from before.
insert into rollups
select tenant_id, attribute_id, day, count(*), count(number), coalesce(sum(number), 0), min(number), max(number),
    (array_agg(value order by observed_at desc, event_id desc))[1], max(observed_at),
    (array_agg(event_id order by observed_at desc, event_id desc))[1]
from (
    select v.tenant_id, attribute_id, (observed_at at time zone 'UTC')::date as day, observed_at, event_id, value,
        number_of(data_type, value) as number
    from "values" v join attributes a on (a.tenant_id, a.id) = (v.tenant_id, v.attribute_id)
) as read
group by tenant_id, attribute_id, day;

-- Forgets the days before this one.
create function forget_rollups(before date) returns void
language sql security definer
begin atomic
    delete from rollups where day < before;
end;

do $$
begin
    execute format('alter function forget_rollups(date) set search_path = %I, pg_temp', current_schema());
    execute 'revoke execute on function forget_rollups(date) from public';
    execute format('grant execute on function forget_rollups(date), number_of(text, text) to %I', current_schema() || '_app');
end $$;
