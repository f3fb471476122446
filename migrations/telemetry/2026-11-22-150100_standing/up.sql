-- When data vanished: the first moment that a complete feed was silent about, after the latest value.
alter table attributes add column vanished_at timestamptz;
update attributes set vanished_at = emptied_at where emptied_at >= latest_observed_at;
alter table attributes add constraint attributes_vanished_at_check
    check (vanished_at is null or (vanished_at >= latest_observed_at and vanished_at <= emptied_at));

-- Where a task stands by its values alone. What the counts do not tell of the past is told with the next change.
alter table facts add column standing text;
update facts set standing = case
    when required > 0 and required_met >= required then 'DONE'
    when required_with_data > 0 then 'IN_PROGRESS'
    when required = 0 and met > 0 then 'DONE'
    when required = 0 and with_data > 0 then 'IN_PROGRESS'
    else 'NOT_STARTED'
end;
alter table facts alter column standing set not null;
alter table facts add constraint facts_standing_check
    check (standing in ('NOT_STARTED', 'IN_PROGRESS', 'DONE', 'NO_LONGER_USING'));
