-- Each tenant's trail is a chain: a row's hash covers the row and the hash of the one before it, so nothing can be removed,
-- altered or put in between without a trace. The head says where the chain ends and, after the oldest rows were let go, from
-- which hash it goes on; it is sealed under the master key, so nobody else can make another chain pass for it.
create table audit_chains (
    tenant_id uuid not null,
    -- The last row.
    sequence bigint not null,
    hash bytea not null,
    -- The last row that was let go.
    anchor_sequence bigint not null,
    anchor_hash bytea not null,
    -- Null until identity has sealed what this migration linked.
    seal text,
    constraint audit_chains_pkey primary key (tenant_id)
);
select wall('audit_chains');
revoke delete on audit_chains from identity_app;

alter table audit_events add column sequence bigint, add column hash bytea;

-- Links the rows there are, in the order in which they happened. The line that is hashed is the one of identity::audit::chain.
do $$
declare
    a audit_events;
    tenant uuid;
    place bigint;
    last bytea;
begin
    for tenant in select distinct tenant_id from audit_events loop
        place := 0;
        last := sha256(convert_to('cairn audit ' || tenant, 'UTF8'));
        insert into audit_chains values (tenant, place, last, place, last, null);
        for a in select * from audit_events where tenant_id = tenant order by occurred_at, event_id loop
            place := place + 1;
            last := sha256(last || int8send(place) || convert_to(jsonb_build_array(a.tenant_id, a.event_id,
                (extract(epoch from a.occurred_at) * 1000000)::bigint, a.service, a.entity, a.entity_id, a.entity_version,
                a.action, a.actor, a.on_behalf_of, a.client_address, a.trace_id, a.changes)::text, 'UTF8'));
            update audit_events set sequence = place, hash = last where tenant_id = tenant and event_id = a.event_id;
        end loop;
        update audit_chains set sequence = place, hash = last where tenant_id = tenant;
    end loop;
end $$;

alter table audit_events
    alter column sequence set not null,
    alter column hash set not null,
    add constraint audit_events_sequence_key unique (tenant_id, sequence);
-- `actor` also asks for whom a service acted.
create index audit_events_on_behalf_of_idx on audit_events (tenant_id, on_behalf_of, occurred_at, event_id)
    where on_behalf_of is not null;

-- Lets go of the oldest rows of the tenant in app.tenant, `most` of them at a time: those at the start of the chain that
-- happened before `cutoff`. The anchor moves behind them; identity seals the head again, or the chain is broken.
create function forget_audit_events(cutoff timestamptz, most integer) returns bigint
language plpgsql security definer set search_path = identity, pg_temp as $$
declare
    tenant uuid := nullif(current_setting('app.tenant', true), '')::uuid;
    begun bigint;
    last bigint;
begin
    select anchor_sequence into begun from audit_chains where tenant_id = tenant for update;
    with oldest as (
        select sequence, occurred_at from audit_events where tenant_id = tenant order by sequence limit most
    )
    select max(sequence) into last from oldest
        where sequence < coalesce((select min(sequence) from oldest where occurred_at >= cutoff), sequence + 1);
    if last is null then
        return 0;
    end if;
    update audit_chains set anchor_sequence = last,
        anchor_hash = (select hash from audit_events where tenant_id = tenant and sequence = last)
        where tenant_id = tenant;
    delete from audit_events where tenant_id = tenant and sequence <= last;
    return last - begun;
end $$;
revoke execute on function forget_audit_events(timestamptz, integer) from public;
grant execute on function forget_audit_events(timestamptz, integer) to identity_app;
