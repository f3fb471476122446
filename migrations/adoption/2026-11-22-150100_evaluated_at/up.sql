-- When telemetry last had something new to tell about a task.
alter table customer_tasks add column evaluated_at timestamptz;
