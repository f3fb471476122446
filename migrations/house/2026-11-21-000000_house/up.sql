-- What every service's schema has: the tenancy wall, the event log, the inbox, idempotency keys, jobs.
-- Runs once per schema, as <schema>_owner, with the schema alone on the search path.

-- Puts the wall around a table: row security that even the owner's queries cannot forget, and the grants of the
-- service's role. Every table with tenant data calls it in the migration that makes it.
create function wall(t regclass) returns void
language plpgsql as $$
declare
    app text := current_schema() || '_app';
begin
    execute format('alter table %s enable row level security', t);
    execute format('alter table %s force row level security', t);
    -- An unset setting is '' after the first SET LOCAL of a connection, hence nullif: no tenant sees nothing.
    execute format(
        'create policy tenant on %s to %I using (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)',
        t, app);
    execute format('grant select, insert, update, delete on %s to %I', t, app);
end $$;

-- Lets the relay role (outbox, jobs, clean-up: work that crosses tenants) see a table of the house.
create function relay_may(t regclass, rights text) returns void
language plpgsql as $$
declare
    relay text := current_schema() || '_relay';
begin
    execute format('create policy relay on %s to %I using (true)', t, relay);
    execute format('grant %s on %s to %I', rights, t, relay);
end $$;

-- Events: outbox and 35-day log in one, partitioned by day. `position` orders what one aggregate announces, because an
-- aggregate's row is locked before its event is written.
create sequence events_position_seq;
create table events (
    tenant_id uuid not null,
    id uuid not null,
    position bigint not null default nextval('events_position_seq'),
    recorded_at timestamptz not null,
    routing_key text not null,
    envelope text not null,
    published_at timestamptz,
    constraint events_pkey primary key (tenant_id, id, recorded_at)
) partition by range (recorded_at);
-- Takes what no day's partition takes (a clock far off): nothing may be lost for want of a partition.
create table events_default partition of events default;
create index events_unpublished_idx on events (position) where published_at is null;
create index events_position_idx on events (tenant_id, position);
select wall('events');
select relay_may('events', 'select, update (published_at)');

do $$
begin
    execute format('grant usage on sequence events_position_seq to %I', current_schema() || '_app');
end $$;

-- Makes the partitions around a day and drops those past 35 days. The service has no right to the partitions themselves.
create function ensure_event_partitions(today date) returns void
language plpgsql security definer
as $$
declare
    day date;
    old record;
begin
    for day in select generate_series(today - 1, today + 3, interval '1 day')::date loop
        if to_regclass(format('events_%s', to_char(day, 'YYYYMMDD'))) is null then
            begin
                execute format('create table events_%s partition of events for values from (%L) to (%L)',
                    to_char(day, 'YYYYMMDD'), day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
            exception when check_violation or duplicate_table then
                null; -- the default partition already holds rows of that day, or somebody else was quicker
            end;
        end if;
    end loop;
    for old in
        select c.relname from pg_class c join pg_inherits i on i.inhrelid = c.oid
        where i.inhparent = 'events'::regclass and c.relname ~ '^events_\d{8}$'
          and to_date(right(c.relname, 8), 'YYYYMMDD') < today - 35
    loop
        execute format('drop table %I', old.relname);
    end loop;
end $$;

-- Inbox: the events a consumer has dealt with. Written in the effect's own transaction; kept 7 days.
create table inbox (
    tenant_id uuid not null,
    consumer text not null,
    event_id uuid not null,
    received_at timestamptz not null,
    constraint inbox_pkey primary key (tenant_id, consumer, event_id)
);
create index inbox_received_at_idx on inbox (received_at);
select wall('inbox');
select relay_may('inbox', 'select, delete');

-- Idempotency keys: the first answer to a keyed request, written in the effect's own transaction; kept 30 days.
create table idempotency_keys (
    tenant_id uuid not null,
    principal text not null,
    method text not null,
    path text not null,
    key text not null,
    body_hash bytea not null,
    answer text,
    created_at timestamptz not null,
    constraint idempotency_keys_pkey primary key (tenant_id, principal, method, path, key)
);
create index idempotency_keys_created_at_idx on idempotency_keys (created_at);
select wall('idempotency_keys');
select relay_may('idempotency_keys', 'select, delete');

-- Jobs: work for later. They carry ids, never content. A lease has a fence, so a runner that lost it cannot finish.
create table jobs (
    tenant_id uuid not null,
    id uuid not null,
    kind text not null,
    unique_key text not null,
    payload jsonb not null,
    run_at timestamptz not null,
    attempts integer not null default 0,
    fence bigint not null default 0,
    leased_until timestamptz,
    parked_at timestamptz,
    last_error text,
    constraint jobs_pkey primary key (tenant_id, id),
    constraint jobs_unique_key unique (tenant_id, kind, unique_key)
);
create index jobs_due_idx on jobs (run_at) where parked_at is null;
select wall('jobs');
select relay_may('jobs', 'select, update, delete');

-- The relay's upkeep runs as its own role but needs the owner's hand for partitions.
do $$
begin
    execute format('alter function ensure_event_partitions(date) set search_path = %I, pg_temp', current_schema());
    execute 'revoke execute on function ensure_event_partitions(date) from public';
    execute format('grant execute on function ensure_event_partitions(date) to %I', current_schema() || '_relay');
    execute 'revoke execute on function wall(regclass), relay_may(regclass, text) from public';
end $$;
select ensure_event_partitions((now() at time zone 'UTC')::date);
