drop index plans_last_synced_at_idx, customer_tasks_completed_at_idx, customer_tasks_skipped_idx, customer_tasks_in_progress_idx;
drop trigger follow_removed_in_totals on customer_tasks;
drop trigger follow_changed_in_totals on customer_tasks;
drop trigger follow_new_in_totals on customer_tasks;
drop function follow_in_totals();
drop function count_out(customer_tasks);
drop function count_in(customer_tasks);
drop function totals_of(customer_tasks);
drop table plan_months, plan_totals;
