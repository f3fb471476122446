-- Removes every row of the present tenant, when its deletion is due. The service itself may not remove everything (an audit
-- trail), hence the owner's hand; which tenant is the setting's word, never an argument. The outbox stays until it is sent,
-- and the inbox knows that this was done.
create function forget_tenant() returns void
language plpgsql security definer
as $$
declare
    whose uuid := nullif(current_setting('app.tenant', true), '')::uuid;
    waiting text[];
    blocked text[];
    one text;
begin
    select array_agg(c.relname order by c.relname) into waiting
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname not in ('events', 'inbox', 'jobs');
    -- A job under way ends itself.
    delete from jobs where tenant_id = whose and leased_until is null;
    -- Rows that others point to go after those: round by round, until nothing is left or nothing moves.
    while waiting is not null loop
        blocked := null;
        foreach one in array waiting loop
            begin
                execute format('delete from %I where tenant_id = $1', one) using whose;
            exception when foreign_key_violation then
                blocked := blocked || one;
            end;
        end loop;
        if array_length(blocked, 1) = array_length(waiting, 1) then
            raise exception 'the rows of % point to each other', blocked;
        end if;
        waiting := blocked;
    end loop;
end $$;

do $$
begin
    execute format('alter function forget_tenant() set search_path = %I, pg_temp', current_schema());
    execute 'revoke execute on function forget_tenant() from public';
    execute format('grant execute on function forget_tenant() to %I', current_schema() || '_app');
end $$;
