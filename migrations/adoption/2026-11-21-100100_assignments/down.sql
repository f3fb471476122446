drop table plans, assignments;
