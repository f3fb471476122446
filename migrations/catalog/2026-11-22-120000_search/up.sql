-- Search: a row for each thing of the catalog that has a name and is not deleted, kept by triggers, so that no command has to
-- think of it. `words` are not stemmed: nobody says in which language a vendor writes.
create table search_rows (
    tenant_id uuid not null,
    id uuid not null,
    kind text not null,
    owner_kind text not null,
    owner_id uuid not null,
    task_id uuid, -- of a telemetry attribute
    name text not null,
    description text,
    words tsvector not null generated always as (
        setweight(to_tsvector('simple', name), 'A') || setweight(to_tsvector('simple', coalesce(description, '')), 'B')
    ) stored,
    constraint search_rows_pkey primary key (tenant_id, id)
);
-- One index for both ways to search. Neither operator is leakproof: only `search_catalog` reaches it.
create index search_rows_words_idx on search_rows using gin (tenant_id, words, name public.gin_trgm_ops);
select wall('search_rows');

-- Keeps the search row of a row, given as JSON.
create function keep_search_row(kind text, one jsonb) returns void
language sql set search_path = catalog, pg_temp as $$
    insert into search_rows as known (tenant_id, id, kind, owner_kind, owner_id, task_id, name, description)
    select (one ->> 'tenant_id')::uuid, (one ->> 'id')::uuid, kind,
        coalesce(task.owner_kind, one ->> 'owner_kind', kind),
        coalesce(task.owner_id, (one ->> 'owner_id')::uuid, (one ->> 'id')::uuid),
        task.id, coalesce(one ->> 'name', one ->> 'key'), one ->> 'description'
    from (select (one ->> 'tenant_id')::uuid as tenant_id, (one ->> 'task_id')::uuid as task_id) named
    left join tasks task on task.tenant_id = named.tenant_id and task.id = named.task_id
    where one ->> 'deleted_at' is null
    on conflict (tenant_id, id) do update set name = excluded.name, description = excluded.description
$$;

create function follow_in_search() returns trigger
language plpgsql set search_path = catalog, pg_temp as $$
declare
    was jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
    one jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
begin
    if one is null or one ->> 'deleted_at' is not null then
        delete from search_rows where tenant_id = (was ->> 'tenant_id')::uuid and id = (was ->> 'id')::uuid;
    elsif was is null
        or array[was ->> 'name', was ->> 'key', was ->> 'description', was ->> 'deleted_at']
            is distinct from array[one ->> 'name', one ->> 'key', one ->> 'description', one ->> 'deleted_at']
    then
        perform keep_search_row(tg_argv[0], one);
    end if;
    return null;
end $$;

do $$
declare
    named text;
begin
    foreach named in array array['product', 'solution', 'task', 'license', 'outcome', 'release', 'tag', 'custom_attribute',
        'telemetry_attribute']
    loop
        execute format('create trigger follow_in_search after insert or update or delete on %I
            for each row execute function follow_in_search(%L)', named || 's', upper(named));
        execute format('select keep_search_row(%L, to_jsonb(t)) from %I t', upper(named), named || 's');
    end loop;
end $$;

-- What can be found: what hangs on something deleted cannot.
create view findable as
    select r.* from search_rows r
    where exists (select from search_rows o where o.tenant_id = r.tenant_id and o.id = r.owner_id)
      and (r.task_id is null or exists (select from search_rows t where t.tenant_id = r.tenant_id and t.id = r.task_id));

-- The ids of what a tenant's words find, best first: what holds all of them, or else, when nothing does, what is called
-- something like it (their ranks are negative). The tenant is the setting's word. A null list takes in all.
create function search_catalog(
    said text, wanted text, kinds text[], products uuid[], solutions uuid[], after_rank integer, after_id uuid, most bigint
) returns table (id uuid, rank integer)
language plpgsql stable security definer set search_path = catalog, pg_temp as $$
#variable_conflict use_column
declare
    whose uuid := nullif(current_setting('app.tenant', true), '')::uuid;
    query tsquery := to_tsquery('simple', wanted);
begin
    if after_rank is null or after_rank > 0 then
        return query
            select f.id, f.rank from (
                select f.*, 1 + (1000000 * ts_rank(f.words, query))::integer as rank from findable f
                where f.tenant_id = whose and f.words @@ query
            ) f
            where coalesce(f.kind = any(kinds), true)
              and coalesce(f.owner_id = any(case f.owner_kind when 'PRODUCT' then products else solutions end), true)
              and (after_rank is null or f.rank < after_rank or (f.rank = after_rank and f.id > after_id))
            order by f.rank desc, f.id limit most;
        if found or after_rank is not null then
            return;
        end if;
    end if;
    perform set_config('pg_trgm.word_similarity_threshold', '0.35', true);
    return query
        select f.id, f.rank from (
            select f.*, (1000 * public.word_similarity(said, f.name))::integer - 1001 as rank from findable f
            where f.tenant_id = whose and f.name operator(public.%>) said
        ) f
        where coalesce(f.kind = any(kinds), true)
          and coalesce(f.owner_id = any(case f.owner_kind when 'PRODUCT' then products else solutions end), true)
          and (after_rank is null or f.rank < after_rank or (f.rank = after_rank and f.id > after_id))
        order by f.rank desc, f.id limit most;
end $$;
revoke execute on function search_catalog(text, text, text[], uuid[], uuid[], integer, uuid, bigint) from public;
grant execute on function search_catalog(text, text, text[], uuid[], uuid[], integer, uuid, bigint) to catalog_app;
