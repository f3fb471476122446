alter table change_sets drop column version, drop column revert_asked_at, drop column revert_problem;
