-- Attributes: what adoption told us of the customers' telemetry attributes, and what the values say of each.
-- The state is a fold of what was observed (decisions 7): `latest_*` by (observed_at, event_id), `emptied_at` by time.
create table attributes (
    tenant_id uuid not null,
    id uuid not null,
    -- The version of its customer task that last changed the definition.
    version bigint not null,
    assignment_id uuid not null,
    customer_task_id uuid not null,
    task_name text not null,
    name text not null,
    data_type text not null,
    is_required boolean not null,
    -- JSON text, only ever read whole.
    criteria text,
    display_order integer not null,
    is_active boolean not null,
    removed_at timestamptz,
    latest_value text,
    latest_observed_at timestamptz,
    latest_event_id uuid,
    emptied_at timestamptz,
    is_met boolean not null,
    last_checked_at timestamptz,
    recheck_at timestamptz,
    constraint attributes_pkey primary key (tenant_id, id),
    constraint attributes_data_type_check check (data_type in ('BOOLEAN', 'NUMBER', 'STRING', 'TIMESTAMP', 'JSON')),
    constraint attributes_latest_check check (num_nulls(latest_value, latest_observed_at, latest_event_id) in (0, 3))
) with (fillfactor = 60); -- every flush rewrites states: room for them on the same page keeps the indexes still
create index attributes_assignment_idx on attributes (tenant_id, assignment_id, id);
create index attributes_customer_task_idx on attributes (tenant_id, customer_task_id);
select wall('attributes');

-- Facts: the counts of each customer task that were last announced.
create table facts (
    tenant_id uuid not null,
    customer_task_id uuid not null,
    assignment_id uuid not null,
    version bigint not null,
    active integer not null,
    required integer not null,
    with_data integer not null,
    required_with_data integer not null,
    met integer not null,
    required_met integer not null,
    evaluated_at timestamptz not null,
    constraint facts_pkey primary key (tenant_id, customer_task_id)
) with (fillfactor = 60);
select wall('facts');

-- Values: what was observed, once each, for ever unchanged. One index serves identity and series: an event_id begins with
-- its attribute and its moment (values/identity.rs). No default partition: a day's partition is made before it is needed.
create table "values" (
    tenant_id uuid not null,
    assignment_id uuid not null,
    event_id uuid not null,
    observed_at timestamptz not null,
    attribute_id uuid not null,
    -- JSON text, as it was sent.
    value text not null,
    source text,
    notes text,
    batch_id uuid not null,
    received_at timestamptz not null,
    constraint values_pkey primary key (tenant_id, assignment_id, event_id, observed_at)
) partition by range (observed_at);
select wall('"values"');

-- Refusals: what could not be taken, as it was sent, with the reason.
create table refusals (
    tenant_id uuid not null,
    id uuid not null,
    batch_id uuid not null,
    received_at timestamptz not null,
    index integer not null,
    code text not null,
    detail text not null,
    payload text not null,
    replayed_at timestamptz,
    constraint refusals_pkey primary key (tenant_id, id),
    constraint refusals_code_check check (code in ('VALUE_MALFORMED', 'TEXT_INVALID', 'OBSERVED_AT_INVALID', 'OBSERVED_AT_TOO_EARLY',
        'OBSERVED_AT_IN_FUTURE', 'VALUE_TOO_LARGE', 'VALUE_TYPE_WRONG', 'ASSIGNMENT_UNKNOWN', 'ATTRIBUTE_UNKNOWN', 'ATTRIBUTE_AMBIGUOUS'))
);
create index refusals_batch_idx on refusals (tenant_id, batch_id, id);
create index refusals_code_idx on refusals (tenant_id, code, id);
select wall('refusals');

-- Makes the partitions of these days. Attaching a table does not block those who write to other days, as creating it in
-- place would. The service has no right to the partitions themselves.
create function ensure_value_partitions(first date, last date) returns void
language plpgsql security definer
as $$
declare
    day date;
    name text;
begin
    perform pg_advisory_xact_lock(hashtext(current_schema() || ' value partitions'));
    for day in select generate_series(first, last, interval '1 day')::date loop
        name := format('values_%s', to_char(day, 'YYYYMMDD'));
        if to_regclass(name) is null then
            execute format('create table %I (like "values" including defaults including constraints including indexes)', name);
            execute format('alter table "values" attach partition %I for values from (%L) to (%L)',
                name, day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
        end if;
    end loop;
end $$;

-- Drops the partitions of the days before this one: retention without a row deleted.
create function drop_value_partitions(before date) returns void
language plpgsql security definer
as $$
declare
    old record;
begin
    for old in
        select c.relname from pg_class c join pg_inherits i on i.inhrelid = c.oid
        where i.inhparent = '"values"'::regclass and to_date(right(c.relname, 8), 'YYYYMMDD') < before
    loop
        execute format('drop table %I', old.relname);
    end loop;
end $$;

do $$
declare
    door text;
begin
    foreach door in array array['ensure_value_partitions(date, date)', 'drop_value_partitions(date)'] loop
        execute format('alter function %s set search_path = %I, pg_temp', door, current_schema());
        -- Waiting behind a long reader, it would make every writer wait behind it.
        execute format('alter function %s set lock_timeout = ''3s''', door);
        execute format('revoke execute on function %s from public', door);
        execute format('grant execute on function %s to %I', door, current_schema() || '_app');
    end loop;
end $$;
