-- Change sets: what one command did to a product or a solution and what hangs on it, item by item. They are made of what the
-- command announces, in its transaction: whatever changes the catalog has to pass there, so no command has to think of it.
create table change_sets (
    tenant_id uuid not null,
    id uuid not null, -- that of its first event
    owner_kind text not null,
    owner_id uuid not null,
    actor_id text not null,
    on_behalf_of text,
    correlation_id text,
    items integer not null,
    reverts uuid,
    reverted_by uuid,
    made_at timestamptz not null,
    constraint change_sets_pkey primary key (tenant_id, id)
);
create index change_sets_owner_id_idx on change_sets (tenant_id, owner_id, id);
select wall('change_sets');
revoke delete on change_sets from catalog_app;

-- `before` and `after` hold the fields that changed; of what was made there is no `before`, of what is gone no `after`, and
-- the other one is whole.
create table change_items (
    tenant_id uuid not null,
    change_set_id uuid not null,
    position bigint not null,
    entity_type text not null,
    entity_id uuid not null,
    action text not null,
    version bigint not null,
    before jsonb,
    after jsonb,
    constraint change_items_pkey primary key (tenant_id, change_set_id, position),
    constraint change_items_change_set_id_fkey foreign key (tenant_id, change_set_id) references change_sets (tenant_id, id)
);
create index change_items_entity_id_idx on change_items (tenant_id, entity_id, change_set_id);
select wall('change_items');
revoke update, delete on change_items from catalog_app;

-- An event as it is read here. No text of Postgres holds a NUL.
create function event_of(envelope text) returns jsonb language sql immutable
    return replace(envelope, '\u0000', '\ufffd')::jsonb;

-- Events as items of a change set. What only raised a version is none, and neither is a version that was kept.
create function items_of(routing_key text, envelope text) returns table (
    entity_type text, entity_id uuid, action text, version bigint, before jsonb, after jsonb, owner_kind text, owner_id uuid
)
language sql stable as $$
    select upper(replace(split_part(routing_key, '.', 2), '-', '_')), (e ->> 'subject')::uuid,
        upper(replace(split_part(routing_key, '.', 3), '-', '_')), (e ->> 'aggregateversion')::bigint,
        case when made then null when gone then state || old else old - beside end,
        case when made then state when gone then null else new - beside end,
        case when task.id is not null then task.owner_kind when state ->> 'productId' is not null then 'PRODUCT'
            when state ->> 'solutionId' is not null then 'SOLUTION' else upper(split_part(routing_key, '.', 2)) end,
        coalesce(task.owner_id, (state ->> 'productId')::uuid, (state ->> 'solutionId')::uuid, (e ->> 'subject')::uuid)
    from (select event_of(envelope) as e, array['version', 'revision', 'updatedAt'] as beside offset 0) t
    cross join lateral (
        select e #> '{data,state}' as state, routing_key like '%.created' as made,
            routing_key like '%.deleted' and not (e #> '{data,state}') ? 'deletedAt' as gone,
            (select coalesce(jsonb_object_agg(key, value -> 'before'), '{}') from jsonb_each(e #> '{data,changes}')) as old,
            (select coalesce(jsonb_object_agg(key, value -> 'after'), '{}') from jsonb_each(e #> '{data,changes}')) as new
        offset 0
    ) c
    left join tasks task on task.tenant_id = (e ->> 'tenantid')::uuid and task.id = (state ->> 'taskId')::uuid
    where routing_key not like 'catalog.version.%' and (made or gone or new - beside <> '{}')
$$;

create function record_change_set() returns trigger
language plpgsql set search_path = catalog, pg_temp as $$
declare
    this uuid := nullif(current_setting('app.change_set', true), '')::uuid;
    recorded integer;
begin
    if this is null then
        insert into change_sets (tenant_id, id, owner_kind, owner_id, actor_id, on_behalf_of, correlation_id, items, made_at)
        select t.tenant_id, t.id, i.owner_kind, i.owner_id, e ->> 'actorid', e ->> 'onbehalfof', e ->> 'correlationid', 0,
            t.recorded_at
        from told t, items_of(t.routing_key, t.envelope) i, lateral (select event_of(t.envelope) as e) read
        order by t.position limit 1
        returning id into this;
        if this is null then
            return null;
        end if;
        perform set_config('app.change_set', this::text, true);
    end if;
    insert into change_items (tenant_id, change_set_id, position, entity_type, entity_id, action, version, before, after)
    select t.tenant_id, this, t.position, i.entity_type, i.entity_id, i.action, i.version, i.before, i.after
    from told t, items_of(t.routing_key, t.envelope) i;
    get diagnostics recorded = row_count;
    update change_sets s set items = s.items + recorded where s.tenant_id = (select tenant_id from told limit 1) and s.id = this;
    return null;
end $$;

create trigger record_change_set after insert on events
    referencing new table as told for each statement execute function record_change_set();
