-- Since when all that counts in a solution plan is done: what its sums say, and not when the row last changed.
alter table solution_plans add column completed_at timestamptz;
update solution_plans s set completed_at = coalesce((
    select max(t.completed_at) from plans p join customer_tasks t on (t.tenant_id, t.plan_id) = (p.tenant_id, p.id)
    where (p.tenant_id, p.solution_plan_id) = (s.tenant_id, s.id)), updated_at)
where status = 'COMPLETED';
alter table solution_plans add constraint solution_plans_completed_at_check
    check ((completed_at is not null) = (status = 'COMPLETED'));
