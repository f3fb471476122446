-- What reports ask of many plans at once, kept beside each plan: triggers do it, so that no command has to think of it. Whoever
-- changes a task has locked its plan, so nobody waits for these rows.

-- How many tasks of a plan stand where the plan's own sums do not tell, and what telemetry says of all of them.
create table plan_totals (
    tenant_id uuid not null,
    plan_id uuid not null,
    in_progress integer not null,
    no_longer_using integer not null,
    -- Not applicable because somebody said so. What the catalog retired counts nowhere.
    skipped integer not null,
    -- Begun, with attributes that are not met.
    unproved integer not null,
    -- Of all that count: active attributes, and those that are met.
    active integer not null,
    met integer not null,
    -- From the making of the plan to the moment at which each task that is done was, added up.
    completed_seconds bigint not null,
    constraint plan_totals_pkey primary key (tenant_id, plan_id),
    constraint plan_totals_plan_fkey foreign key (tenant_id, plan_id) references plans (tenant_id, id) on delete cascade
) with (fillfactor = 60);
select wall('plan_totals');

-- What was done of a plan in each month (UTC).
create table plan_months (
    tenant_id uuid not null,
    plan_id uuid not null,
    month date not null,
    customer_id uuid not null,
    completed_tasks integer not null,
    constraint plan_months_pkey primary key (tenant_id, plan_id, month),
    constraint plan_months_plan_fkey foreign key (tenant_id, plan_id) references plans (tenant_id, id) on delete cascade
) with (fillfactor = 80);
create index plan_months_month_idx on plan_months (tenant_id, month)
    include (customer_id, completed_tasks);
select wall('plan_months');

-- What a task adds to the totals of its plan. Names are whole: a function with a search path of its own costs more than it does.
create function totals_of(task customer_tasks) returns plan_totals
language plpgsql stable as $$
declare
    is_begun constant integer := (task.status = 'IN_PROGRESS')::integer;
    counts constant integer := (task.status <> 'NOT_APPLICABLE')::integer;
    seconds bigint := 0;
begin
    if task.completed_at is not null then
        select floor(extract(epoch from task.completed_at - created_at)) into seconds
        from adoption.plans where tenant_id = task.tenant_id and id = task.plan_id;
    end if;
    return (task.tenant_id, task.plan_id, is_begun, (task.status = 'NO_LONGER_USING')::integer,
        (task.status = 'NOT_APPLICABLE' and task.status_source <> 'SYSTEM')::integer,
        is_begun * (task.met < task.active)::integer, counts * task.active, counts * task.met, coalesce(seconds, 0));
end $$;

-- Counts a task in.
create function count_in(task customer_tasks) returns void
language plpgsql as $$
begin
    insert into adoption.plan_totals as known select its.* from adoption.totals_of(task) as its
    on conflict (tenant_id, plan_id) do update set
        in_progress = known.in_progress + excluded.in_progress,
        no_longer_using = known.no_longer_using + excluded.no_longer_using,
        skipped = known.skipped + excluded.skipped,
        unproved = known.unproved + excluded.unproved,
        active = known.active + excluded.active,
        met = known.met + excluded.met,
        completed_seconds = known.completed_seconds + excluded.completed_seconds;
    if task.completed_at is not null then
        insert into adoption.plan_months as known
        select tenant_id, id, date_trunc('month', task.completed_at at time zone 'UTC'), customer_id, 1
        from adoption.plans where tenant_id = task.tenant_id and id = task.plan_id
        on conflict (tenant_id, plan_id, month) do update set completed_tasks = known.completed_tasks + 1;
    end if;
end $$;

-- Counts a task out again. A plan that goes has taken its totals with it.
create function count_out(task customer_tasks) returns void
language plpgsql as $$
declare
    its constant adoption.plan_totals := adoption.totals_of(task);
begin
    update adoption.plan_totals as known set
        in_progress = known.in_progress - its.in_progress,
        no_longer_using = known.no_longer_using - its.no_longer_using,
        skipped = known.skipped - its.skipped,
        unproved = known.unproved - its.unproved,
        active = known.active - its.active,
        met = known.met - its.met,
        completed_seconds = known.completed_seconds - its.completed_seconds
    where tenant_id = task.tenant_id and plan_id = task.plan_id;
    if task.completed_at is not null then
        update adoption.plan_months set completed_tasks = completed_tasks - 1
        where tenant_id = task.tenant_id and plan_id = task.plan_id
          and month = date_trunc('month', task.completed_at at time zone 'UTC')::date;
    end if;
end $$;

create function follow_in_totals() returns trigger
language plpgsql as $$
begin
    if tg_op <> 'INSERT' then
        perform adoption.count_out(old);
    end if;
    if tg_op <> 'DELETE' then
        perform adoption.count_in(new);
    end if;
    return null;
end $$;

-- A new plan's tasks are not started: they are not even looked at.
create trigger follow_new_in_totals after insert on customer_tasks for each row
    when (new.status <> 'NOT_STARTED' or new.active > 0) execute function follow_in_totals();
create trigger follow_changed_in_totals after update on customer_tasks for each row
    when ((old.status, old.status_source, old.completed_at, old.active, old.met)
        is distinct from (new.status, new.status_source, new.completed_at, new.active, new.met))
    execute function follow_in_totals();
create trigger follow_removed_in_totals after delete on customer_tasks for each row execute function follow_in_totals();

-- The plans from before.
insert into plan_totals
select t.tenant_id, plan_id, count(*) filter (where status = 'IN_PROGRESS'), count(*) filter (where status = 'NO_LONGER_USING'),
    count(*) filter (where status = 'NOT_APPLICABLE' and status_source <> 'SYSTEM'),
    count(*) filter (where status = 'IN_PROGRESS' and met < active),
    coalesce(sum(active) filter (where status <> 'NOT_APPLICABLE'), 0),
    coalesce(sum(met) filter (where status <> 'NOT_APPLICABLE'), 0),
    coalesce(sum(floor(extract(epoch from completed_at - p.created_at))), 0)
from customer_tasks t join plans p on (p.tenant_id, p.id) = (t.tenant_id, t.plan_id) group by t.tenant_id, plan_id;
insert into plan_months
select p.tenant_id, p.id, date_trunc('month', completed_at at time zone 'UTC')::date, p.customer_id, count(*)
from customer_tasks t join plans p on (p.tenant_id, p.id) = (t.tenant_id, t.plan_id)
where completed_at is not null group by 1, 2, 3, 4;

-- Each question about single tasks has an index of its own that holds only the tasks it is about.
create index customer_tasks_in_progress_idx on customer_tasks (tenant_id, status_updated_at, id) include (plan_id, est_minutes)
    where status = 'IN_PROGRESS';
create index customer_tasks_skipped_idx on customer_tasks (tenant_id, original_task_id) include (plan_id)
    where status = 'NOT_APPLICABLE' and status_source <> 'SYSTEM';
create index customer_tasks_completed_at_idx on customer_tasks (tenant_id, completed_at) include (plan_id)
    where completed_at is not null;
create index plans_last_synced_at_idx on plans (tenant_id, last_synced_at, id);
