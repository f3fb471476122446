drop index refusals_assignment_idx;
alter table refusals drop column assignment_id;
drop table assignments;
drop table grants;
