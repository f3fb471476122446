drop table plan_filters;
alter table customer_tasks drop column tag_ids;
