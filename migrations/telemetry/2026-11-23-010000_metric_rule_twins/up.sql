-- Of rules that are alike the first stays: the others made the same values again.
delete from metric_rules later using metric_rules first
where later.tenant_id = first.tenant_id and later.id > first.id
    and (later.metric, later.conditions, later.attribute_name) = (first.metric, first.conditions, first.attribute_name)
    and later.assignment_id is not distinct from first.assignment_id
    and later.assignment_from is not distinct from first.assignment_from
    and later.task_name is not distinct from first.task_name;

-- Texts by their hashes: a row of an index has room for some of them only.
create unique index metric_rules_twin_key on metric_rules
    (tenant_id, assignment_id, md5(metric), md5(conditions::text), md5(assignment_from), md5(attribute_name), md5(task_name))
    nulls not distinct;
