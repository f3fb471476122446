-- Customers, what they are assigned, their plans and tasks. The sums of a plan are those of its tasks. What triggers would do for
-- each row is done here for all at once.
begin;
set local session_replication_role = replica;
insert into adoption.customers (tenant_id, id, version, external_key, name, created_at, updated_at)
select tenant, id, 1, 'generated:' || c, name, made_at, made_at from given, made_customers;

insert into adoption.catalog_revisions (tenant_id, owner_id, revision) select tenant, id, revision from given, owners;

insert into adoption.assignments (tenant_id, id, version, customer_id, owner_kind, owner_id, owner_name, name, license_level,
    outcome_ids, release_ids, plan_id, purchased_at, solution_plan_id, place, came_along, created_at, updated_at)
select tenant, assignment_id, 1, customer_id, owner_kind, owner_id, owner_name, 'Deployment ' || slot, level, '{}', '{}', id,
    bought_at, whole_id, case when is_part and slot > 0 then slot end, is_part and slot > 0, made_at, made_at
from given, made_plans order by n;

create temp table sums on commit drop as
select p.n, p.whole_id,
    count(*) filter (where status <> 'NOT_APPLICABLE') as total, count(*) filter (where status = 'DONE') as done, count(*) as tasks,
    coalesce(sum(weight) filter (where status <> 'NOT_APPLICABLE'), 0) as weight,
    coalesce(sum(weight) filter (where status = 'DONE'), 0) as done_weight, max(moved_at) as moved_at
from made_tasks t join made_plans p on p.n = t.plan join owner_tasks o on (o.owner, o.place) = (t.owner, t.place)
group by p.n, p.whole_id;

insert into adoption.plans (tenant_id, id, version, assignment_id, customer_id, owner_kind, owner_id, owner_name, catalog_revision,
    license_level, outcome_ids, release_ids, total_tasks, completed_tasks, total_weight, completed_weight, progress_percentage,
    solution_plan_id, last_synced_at, created_at, updated_at)
select tenant, id, 1 + done, assignment_id, customer_id, owner_kind, owner_id, owner_name, revision - is_behind::integer,
    level, '{}', '{}', total, done, weight, done_weight,
    case when weight > 0 then (done_weight * 20000 + weight) / (2 * weight) else 0 end,
    p.whole_id, synced_at, made_at, greatest(moved_at, synced_at)
from given, made_plans p join sums using (n),
    lateral (select case when is_behind then made_at
        else made_at + make_interval(secs => age * sqrt(pg_temp.u(seed, 16, n))) end) as s (synced_at)
order by n;

insert into adoption.solution_plans (tenant_id, id, version, assignment_id, plan_id, customer_id, solution_id, solution_name, status,
    total_tasks, completed_tasks, total_weight, completed_weight, progress_percentage, own_tasks, own_completed_tasks,
    created_at, updated_at, completed_at, catalog_revision)
select tenant, p.whole_id, 1, assignment_id, id, customer_id, owner_id, owner_name,
    case w.done when 0 then 'NOT_STARTED' when w.total then 'COMPLETED' else 'IN_PROGRESS' end,
    w.total, w.done, w.weight, w.done_weight,
    case when w.weight > 0 then (w.done_weight * 20000 + w.weight) / (2 * w.weight) else 0 end, own.tasks, own.done,
    made_at, w.moved_at, case when w.done > 0 and w.done = w.total then w.moved_at end, revision
from given, made_plans p join sums own using (n) join (
    select whole_id, sum(total)::bigint as total, sum(done)::bigint as done, sum(weight)::bigint as weight,
        sum(done_weight)::bigint as done_weight, max(moved_at) as moved_at
    from sums where whole_id is not null group by whole_id
) w on w.whole_id = p.whole_id
where slot = 0;

insert into adoption.customer_tasks (tenant_id, id, version, plan_id, assignment_id, original_task_id, name, weight, sequence_number,
    license_level, est_minutes, how_to_doc, how_to_video, outcome_ids, release_ids, status, status_source, status_updated_at,
    status_updated_by, completed_at, attributes, facts_version, active, required, with_data, met, required_met, standing,
    evaluated_at)
select tenant, t.id, 1 + (status <> 'NOT_STARTED')::integer, p.id, p.assignment_id, o.id, o.name, weight, t.place,
    'ESSENTIAL', est_minutes, '{}', '{}', '{}', '{}', status, source, moved_at,
    case source when 'MANUAL' then who end, case status when 'DONE' then moved_at end,
    jsonb_build_array(jsonb_build_object('id', t.attribute_id, 'originalAttributeId', o.attribute_id, 'name', 'count',
        'description', null, 'dataType', 'NUMBER', 'isRequired', true, 'successCriteria', criterion::jsonb,
        'displayOrder', 1, 'isActive', true)),
    case when not has_value then 0 when status = 'NO_LONGER_USING' then 2 else 1 end, has_value::integer, has_value::integer,
    has_data::integer, is_met::integer, is_met::integer, case when has_value then status else 'NOT_STARTED' end,
    case when has_value then last_at end
from given, made_tasks t join made_plans p on p.n = t.plan join owner_tasks o on (o.owner, o.place) = (t.owner, t.place),
    lateral (select has_value and status <> 'NO_LONGER_USING', has_value and status = 'DONE') as d (has_data, is_met)
order by t.n;

insert into adoption.plan_totals (tenant_id, plan_id, in_progress, no_longer_using, skipped, unproved, active, met,
    completed_seconds)
select tenant, p.id, count(*) filter (where status = 'IN_PROGRESS'), count(*) filter (where status = 'NO_LONGER_USING'),
    count(*) filter (where status = 'NOT_APPLICABLE'), count(*) filter (where status = 'IN_PROGRESS' and has_value),
    count(*) filter (where has_value), count(*) filter (where has_value and status = 'DONE'),
    coalesce(sum(floor(extract(epoch from moved_at - p.made_at))) filter (where status = 'DONE'), 0)
from given, made_tasks t join made_plans p on p.n = t.plan group by tenant, p.id;

insert into adoption.plan_months (tenant_id, plan_id, month, customer_id, completed_tasks)
select tenant, p.id, date_trunc('month', moved_at at time zone 'UTC')::date, customer_id, count(*)
from given, made_tasks t join made_plans p on p.n = t.plan where status = 'DONE' group by 1, 2, 3, 4;

insert into adoption.status_changes (tenant_id, id, customer_task_id, at, status, source, changed_by, note)
select tenant, pg_temp.id(moved_at, salt, 10, n), id, moved_at, status, source, case source when 'MANUAL' then who end,
    case when status = 'NOT_APPLICABLE' then 'Not needed here.' end
from given, made_tasks where status <> 'NOT_STARTED';

-- The first customer would have done this.
insert into adoption.jobs (tenant_id, id, kind, unique_key, payload, run_at)
select tenant, pg_temp.id(at, salt, 12, 0), 'health.daily', 'tenant', 'null', at + interval '1 day 2 hours' from given
on conflict do nothing;
commit;
