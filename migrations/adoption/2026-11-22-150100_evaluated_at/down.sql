alter table customer_tasks drop column evaluated_at;
