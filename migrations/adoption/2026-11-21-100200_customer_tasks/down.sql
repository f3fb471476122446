drop table status_changes, customer_tasks;
