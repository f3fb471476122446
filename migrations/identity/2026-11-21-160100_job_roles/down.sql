update roles set permissions = array_remove(array_remove(permissions, 'identity:job-role:*'), 'identity:job-role:read'), version = version + 1
    where built_in and name in ('ADMIN', 'MANAGER');
drop table job_role_members, job_role_departments, job_roles;
