drop function tenants_of(uuid);
drop table member_roles, members, roles;
