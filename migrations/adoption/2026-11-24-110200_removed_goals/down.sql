delete from outcome_goals where removed_at is not null;
alter table outcome_goals drop column removed_at;
