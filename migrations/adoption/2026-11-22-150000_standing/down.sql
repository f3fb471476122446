alter table customer_tasks add column required_with_data integer not null default 0;
alter table customer_tasks alter column required_with_data drop default;
alter table customer_tasks drop column standing;
