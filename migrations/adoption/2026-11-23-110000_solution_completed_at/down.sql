alter table solution_plans drop column completed_at;
