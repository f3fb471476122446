alter table outcome_measurements drop column retracted_at, drop column retracted_by;
