alter table customer_tasks drop column standing;
