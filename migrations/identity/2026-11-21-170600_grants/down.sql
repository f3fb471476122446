update roles set permissions = array_remove(permissions, 'identity:grant:*'), version = version + 1
    where built_in and name = 'ADMIN';
drop table grants;
