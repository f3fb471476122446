-- What telemetry knows of the plans, and how its values leave each attribute.
insert into telemetry.assignments (tenant_id, id, customer_id) select tenant, assignment_id, customer_id from given, made_plans;

insert into telemetry.batches (tenant_id, id, received_at, sent_by, sent, accepted, duplicate, refused, completed)
select tenant, pg_temp.id(at, salt, 11, 0), at, 'cairn', count, count, 0, 0, 0 from given;

insert into telemetry.attributes (tenant_id, id, version, assignment_id, customer_task_id, task_name, name, data_type, is_required,
    criteria, display_order, is_active, latest_value, latest_observed_at, latest_event_id, emptied_at, vanished_at, is_met,
    last_checked_at, original_attribute_id)
select tenant, t.attribute_id, 1, p.assignment_id, t.id, o.name, 'count', 'NUMBER', true, criterion, 1, true,
    case when has_value then value end, case when has_value then last_at end,
    case when has_value then pg_temp.event_id(t.attribute_id, pg_temp.micros(last_at), value) end,
    vanished_at, vanished_at,
    has_value and status = 'DONE', case when has_value then last_at end, o.attribute_id
from given, made_tasks t join made_plans p on p.n = t.plan join owner_tasks o on (o.owner, o.place) = (t.owner, t.place),
    lateral (select pg_temp.reading(status, seed, t.n, 0),
        case when status = 'NO_LONGER_USING' then last_at + interval '1 hour' end) as r (value, vanished_at)
order by t.n;

insert into telemetry.facts (tenant_id, customer_task_id, assignment_id, version, active, required, with_data, required_with_data,
    met, required_met, evaluated_at, standing)
select tenant, t.id, p.assignment_id, case status when 'NO_LONGER_USING' then 2 else 1 end, 1, 1,
    has_data::integer, has_data::integer, is_met::integer, is_met::integer, last_at, status
from given, made_tasks t join made_plans p on p.n = t.plan,
    lateral (select status <> 'NO_LONGER_USING', status = 'DONE') as d (has_data, is_met)
where has_value order by t.n;
