-- Where a task stands by telemetry alone, as telemetry tells it. What it made of a task so far stays so until it tells more.
-- The count of required attributes with data was there to find that out, and goes.
alter table customer_tasks add column standing text;
update customer_tasks set standing = case
    when status_source = 'TELEMETRY' then status
    when required > 0 and required_met >= required then 'DONE'
    when required_with_data > 0 then 'IN_PROGRESS'
    when required = 0 and met > 0 then 'DONE'
    when required = 0 and with_data > 0 then 'IN_PROGRESS'
    else 'NOT_STARTED'
end;
alter table customer_tasks alter column standing set not null;
alter table customer_tasks add constraint customer_tasks_standing_check
    check (standing in ('NOT_STARTED', 'IN_PROGRESS', 'DONE', 'NO_LONGER_USING'));
alter table customer_tasks drop column required_with_data;
