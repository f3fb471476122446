update roles set permissions = array_remove(array_remove(permissions, 'identity:department:*'), 'identity:department:read'), version = version + 1
    where built_in and name in ('ADMIN', 'MANAGER');
drop table department_members, departments;
